/**
 * The stage as its views need it: who and what is to be seen, how it plays, and where I stand with it.
 * Media reaches a view only by `attach`, which an implementation fills with whatever it plays by.
 */
import type { Outcome, Person, UserId } from '../people/model';
import type { StudioModel } from './studio_model';
import type { WatchingModel } from './watching/model';

export type Playback =
  | 'idle'
  | 'connecting'
  | 'playing'
  /** Frames stopped coming; the last one stays on screen. */
  | 'stalled'
  /** The browser plays no sound before the person has touched the page. The picture runs. */
  | 'sound_blocked'
  | 'failed';

export interface Quality {
  readonly id: string;
  readonly height_px: number;
  readonly fps: number;
}

/** Figures of the last second or so; null where not yet known. */
export interface StageFigures {
  readonly path: 'udp' | 'tcp' | 'hls' | null;
  readonly roundTrip_ms: number | null;
  /** From the server to this screen: half the round trip, and from a frame's arrival to its display. */
  readonly latency_ms: number | null;
  readonly bitrate_bps: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly fps: number | null;
  readonly lost_percent: number | null;
  readonly codec: string | null;
}

/** Somebody's face, or what somebody shows. */
export interface StageTile {
  /** The same while the same person shows the same thing, whatever carries it. */
  readonly key: string;
  readonly user: UserId;
  /** Empty while it is not known yet. */
  readonly name: string;
  /** A screen is shown whole; a person is a camera's picture, or a face in its place. */
  readonly shows: 'person' | 'screen';
  /** Whether there is a moving picture. */
  readonly picture: boolean;
  /** Whether they can't be heard: no microphone, or one that is turned off. */
  readonly silent: boolean;
  readonly speaking: boolean;
  /** What this page itself sends: shown from the camera, not from the server. */
  readonly own: boolean;
}

export interface StageModel {
  readonly playback: Playback;
  /** What is shown largest comes first. Empty while there is nothing. */
  readonly tiles: readonly StageTile[];
  readonly qualities: readonly Quality[];
  /** `auto` or the id of a quality of the first tile. */
  readonly quality: string;
  readonly figures: StageFigures;
  /** The ways to watch; absent where there is only one. */
  readonly watching?: WatchingModel;
  /** Plays a tile that isn't my own, with its sound. Returns what undoes it. */
  attach(key: string, video: HTMLVideoElement): () => void;
  setQuality(id: string): void;
  /** In CSS pixels times the device pixel ratio. Decides the layer that is sent. */
  shownAt(key: string, height_px: number): void;
  /** False while the page is in the background. */
  setVisible(visible: boolean): void;
  /** Called within a touch or key press, which is what lets a browser start sound. */
  startSound(): void;
  retry(): void;
}

/** Where I stand with the stage. */
export type Standing =
  | { readonly is: 'audience' }
  | { readonly is: 'hand_up' }
  /** Unix time until when I can answer. */
  | { readonly is: 'asked'; readonly by: Person; readonly until_ms: number }
  | { readonly is: 'on_stage' };

/** Who wants to be on the stage, as the host and moderators know it. */
export interface StageRequests {
  /** Longest first. */
  readonly hands: readonly Person[];
  readonly asked: readonly Person[];
  /** Who may be on the stage, whether or not they have joined it yet. */
  readonly guests: readonly Person[];
}

/** My part in the stage of somebody's room, and what a moderator does about others'. */
export interface StagePartModel {
  readonly standing: Standing;
  /** Whether I may ask to be on the stage now. */
  readonly mayRaiseHand: boolean;
  /** Whether I may ask others onto it now: I moderate, and it is live. */
  readonly mayAsk: boolean;
  /** Null for those who don't moderate. */
  readonly requests: StageRequests | null;
  /** What somebody answered last, for a few seconds. */
  readonly answered: { readonly person: Person; readonly accepted: boolean } | null;
  /** My microphone, camera and screen there. Null before I was asked. */
  readonly studio: StudioModel | null;
  raiseHand(raised: boolean): Promise<Outcome>;
  /** Yes opens the green room. */
  answer(accept: boolean): Promise<Outcome>;
  leave(): Promise<Outcome>;
  ask(who: UserId): Promise<Outcome>;
  /** Also takes back that somebody was asked. */
  takeOff(who: UserId): Promise<Outcome>;
  lowerHand(who: UserId): Promise<Outcome>;
  /** Only they can turn it on again. */
  silence(who: UserId): Promise<Outcome>;
}
