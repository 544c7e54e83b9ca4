/**
 * A live room as its views need it: the room, its broadcast, the stage on which one watches,
 * and, for its host, the green room and the controls while live.
 *
 * Views render these interfaces and call their actions. Media reaches a view only by `attach…`,
 * which an implementation fills with whatever it plays by (WebRTC now, LL-HLS later).
 */
import type { Author, ChatModel } from '../conversation/model';
import type { Loaded, Outcome, Person, Refusal } from '../people/model';

export const CATEGORIES = [
  'talk', 'music', 'games', 'making', 'learning', 'sport', 'outdoors', 'food', 'other',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Who may come in besides the host and moderators: everybody, people with an account and guests with a link, people with an account. */
export const ENTRIES = ['open', 'link', 'accounts'] as const;
export type Entry = (typeof ENTRIES)[number];

/** What a host says about the room. */
export interface RoomDetails {
  readonly title: string;
  readonly category: Category;
  /** BCP 47, such as `en` or `zh`. */
  readonly language: string;
  readonly tags: readonly string[];
  readonly rules: string;
  readonly entry: Entry;
}

export { RULES_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TITLE_MAX_CHARS } from '../../protocol/generated/limits';

// ── The front page ────────────────────────────────────────────────────────────────────────────

export interface LiveRoomCard {
  readonly host: Person;
  readonly title: string;
  readonly category: Category;
  readonly language: string;
  readonly tags: readonly string[];
  /** How many are in the room, its host among them. */
  readonly here: number;
  readonly startedAt_ms: number;
  /** A recent still of the stream on this origin, or null while there is none. */
  readonly picture: string | null;
}

export interface FrontPageModel extends Loaded {
  readonly rooms: readonly LiveRoomCard[];
}

// ── The room ──────────────────────────────────────────────────────────────────────────────────

/** The live connection to the server. It mends itself; views only say how it stands. */
export type Connection =
  | { readonly is: 'connecting'; readonly since_ms: number }
  | { readonly is: 'open' }
  | { readonly is: 'reconnecting'; readonly since_ms: number; readonly attempt: number }
  /** It was given up for a reason that trying again by itself would not mend. */
  | { readonly is: 'refused'; readonly refusal: Refusal };

/**
 * ```text
 * offline ──goes live──► live ◄──back within 15 s── publisher_lost
 *    ▲                    └──────── ends ─────────────────┤
 *    └───────────────── ended ◄───────────────────────────┘
 * ```
 */
export type BroadcastState = 'offline' | 'live' | 'publisher_lost' | 'ended';

export interface Broadcast {
  readonly state: BroadcastState;
  /** Unix time; null unless live or lost. */
  readonly startedAt_ms: number | null;
  /** How many are in the room, its host among them. */
  readonly here: number;
}

export interface RoomModel {
  /** `missing` also for what I may not see. */
  readonly entry: 'entering' | 'inside' | 'missing' | 'banned';
  readonly connection: Connection;
  readonly host: Person | null;
  readonly details: RoomDetails | null;
  readonly broadcast: Broadcast;
  /** Whether this is my own room. */
  readonly mine: boolean;
  readonly stage: StageModel;
  readonly chat: ChatModel;
  readonly people: readonly Author[];
  /** How many are here; more than `people` holds when the list is cut. */
  readonly peopleCount: number;
  /** Only in my own room. */
  readonly studio: StudioModel | null;
  saveDetails(details: RoomDetails): Promise<Outcome>;
  /** Opens the list of my room's guest links; null in a room that isn't mine. */
  guestLinks(): GuestLinksModel | null;
  reconnectNow(): void;
  close(): void;
}

// ── Guest links ───────────────────────────────────────────────────────────────────────────────

export interface GuestLink {
  readonly id: string;
  readonly created_ms: number;
  /** Null until it is revoked. */
  readonly expires_ms: number | null;
}

export interface MadeGuestLink {
  readonly id: string;
  /** Whole, with the secret; it can't be had again. */
  readonly address: string;
}

export interface GuestLinksModel extends Loaded {
  /** Newest first. */
  readonly links: readonly GuestLink[];
  /** The one made last here. */
  readonly made: MadeGuestLink | null;
  /** @param lifetime_s null: until it is revoked */
  make(lifetime_s: number | null): Promise<Outcome>;
  revoke(id: string): Promise<Outcome>;
}

/** The lifetimes that are offered, in seconds; null: until it is revoked. */
export const GUEST_LINK_LIFETIMES_S = [null, 24 * 3_600, 7 * 24 * 3_600] as const;

// ── Watching ──────────────────────────────────────────────────────────────────────────────────

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

export interface StageModel {
  readonly playback: Playback;
  /** False while only sound arrives. */
  readonly hasPicture: boolean;
  /** Screen and camera at once: the screen is the main picture, the camera the inset. */
  readonly hasInset: boolean;
  readonly qualities: readonly Quality[];
  /** `auto` or the id of a quality. */
  readonly quality: string;
  readonly figures: StageFigures;
  /** Plays the main picture and all sound in `video`. Returns what undoes it. */
  attachMain(video: HTMLVideoElement): () => void;
  /** Plays the inset, silently. */
  attachInset(video: HTMLVideoElement): () => void;
  setQuality(id: string): void;
  /** In CSS pixels times the device pixel ratio; 0×0 when hidden. Decides the layer that is sent. */
  shownAt(width_px: number, height_px: number): void;
  /** Called within a touch or key press, which is what lets a browser start sound. */
  startSound(): void;
  retry(): void;
}

// ── Hosting ───────────────────────────────────────────────────────────────────────────────────

export type Capture =
  | 'off'
  | 'asking'
  | 'on'
  | 'denied'
  | 'no_device'
  /** Another program holds it. */
  | 'in_use'
  /** The page was not loaded over HTTPS or from this machine, so the browser gives no devices. */
  | 'insecure'
  | 'failed';

export interface CaptureDevice {
  readonly id: string;
  readonly label: string;
}

/** How the broadcast does, measured at the server where it can be. */
export interface Health {
  readonly word: 'good' | 'fair' | 'poor' | 'unknown';
  readonly bitrate_bps: number | null;
  readonly fps: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly keyFrameDistance_ms: number | null;
  readonly roundTrip_ms: number | null;
  readonly lost_percent: number | null;
}

/** The host's side: devices and preview before going live, and the controls while live. */
export interface StudioModel {
  readonly phase: 'closed' | 'green_room' | 'starting' | 'live' | 'reconnecting';
  readonly camera: Capture;
  readonly microphone: Capture;
  readonly screen: Capture;
  readonly cameras: readonly CaptureDevice[];
  readonly microphones: readonly CaptureDevice[];
  readonly cameraId: string | null;
  readonly microphoneId: string | null;
  /** Loudness of the microphone now, 0 to 1 on a perceptual scale. */
  readonly level: number;
  readonly canShareScreen: boolean;
  readonly health: Health;
  /** Opens the green room and asks for camera and microphone. */
  open(): void;
  /** Leaves the green room and lets go of every device. Not while live. */
  close(): void;
  setCamera(on: boolean): void;
  setMicrophone(on: boolean): void;
  /** Turning on must be called within a touch or key press. */
  setScreen(on: boolean): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /** The main picture as the audience will see it: the screen if shared, else the camera. */
  attachPreview(video: HTMLVideoElement): () => void;
  /** The camera, when the screen is shared too. */
  attachPreviewInset(video: HTMLVideoElement): () => void;
  goLive(details: RoomDetails): Promise<Outcome>;
  end(): Promise<Outcome>;
}
