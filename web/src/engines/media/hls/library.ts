/** hls.js, fetched when something is first played by it. */
import type Hls from 'hls.js/light';

export type HlsLibrary = typeof Hls;

let fetched: Promise<HlsLibrary> | null = null;

export function library(): Promise<HlsLibrary> {
  fetched ??= import('hls.js/light').then((one) => one.default).catch((error: unknown) => {
    // A network that was down for a moment is asked again the next time.
    fetched = null;
    throw error;
  });
  return fetched;
}

/** The browser plays HLS by itself. Asked only where it has no Media Source Extensions: it keeps far from the live edge. */
export function playsNatively(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') !== '';
}
