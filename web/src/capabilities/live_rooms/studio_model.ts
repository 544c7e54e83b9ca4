/**
 * The side of whoever publishes, as its views need it: devices and preview before, controls and health while on stage.
 */
import type { Loaded, Outcome } from '../people/model';
import type { RoomDetails } from './model';

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

/** By what way a broadcast comes in. */
export type Via = 'browser' | 'whip' | 'rtmp';
/** What the server converts, because a viewer could not play it as it comes. */
export type Conversion = 'b_frames' | 'aac_to_opus' | 'vp8_to_h264' | 'ladder' | 'ladder_given_up' | 'sound_refused';

export interface HealthSample {
  /** On the page's own clock. */
  readonly at_ms: number;
  readonly bitrate_bps: number;
  readonly fps: number;
  readonly lost_percent: number;
}

/** How long samples are kept for the plot. */
export const HISTORY_MS = 120_000;

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
  readonly via: Via | null;
  /** Who watches by which way; null until the server has said. */
  readonly watching: { readonly webrtc: number; readonly whep: number; readonly hls: number } | null;
  readonly conversions: readonly Conversion[];
}

/**
 * ```text
 * closed ──open──► green_room ──go live──► starting ──► live ◄──► reconnecting
 *    ▲                  └──by an encoder──► awaiting_encoder      │ ▲
 *    │                                                       visits ▼ │ comes home
 *    └──────────────── close, end, taken over ──────┴─────────────── away
 * ```
 */
export type StudioPhase = 'closed' | 'green_room' | 'awaiting_encoder' | 'starting' | 'live' | 'reconnecting' | 'away';

export interface StudioModel {
  readonly phase: StudioPhase;
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
  /** A moderator turned my microphone off; only I turn it on again. */
  readonly silenced: boolean;
  readonly health: Health;
  /** Of the last two minutes, oldest first. */
  readonly history: readonly HealthSample[];
  /** Opens the green room and asks for camera and microphone. */
  open(): void;
  /** Leaves the green room, or the wait for an encoder, and lets go of every device. Not while live. */
  close(): void;
  setCamera(on: boolean): void;
  setMicrophone(on: boolean): void;
  /** Turning on must be called within a touch or key press. */
  setScreen(on: boolean): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  attachPreview(source: 'camera' | 'screen', video: HTMLVideoElement): () => void;
  /** The host's way: says what it is about, and publishes. */
  goLive(details: RoomDetails): Promise<Outcome>;
  /** Says what it is about, lets go of the devices, and waits for the encoder. */
  awaitEncoder(details: RoomDetails): Promise<Outcome>;
  /** A guest's way onto the stage. */
  join(withCamera: boolean): Promise<Outcome>;
  end(): Promise<Outcome>;
}

// ── Encoders ──────────────────────────────────────────────────────────────────────────────────

export interface StreamKey {
  readonly id: string;
  readonly label: string;
  readonly created_ms: number;
  /** Null: never. */
  readonly used_ms: number | null;
}

export interface StreamKeysModel extends Loaded {
  /** Newest first. */
  readonly keys: readonly StreamKey[];
  /** The one made or rotated last here, with its secret, which can't be had again. */
  readonly made: { readonly id: string; readonly secret: string } | null;
  /** Without the key; null: this server takes none. */
  readonly rtmp: string | null;
  readonly whip: string;
  make(label: string): Promise<Outcome>;
  /** Gives the key another secret; the old one no longer works. */
  rotate(id: string): Promise<Outcome>;
  revoke(id: string): Promise<Outcome>;
}

export interface Recording {
  readonly wanted: boolean;
  /** Whether this broadcast is being written. */
  readonly running: boolean;
  /** It ended before the broadcast did. */
  readonly failed: boolean;
}
