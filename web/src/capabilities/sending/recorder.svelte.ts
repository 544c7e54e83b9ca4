/** Recording in place: what the camera or the screen gives, how far it is, and what came of it. */
import { devicesOf, onDeviceChange, openCamera, openMicrophone, openScreen, type CaptureFault, type Device } from '../../engines/media/capture';
import { cut, endingOf, mixed, record, recordedKind, type Recording } from '../../engines/media/recording';

/** Longer than this nothing is recorded in place. */
export const RECORD_MAX_MS = 10 * 60_000;
/** Longer than this nothing is cut: it takes as long as what is kept. */
export const CUT_MAX_S = 60;
const TICK_MS = 200;

export type Stage = 'asking' | 'problem' | 'cant' | 'ready' | 'recording' | 'recorded' | 'cutting';
export type Note = 'unplugged' | 'ended' | 'most' | 'nothing' | null;

/**
 * ```text
 * asking ─► ready ─► recording ─► recorded ─► cutting ─► (sent)
 *    └────► problem ──try again──► asking   ◄──again──┘
 * ```
 */
export class Recorder {
  stage = $state<Stage>('asking');
  fault = $state<CaptureFault>('failed');
  note = $state<Note>(null);
  /** What is seen while nothing is recorded yet, and then. */
  preview = $state.raw<MediaStream | null>(null);
  silent = $state(false);
  elapsed_ms = $state(0);
  cameras = $state.raw<readonly Device[]>([]);
  file = $state.raw<Blob | null>(null);
  /** How much is cut, from 0 to 1. */
  cut = $state(0);
  #camera: string | null = null;
  #tracks: MediaStreamTrack[] = [];
  #mix: { close(): void } | null = null;
  #recording: Recording | null = null;
  #since_ms = 0;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #opening: symbol | null = null;
  #unheard: () => void;

  constructor(readonly what: 'camera' | 'screen') {
    this.#unheard = onDeviceChange(() => void this.#look());
    void this.open();
  }

  async open(): Promise<void> {
    if (recordedKind() === null) {
      this.stage = 'cant';
      return;
    }
    this.#free();
    const opening = (this.#opening = Symbol('opening'));
    this.stage = 'asking';
    const seen = this.what === 'camera' ? await openCamera(this.#camera) : await openScreen();
    const heard = seen.ok ? await openMicrophone(null) : null;
    const tracks = [...(seen.ok ? seen.tracks : []), ...(heard?.ok === true ? heard.tracks : [])];
    if (this.#opening !== opening) {
      for (const track of tracks) track.stop();
      return;
    }
    if (!seen.ok) {
      this.fault = seen.fault;
      this.stage = 'problem';
      return;
    }
    this.#tracks = tracks;
    this.silent = tracks.every((track) => track.kind !== 'audio');
    const picture = tracks.filter((track) => track.kind === 'video');
    for (const track of picture) track.onended = () => this.#lost();
    this.preview = new MediaStream(picture);
    this.stage = 'ready';
    void this.#look();
  }

  otherCamera(): void {
    const current = this.#tracks.find((track) => track.kind === 'video')?.getSettings().deviceId;
    const at = this.cameras.findIndex((one) => one.id === current);
    this.#camera = this.cameras[(at + 1) % this.cameras.length]?.id ?? null;
    void this.open();
  }

  start(): void {
    const kind = recordedKind();
    if (this.stage !== 'ready' || kind === null) return;
    const sound = mixed(this.#tracks.filter((track) => track.kind === 'audio'));
    this.#mix = sound;
    this.#recording = record([...this.#tracks.filter((track) => track.kind === 'video'), ...(sound.track === null ? [] : [sound.track])], kind);
    this.note = null;
    this.elapsed_ms = 0;
    this.#since_ms = performance.now();
    this.stage = 'recording';
    this.#ticking = setInterval(() => {
      this.elapsed_ms = performance.now() - this.#since_ms;
      if (this.elapsed_ms >= RECORD_MAX_MS) void this.stop('most');
    }, TICK_MS);
  }

  async stop(note: Note = null): Promise<void> {
    const recording = this.#recording;
    if (!recording) return;
    this.#recording = null;
    clearInterval(this.#ticking);
    recording.stop();
    const file = await recording.ended;
    this.#free();
    this.file = file;
    this.note = file === null ? 'nothing' : note;
    if (file === null) void this.open();
    else this.stage = 'recorded';
  }

  again(): void {
    this.file = null;
    this.note = null;
    void this.open();
  }

  /** What is sent: all of it, or the part between two marks, in seconds. Null: it couldn't be cut. */
  async finished(name: string, part: { readonly from_s: number; readonly to_s: number } | null): Promise<File | null> {
    const { file } = this;
    const kind = recordedKind();
    if (file === null || kind === null) return null;
    let made: Blob | null = file;
    if (part !== null) {
      this.stage = 'cutting';
      this.cut = 0;
      made = await cut(file, part.from_s, part.to_s, kind, (done) => { this.cut = done; });
      if (this.file !== file) return null;
      this.stage = 'recorded';
    }
    return made && new File([made], `${name}.${endingOf(made.type)}`, { type: made.type });
  }

  close(): void {
    this.#opening = null;
    this.#recording?.stop();
    this.#recording = null;
    this.file = null;
    this.#free();
    this.#unheard();
  }

  /** The device was unplugged, or sharing was ended, in the middle or before. */
  #lost(): void {
    if (this.stage === 'recording') void this.stop(this.what === 'camera' ? 'unplugged' : 'ended');
    else if (this.stage === 'ready') {
      this.fault = this.what === 'camera' ? 'no_device' : 'denied';
      this.stage = 'problem';
    }
  }

  async #look(): Promise<void> {
    if (this.what === 'camera') this.cameras = await devicesOf('videoinput');
  }

  #free(): void {
    clearInterval(this.#ticking);
    for (const track of this.#tracks) {
      track.onended = null;
      track.stop();
    }
    this.#tracks = [];
    this.#mix?.close();
    this.#mix = null;
    this.preview = null;
  }
}
