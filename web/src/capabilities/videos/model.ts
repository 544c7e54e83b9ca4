/** Videos as their views need them: a film with its chat, and the films of a room. */
import type { HlsLevel, HlsSound, HlsState } from '../../engines/media/hls/player';
import type { FloatingMessage, FloatStyle, MediaMoment } from '../floating_messages/model';
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
  /** Whom it is for, where it is mine. */
  readonly audience?: FilmAudience;
}

export interface FilmChapter {
  /** Media time at which it begins. It goes on to the next one. */
  readonly start_ms: number;
  readonly title: string;
}

export interface FilmSubtitles {
  /** Their name among those of the film. */
  readonly name: string;
  /** BCP 47 or ISO 639-2; empty: not said. */
  readonly language: string;
  readonly label: string;
  /** WebVTT on this origin; null while they are not there yet. */
  readonly address: string | null;
  /** Whether the owner added them, and may take them off. */
  readonly added: boolean;
}

export interface Film extends VideoCard {
  /** Whether it can be played by now. */
  readonly playable: boolean;
  /** Whether it was recorded in a room. */
  readonly recorded: boolean;
  /** A tiny still as a `data:` address, to be shown blurred; empty: none. */
  readonly tiny: string;
  /** The address of the index of its previews. */
  readonly previews: string | null;
  readonly subtitles: readonly FilmSubtitles[];
  readonly chapters: readonly FilmChapter[];
  /** Where I stopped; 0: not begun. */
  readonly position_ms: number;
  /** Whether I have watched it to its end. */
  readonly seen: boolean;
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

/** How loud it is. */
export interface Sounding {
  muted: boolean;
  /** 0 to 1. */
  volume: number;
}

/** A film that is played. */
export interface PlayerModel {
  readonly film: Film | null;
  /** `idle`: nobody has pressed play yet, and nothing is loaded. `gone`: it may not be watched any more. */
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
  /** Where there are several. */
  readonly sounds: readonly HlsSound[];
  readonly sound: string | null;
  /** Plays in `video`. Returns what undoes it. */
  attach(video: HTMLVideoElement): () => void;
  play(): void;
  pause(): void;
  seek(media_ms: number): void;
  setSpeed(speed: number): void;
  setLevel(id: string): void;
  setSound(id: string): void;
  /** Read for each frame. */
  moment(): MediaMoment | null;
  /** Tries again what failed. */
  retry(): void;
}

export interface VideoModel extends PlayerModel {
  /** `missing` also for what I may not see. */
  readonly entry: 'loading' | 'ready' | 'missing' | 'unreachable';
  /** What was said around the picture's time, in order; the views show what of it has been said by then. */
  readonly messages: readonly ReplayMessage[];
  readonly chat: 'loading' | 'ready' | 'failed';
  rename(title: string): Promise<Outcome>;
  /** Deletes it, with its files. */
  remove(): Promise<Outcome>;
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

// ── In a dialog ───────────────────────────────────────────────────────────────────────────────

/** A film in the row of a dialog. */
export interface ShownFilm {
  readonly film: Film;
  /** The message that carries it. */
  readonly position: number;
  readonly shared_ms: number;
}

export interface SpokenMoment {
  readonly video: string;
  /** Media time. */
  readonly at_ms: number;
}

/** What is watched while one talks: the films that the others shared, one after the other. */
export interface ScreeningModel {
  /** `none`: there is nothing to be watched. */
  readonly state: 'loading' | 'none' | 'ready';
  /** Unseen ones first, the newest first within each; as it was when one came, and with what has come since. */
  readonly row: readonly ShownFilm[];
  /** Which of them plays. */
  readonly current: ShownFilm | null;
  readonly player: PlayerModel | null;
  /** Closed for now. */
  readonly closed: boolean;
  readonly sounding: Sounding;
  /** There is no sound because nobody has asked for it yet. */
  readonly hushed: boolean;
  /** What was said at moments of the film that plays. */
  readonly said: readonly FloatingMessage[];
  readonly unseen: number;
  /** Plays one of the dialog's films, also of one's own. */
  play(video: string, at_ms?: number): Promise<Outcome>;
  next(): void;
  previous(): void;
  hide(): void;
  show(): void;
  /** What of the dialog's messages is said at moments of films. */
  heard(messages: readonly FloatingMoment[]): void;
  close(): void;
}

/** A message that belongs to a moment. */
export interface FloatingMoment {
  readonly id: string;
  readonly text: string;
  readonly mine: boolean;
  readonly at_ms: number;
  readonly moment: SpokenMoment;
}

// ── The library, and the films of a person ────────────────────────────────────────────────────

export type FilmAudience = 'only_me' | 'dialog' | 'friends' | 'link' | 'room' | 'everyone';

/** Why an upload became no film. */
export interface FilmFailure {
  readonly kind: 'unreadable' | 'no_picture' | 'codec' | 'pixels' | 'too_long' | 'one_frame' | 'truncated' | 'too_many_streams' | 'too_much' | 'no_room' | 'failed';
  /** The codec's name, or the size of the picture. */
  readonly detail: string;
}

/** A film of mine. */
export interface OwnFilm extends Film {
  readonly bytes: number;
  readonly audience: FilmAudience;
  /** The secret of its link. */
  readonly link: string | null;
  readonly conversion: { readonly before: number; readonly done: number; readonly left_ms: number | null } | null;
  readonly failure: FilmFailure | null;
}

export interface LibraryModel extends Loaded {
  /** Newest first. */
  readonly films: readonly OwnFilm[];
  readonly more: boolean;
  readonly storage: { readonly used_bytes: number; readonly max_bytes: number } | null;
  /** How much of a film that is on its way is here, from 0 to 1; null: not known. */
  arrived(id: string): number | null;
  /** By words of the title; waits for a moment, as one types. */
  search(words: string): void;
  loadMore(): void;
  change(id: string, what: { readonly title?: string; readonly audience?: FilmAudience; readonly chapters?: readonly FilmChapter[]; readonly newLink?: boolean }): Promise<Outcome>;
  /** Tries a failed one again. */
  convert(id: string): Promise<Outcome>;
  addSubtitles(id: string, file: File, language: string, label: string): Promise<Outcome>;
  removeSubtitles(id: string, name: string): Promise<Outcome>;
  /** Deletes it, with its files. */
  remove(id: string): Promise<Outcome>;
  /** Plays one, to find where a chapter begins. Whoever opens it closes it. */
  open(id: string): VideoModel;
}
