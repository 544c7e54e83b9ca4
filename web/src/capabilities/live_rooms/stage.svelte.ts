/** What a viewer sees and hears of a room, and how well. */
import { between, layerHeights, read, type Reading } from '../../engines/media/figures';
import { Subscriber, type SubscriberSignal } from '../../engines/media/subscriber';
import type { Received, Offer } from '../../engines/media/receiving_leg';
import type { LayerPreference, LegClosedReason, LegId, OfferedTrack, Publisher, Source, TrackId } from '../../protocol/generated/types';
import type { Playback, Quality, StageFigures, StageModel } from './model';

/** A page in the background gets no picture after this long. */
export const HIDDEN_PAUSES_AFTER_MS = 10_000;
/** A size that is still changing is not asked for. */
export const SIZE_SETTLES_MS = 200;
/** No frame for this long while some should come. */
export const STALLED_AFTER_MS = 2_000;
/** After so many tries in a row it is said that it fails; it goes on being tried. */
export const FAILED_AFTER_TRIES = 4;
const READ_EVERY_MS = 1_000;
/** The inset covers about a quarter of the picture. */
const INSET_SHARE = 0.3;
const NO_FIGURES: StageFigures = {
  path: null, roundTrip_ms: null, latency_ms: null, bitrate_bps: null, width_px: null, height_px: null, fps: null, lost_percent: null, codec: null,
};

type FrameFacts = VideoFrameCallbackMetadata & { readonly receiveTime?: number };

export class Stage implements StageModel {
  playback = $state<Playback>('idle');
  hasPicture = $state(false);
  hasInset = $state(false);
  qualities = $state.raw<readonly Quality[]>([]);
  quality = $state('auto');
  figures = $state.raw<StageFigures>(NO_FIGURES);

  #subscriber: Subscriber;
  #main = new MediaStream();
  #inset = new MediaStream();
  #screenSound = new Audio();
  #video: HTMLVideoElement | null = null;
  #soundBlocked = false;
  #shownHeight_px = 0;
  #pausedPictures = false;
  #publishers: readonly Publisher[] = [];
  #layers = new Map<TrackId, string | null>();
  #preferred = new Map<TrackId, string>();
  #reading: Reading | null = null;
  #lastFrame_ms = 0;
  #decode_ms: number | null = null;
  #openedAt_ms = 0;
  /** From asking for the stage to its first frame, in milliseconds. */
  #firstFrame_ms: number | null = null;
  #sizeTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #readTimer: ReturnType<typeof setInterval> | undefined;

  constructor(signal: SubscriberSignal) {
    this.#subscriber = new Subscriber(signal, () => this.#changed());
  }

