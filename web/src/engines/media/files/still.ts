/** A first still of a film in a file, where this browser can decode it. */

const WIDTH_PX = 320;
/** A browser that can't says so, or says nothing. */
const PATIENCE_MS = 6_000;
/** The very first picture is often black. */
const AT_S = 0.4;

export interface Still {
  /** A `data:` URL. */
  readonly picture: string;
  readonly width: number;
  readonly height: number;
}

function once(element: HTMLMediaElement, event: string): Promise<void> {
  return new Promise((settle, fail) => {
    element.addEventListener(event, () => settle(), { once: true });
    element.addEventListener('error', () => fail(new Error('not decoded here')), { once: true });
  });
}

export async function stillOf(file: Blob): Promise<Still | null> {
  const address = URL.createObjectURL(file);
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.preload = 'auto';
  const late = new Promise<never>((_, fail) => setTimeout(() => fail(new Error('not decoded in time')), PATIENCE_MS));
  try {
    const loaded = once(video, 'loadeddata');
    video.src = address;
    await Promise.race([loaded, late]);
    const { videoWidth: width, videoHeight: height } = video;
    if (width === 0 || height === 0) return null;
    const sought = once(video, 'seeked');
    video.currentTime = Math.min(AT_S, Number.isFinite(video.duration) ? video.duration / 2 : 0);
    await Promise.race([sought, late]);
    const canvas = document.createElement('canvas');
    canvas.width = Math.min(WIDTH_PX, width);
    canvas.height = Math.max(1, Math.round((canvas.width * height) / width));
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return { picture: canvas.toDataURL('image/jpeg', 0.7), width, height };
  } catch {
    return null;
  } finally {
    late.catch(() => undefined);
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  }
}
