/** The ways to watch, as their views need them. */
import type { MediaWindow } from '../../../engines/media/hls/player';
import type { MediaMoment } from '../../floating_messages/model';
import type { Way, Wish } from './way';

export type { MediaWindow, Way, Wish };

export interface WatchingModel {
  /** Whether there is another way than WebRTC, and a window to go back in. */
  readonly available: boolean;
  /** Whether I watch without having come in, which is by HLS alone. */
  readonly outside: boolean;
  /** Whose picture is to be seen. */
  readonly shown: Way;
  /** HLS plays, or is about to: its picture has to be on the page. */
  readonly running: boolean;
  readonly wish: Wish;
  /** HLS is shown though WebRTC was wished for. */
  readonly fellBack: boolean;
  /** At the newest there is, not back in time. */
  readonly atLive: boolean;
  /** What can be gone back to; null where nothing can. */
  readonly window: MediaWindow | null;
  /** Media time of the picture. */
  readonly media_ms: number | null;
  /** Plays HLS in `video`. Returns what undoes it. */
  attach(video: HTMLVideoElement): () => void;
  setWish(wish: Wish): void;
  /** Goes back, or forth, to a media time. */
  seek(media_ms: number): void;
  goLive(): void;
  play(): void;
  pause(): void;
  /** Where the picture is now; read for each frame. Null while there is none. */
  moment(): MediaMoment | null;
}

/** How far one can go back, in milliseconds; the server keeps as much. */
export const WINDOW_MS = 30 * 60_000;
