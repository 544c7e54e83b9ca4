/** hls.js, fetched when something is first played by it: the light build for what is live, and the whole for films, whose sound is in renditions of its own. */
import type Hls from 'hls.js';

export type HlsLibrary = typeof Hls;
type Build = 'light' | 'whole';

const fetched = new Map<Build, Promise<HlsLibrary>>();

export function library(build: Build): Promise<HlsLibrary> {
  const known = fetched.get(build);
  if (known) return known;
  const coming = (build === 'light' ? import('hls.js/light') : import('hls.js')).then((one) => one.default).catch((error: unknown) => {
    // A network that was down for a moment is asked again the next time.
    fetched.delete(build);
    throw error;
  });
  fetched.set(build, coming);
  return coming;
}

/** The browser plays HLS by itself. Asked only where it has no Media Source Extensions: it keeps far from the live edge. */
export function playsNatively(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') !== '';
}
