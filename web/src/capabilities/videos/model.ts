/** Videos as their views need them: a film with its chat, and the films of a room. */
import type { HlsLevel, HlsState } from '../../engines/media/hls/player';
import type { FloatStyle, MediaMoment } from '../floating_messages/model';
import type { Loaded, Outcome, Person } from '../people/model';

export interface VideoCard {
  readonly id: string;
  readonly owner: Person;
  readonly title: string;
  readonly state: 'recording' | 'uploading' | 'converting' | 'ready' | 'failed';
  readonly duration_ms: number;
  readonly created_ms: number;
  /** A picture of it on this origin; null while there is none. */
  readonly poster: string | null;
  /** Whether I may rename and delete it. */
  readonly mayChange: boolean;
  /** The addresses of its files, in their order, for who may change it; each plays by itself. */
  readonly downloads: readonly string[];
}

export interface Film extends VideoCard {
  /** Whether it can be played by now. */
  readonly playable: boolean;
}

export interface ReplayMessage {
  readonly id: string;
  readonly author: Person;
  readonly text: string;
  /** Media time in the film. */
  readonly media_ms: number;
  readonly deleted: boolean;
  readonly mine: boolean;
  readonly mentions: readonly string[];
  readonly float: FloatStyle | null;
}

export interface VideoModel {
  /** `missing` also for what I may not see. */
  readonly entry: 'loading' | 'ready' | 'missing' | 'unreachable';
  readonly film: Film | null;
  /** `idle`: nobody has pressed play yet, and nothing is loaded. */
  readonly playback: 'idle' | HlsState;
  readonly media_ms: number;
  readonly duration_ms: number;
  /** Loaded without a gap up to here. */
  readonly buffered_ms: number;
  readonly speed: number;
  readonly levels: readonly HlsLevel[];
  /** `auto` or the id of a level. */
  readonly level: string;
  /** The height that plays; null while it is not known. */
  readonly height_px: number | null;
  /** What was said around the picture's time, in order; the views show what of it has been said by then. */
  readonly messages: readonly ReplayMessage[];
  readonly chat: 'loading' | 'ready' | 'failed';
  /** Plays in `video`. Returns what undoes it. */
  attach(video: HTMLVideoElement): () => void;
  play(): void;
  pause(): void;
  seek(media_ms: number): void;
  setSpeed(speed: number): void;
  setLevel(id: string): void;
  /** Read for each frame. */
  moment(): MediaMoment | null;
  rename(title: string): Promise<Outcome>;
  /** Deletes it, with its files. */
  remove(): Promise<Outcome>;
  retry(): void;
  close(): void;
}

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export interface VideosModel extends Loaded {
  /** Newest first. */
  readonly videos: readonly VideoCard[];
  readonly more: boolean;
  loadMore(): void;
  rename(id: string, title: string): Promise<Outcome>;
  /** Deletes one, with its files. */
  remove(id: string): Promise<Outcome>;
}