  get timeToFirstFrame_ms(): number | null { return this.#firstFrame_ms; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  /** Watches, or stops watching. */
  setWanted(wanted: boolean): void {
    if (wanted && this.#readTimer === undefined) {
      this.#openedAt_ms = performance.now();
      this.#firstFrame_ms = null;
      this.#lastFrame_ms = 0;
      this.#readTimer = setInterval(() => void this.#read(), READ_EVERY_MS);
      this.#subscriber.start();
    } else if (!wanted && this.#readTimer !== undefined) {
      clearInterval(this.#readTimer);
      this.#readTimer = undefined;
      this.#subscriber.stop();
      this.#preferred.clear();
      this.#layers.clear();
      this.figures = NO_FIGURES;
    }
    this.#changed();
  }

  setPublishers(publishers: readonly Publisher[]): void {
    this.#publishers = publishers;
    this.#changed();
  }

  reconnected(): void {
    this.#preferred.clear();
    this.#subscriber.reconnected();
    this.#changed();
  }

  offered(offer: Offer): void { this.#subscriber.offered(offer); }
  mapped(leg: LegId, tracks: readonly OfferedTrack[]): void { this.#subscriber.mapped(leg, tracks); }
  legClosed(leg: LegId, reason: LegClosedReason): void { this.#subscriber.legClosed(leg, reason); }
  layer(track: TrackId, layer: string | null): void {
    this.#layers.set(track, layer);
    this.#describeQualities();
  }

  close(): void {
    this.setWanted(false);
    clearTimeout(this.#sizeTimer);
    clearTimeout(this.#hiddenTimer);
    this.#screenSound.srcObject = null;
  }

  // ── What a view does ────────────────────────────────────────────────────────────────────────

  attachMain(video: HTMLVideoElement): () => void {
    this.#video = video;
    video.srcObject = this.#main;
    const followVolume = () => {
      this.#screenSound.volume = video.volume;
      this.#screenSound.muted = video.muted;
    };
    video.addEventListener('volumechange', followVolume);
    followVolume();
    void this.#play();
    let watching = true;
    const frame = (_now: number, facts: FrameFacts) => {
      if (!watching) return;
      this.#frame(facts);
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
    return () => {
      watching = false;
      video.removeEventListener('volumechange', followVolume);
      video.srcObject = null;
      if (this.#video === video) this.#video = null;
    };
  }

  attachInset(video: HTMLVideoElement): () => void {
    video.muted = true;
    video.srcObject = this.#inset;
    void video.play().catch(() => undefined);
    return () => { video.srcObject = null; };
  }

  setQuality(id: string): void {
    this.quality = id;
    this.#prefer();
  }

  shownAt(_width_px: number, height_px: number): void {
    clearTimeout(this.#sizeTimer);
    if (height_px > 0) {
      clearTimeout(this.#hiddenTimer);
      this.#hiddenTimer = undefined;
      this.#shownHeight_px = height_px;
      if (this.#pausedPictures) {
        this.#pausedPictures = false;
        this.#prefer();
      } else this.#sizeTimer = setTimeout(() => this.#prefer(), SIZE_SETTLES_MS);
      return;
    }
    this.#hiddenTimer ??= setTimeout(() => {
      this.#hiddenTimer = undefined;
      // In picture-in-picture it is seen all the same.
      if (document.pictureInPictureElement) return;
      this.#pausedPictures = true;
      this.#prefer();
    }, HIDDEN_PAUSES_AFTER_MS);
  }

  startSound(): void {
    this.#soundBlocked = false;
    if (this.#video) this.#video.muted = false;
    void this.#play();
    this.#judge();
  }

  retry(): void {
    this.#subscriber.retry();
    void this.#play();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #play(): Promise<void> {
    const video = this.#video;
    if (!video) return;
    try {
      await video.play();
      if (this.#screenSound.srcObject) await this.#screenSound.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || this.#soundBlocked) return;
      this.#soundBlocked = true;
      this.#judge();
      video.muted = true;
      await video.play().catch(() => undefined);
    }
  }

  #frame(facts: FrameFacts): void {
    this.#lastFrame_ms = performance.now();
    if (this.#firstFrame_ms === null) {
      this.#firstFrame_ms = this.#lastFrame_ms - this.#openedAt_ms;
      performance.measure('hearth:first-frame', { start: this.#openedAt_ms, end: this.#lastFrame_ms });
    }
    if (facts.receiveTime !== undefined) this.#decode_ms = facts.expectedDisplayTime - facts.receiveTime;
    if (this.playback !== 'playing') this.#judge();
  }

  #track(source: Source): Received | undefined {
    return this.#subscriber.tracks.find((one) => one.source === source);
  }

  #changed(): void {
    const published = new Set(this.#publishers.flatMap((one) => one.tracks.map((track) => track.source)));
    const seen = (source: Source) => (published.has(source) ? this.#track(source)?.media : undefined);
    const screen = seen('screen');
    const camera = seen('camera');
    // Tracks that were there are left in place while nobody publishes for a moment: their last frame stays.
    if (screen ?? camera ?? seen('microphone')) {
      set(this.#main, [screen ?? camera, seen('microphone')]);
      set(this.#inset, [screen && camera]);
      this.hasPicture = (screen ?? camera) !== undefined;
      this.hasInset = screen !== undefined && camera !== undefined;
      this.#hearScreen(seen('screen_audio'));
    } else if (this.#subscriber.reception === 'idle') {
      set(this.#main, []);
      set(this.#inset, []);
      this.hasPicture = false;
      this.hasInset = false;
      this.#hearScreen(undefined);
    }
    if (this.#video?.paused && this.#main.getTracks().length > 0 && !this.#soundBlocked) void this.#play();
    this.#describeQualities();
    this.#prefer();
    this.#judge();
  }

  #hearScreen(media: MediaStreamTrack | undefined): void {
    const now = this.#screenSound.srcObject instanceof MediaStream ? this.#screenSound.srcObject.getTracks()[0] : undefined;
    if (now === media) return;
    this.#screenSound.srcObject = media ? new MediaStream([media]) : null;
    if (media) void this.#screenSound.play().catch(() => undefined);
  }

  #judge(): void {
    const reception = this.#subscriber.reception;
    const quiet_ms = performance.now() - this.#lastFrame_ms;
    const framesLate = this.hasPicture && !this.#pausedPictures && document.visibilityState === 'visible' && quiet_ms > STALLED_AFTER_MS;
    if (reception === 'idle') this.playback = 'idle';
    else if (reception !== 'receiving') {
      this.playback = this.#subscriber.failures >= FAILED_AFTER_TRIES ? 'failed' : this.#lastFrame_ms > 0 ? 'stalled' : 'connecting';
    } else if (this.#soundBlocked) this.playback = 'sound_blocked';
    else if (this.hasPicture && this.#lastFrame_ms === 0) this.playback = 'connecting';
    else this.playback = framesLate && !this.#video?.paused ? 'stalled' : 'playing';
  }

  async #read(): Promise<void> {
    const peer = this.#subscriber.peer;
    if (!peer || peer.connectionState === 'closed') return this.#judge();
    const values: Record<string, unknown>[] = [];
    (await peer.getStats()).forEach((one: Record<string, unknown>) => values.push(one));
    const now = read(values, 'inbound', performance.now());
    const { bitrate_bps, fps, lost_percent } = between(this.#reading, now);
    this.#reading = now;
    this.figures = {
      path: now.path,
      roundTrip_ms: now.roundTrip_ms,
      // What a viewer can measure: half the round trip, and from the arrival of a frame to its display.
      latency_ms: this.#decode_ms === null || now.roundTrip_ms === null ? null : this.#decode_ms + now.roundTrip_ms / 2,
      bitrate_bps, width_px: now.width_px, height_px: now.height_px, fps, lost_percent, codec: now.codec,
    };
    this.#describeQualities();
    this.#judge();
  }

  #mainTrack(): { readonly id: TrackId; readonly layers: readonly string[] } | undefined {
    const tracks = this.#publishers.flatMap((one) => one.tracks);
    return tracks.find((one) => one.source === 'screen') ?? tracks.find((one) => one.source === 'camera');
  }

  #describeQualities(): void {
    const track = this.#mainTrack();
    if (!track || track.layers.length < 2) {
      if (this.qualities.length > 0) this.qualities = [];
      return;
    }
    const heights = layerHeights(track.layers, this.#layers.get(track.id) ?? null, this.figures.height_px);
    const qualities = track.layers
      .map((id) => ({ id, height_px: heights.get(id) ?? 0, fps: this.figures.fps ?? 30 }))
      .sort((a, b) => b.height_px - a.height_px);
    const same = qualities.length === this.qualities.length
      && qualities.every((one, at) => one.id === this.qualities[at]?.id && one.height_px === this.qualities[at].height_px);
    if (!same) this.qualities = qualities;
  }

  /** Tells what has changed of what is wanted, each once. */
  #prefer(): void {
    const main = this.#track('screen') ?? this.#track('camera');
    const layers = this.#mainTrack()?.layers ?? [];
    for (const one of this.#subscriber.tracks) {
      if (one.media.kind !== 'video') continue;
      const height_px = Math.ceil(this.#shownHeight_px * (one === main || one.track === main?.track ? 1 : INSET_SHARE));
      const wanted: LayerPreference | null = this.#pausedPictures ? { kind: 'paused' }
        : one.track === main?.track && this.quality !== 'auto' && layers.includes(this.quality) ? { kind: 'fixed', layer: this.quality }
        : height_px > 0 ? { kind: 'auto', max_height: height_px } : null;
      if (wanted === null) continue;
      const said = JSON.stringify(wanted);
      if (this.#preferred.get(one.track) === said) continue;
      this.#preferred.set(one.track, said);
      this.#subscriber.prefer(one.track, wanted);
    }
  }
}

/** Makes a stream hold just these tracks, touching only what differs, so that its element keeps playing. */
function set(stream: MediaStream, tracks: readonly (MediaStreamTrack | undefined)[]): void {
  const wanted = tracks.filter((one) => one !== undefined);
  for (const one of wanted) if (!stream.getTracks().includes(one)) stream.addTrack(one);
  for (const one of stream.getTracks()) if (!wanted.includes(one)) stream.removeTrack(one);
}
