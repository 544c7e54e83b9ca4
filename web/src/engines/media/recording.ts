/** Recording what a camera or a screen gives into a file, and cutting such a file. */

/** What servers and browsers read, the one that packs best first. */
const KINDS = ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'video/webm', 'video/mp4'];
const VIDEO_BPS = 3_000_000;
const AUDIO_BPS = 128_000;
/** What was recorded is handed over this often, so that what comes to a sudden end is there until then. */
const SLICE_MS = 1_000;
const LOOK_EVERY_MS = 30;
/** Past any film's end: a browser that goes there learns how long a recording is, which tells nothing of it itself. */
const BEYOND_S = 1e7;

export function recordedKind(): string | null {
  if (typeof MediaRecorder === 'undefined') return null;
  return KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? null;
}

export const endingOf = (kind: string) => (kind.startsWith('video/mp4') ? 'mp4' : 'webm');

export interface Recording {
  stop(): void;
  /** Null: nothing came. */
  readonly ended: Promise<Blob | null>;
}

export function record(tracks: readonly MediaStreamTrack[], kind: string): Recording {
  const recorder = new MediaRecorder(new MediaStream([...tracks]), { mimeType: kind, videoBitsPerSecond: VIDEO_BPS, audioBitsPerSecond: AUDIO_BPS });
  const pieces: Blob[] = [];
  const ended = new Promise<Blob | null>((settle) => {
    recorder.ondataavailable = (event) => { if (event.data.size > 0) pieces.push(event.data); };
    recorder.onstop = () => settle(pieces.length === 0 ? null : new Blob(pieces, { type: kind.split(';')[0] ?? kind }));
  });
  recorder.start(SLICE_MS);
  return { ended, stop: () => { if (recorder.state !== 'inactive') recorder.stop(); } };
}

/** One track of several sounds; a recorder takes no more than one. */
export function mixed(sounds: readonly MediaStreamTrack[]): { readonly track: MediaStreamTrack | null; close(): void } {
  if (sounds.length < 2) return { track: sounds[0] ?? null, close() {} };
  const context = new AudioContext();
  const into = context.createMediaStreamDestination();
  for (const sound of sounds) context.createMediaStreamSource(new MediaStream([sound])).connect(into);
  return { track: into.stream.getAudioTracks()[0] ?? null, close: () => void context.close() };
}

function once(element: HTMLMediaElement, event: string): Promise<void> {
  return new Promise((settle, fail) => {
    element.addEventListener(event, () => settle(), { once: true });
    element.addEventListener('error', () => fail(new Error('not played here')), { once: true });
  });
}

async function soughtTo(video: HTMLVideoElement, at_s: number): Promise<void> {
  const sought = once(video, 'seeked');
  video.currentTime = at_s;
  await sought;
}

/** How long what a player has loaded is, in seconds. It stands at the beginning afterwards. */
export async function lengthOf(video: HTMLVideoElement): Promise<number> {
  if (!Number.isFinite(video.duration)) {
    await soughtTo(video, BEYOND_S);
    // Where that told nothing, it stands as far as it goes.
    const end_s = Number.isFinite(video.duration) ? video.duration : video.currentTime;
    await soughtTo(video, 0);
    return end_s;
  }
  return video.duration;
}

type Capturing = HTMLVideoElement & { captureStream?: () => MediaStream; mozCaptureStream?: () => MediaStream };

export function canCut(): boolean {
  const video = HTMLVideoElement.prototype as Capturing;
  return (video.captureStream ?? video.mozCaptureStream) !== undefined;
}

/** Plays a part, unheard, and records it anew. It takes as long as the part is. Null where it didn't work. */
export async function cut(file: Blob, from_s: number, to_s: number, kind: string, progress: (done: number) => void): Promise<Blob | null> {
  const address = URL.createObjectURL(file);
  const video: Capturing = document.createElement('video');
  const sound = new AudioContext();
  try {
    const loaded = once(video, 'loadeddata');
    video.src = address;
    await loaded;
    await soughtTo(video, from_s);
    const heard = sound.createMediaStreamDestination();
    sound.createMediaElementSource(video).connect(heard);
    await sound.resume();
    const seen = (video.captureStream ?? video.mozCaptureStream)?.call(video);
    if (!seen) return null;
    await video.play();
    const recording = record([...seen.getVideoTracks(), ...heard.stream.getAudioTracks()], kind);
    await new Promise<void>((settle) => {
      const looking = setInterval(() => {
        progress(Math.min(1, (video.currentTime - from_s) / (to_s - from_s)));
        if (video.currentTime < to_s && !video.ended) return;
        clearInterval(looking);
        settle();
      }, LOOK_EVERY_MS);
    });
    recording.stop();
    return await recording.ended;
  } catch {
    return null;
  } finally {
    video.pause();
    video.removeAttribute('src');
    URL.revokeObjectURL(address);
    void sound.close();
  }
}
