/** What a viewer sees and hears of a room, and how well. */
import { between, layerHeights, read, type Reading } from '../../engines/media/figures';
import { Subscriber, type SubscriberSignal } from '../../engines/media/subscriber';
import type { Received, Offer } from '../../engines/media/receiving_leg';
import type { LayerPreference, LegClosedReason, LegId, OfferedTrack, Publisher, Source, TrackId, UserId } from '../../protocol/generated/types';
import type { Playback, Quality, StageFigures, StageModel } from './stage_model';
import { tilesOf, type OwnMedia, type Tile } from './stage_tiles';
import { Watching, type WatchingPort } from './watching/watching.svelte';
import type { Way } from './watching/way';

/** A page in the background gets no picture after this long. */
export const HIDDEN_PAUSES_AFTER_MS = 10_000;
/** A size that is still changing is not asked for. */
export const SIZE_SETTLES_MS = 200;
/** No frame for this long while some should come. */
export const STALLED_AFTER_MS = 2_000;
/** After so many tries in a row it is said that it fails; it goes on being tried. */
export const FAILED_AFTER_TRIES = 4;
/** More loss than this is not made up for. */
export const STARVED_LOSS_PERCENT = 12;
const READ_EVERY_MS = 1_000;
const NO_FIGURES: StageFigures = {
  path: null, roundTrip_ms: null, latency_ms: null, bitrate_bps: null, width_px: null, height_px: null, fps: null, lost_percent: null, codec: null,
};

type FrameFacts = VideoFrameCallbackMetadata & { readonly receiveTime?: number };

export class Stage implements StageModel {
  playback = $state<Playback>('idle');
  tiles = $state.raw<readonly Tile[]>([]);
  qualities = $state.raw<readonly Quality[]>([]);
  quality = $state('auto');
  figures = $state.raw<StageFigures>(NO_FIGURES);

  readonly watching: Watching;
  #subscriber: Subscriber;
  /** What each tile plays, by its key. */
  #streams = new Map<string, MediaStream>();
  #videos = new Map<string, HTMLVideoElement>();
  /** A browser plays one sound of a stream; a second one of the same tile has an element of its own. */
  #secondSounds = new Map<string, HTMLAudioElement>();
  #soundBlocked = false;
  #shown_px = new Map<string, number>();
  #pausedPictures = false;
  #shownWay: Way = 'webrtc';
  #publishers: readonly Publisher[] = [];
  #own: OwnMedia | null = null;
  #speaker: UserId | null = null;
  #nameOf: (user: UserId) => string = () => '';
  #layers = new Map<TrackId, string | null>();
  #preferred = new Map<TrackId, string>();
  #reading: Reading | null = null;
  /** Whether the height in the figures is that of the layers that come now, not of those before. */
  #heightRead = true;
  #lastFrame_ms = 0;
  #decode_ms: number | null = null;
  #openedAt_ms = 0;
  /** From asking for the stage to its first frame, in milliseconds. */
  #firstFrame_ms: number | null = null;
  #sizeTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #readTimer: ReturnType<typeof setInterval> | undefined;

  constructor(signal: SubscriberSignal, way: Pick<WatchingPort, 'address' | 'serverTime_ms'>) {
    this.#subscriber = new Subscriber(signal, () => this.#changed());
    this.watching = new Watching({ ...way, setWebrtc: (on) => this.#setWebrtc(on), changed: () => this.#wayChanged() });
  }

  get timeToFirstFrame_ms(): number | null { return this.#firstFrame_ms; }
  /** Whether there is a moving picture of somebody else. */
  get hasPicture(): boolean { return this.tiles.some((one) => !one.own && one.picture); }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  /** Watches, or stops watching, by whichever way does. */
  setWanted(wanted: boolean): void {
    this.watching.setWanted(wanted);
    this.#changed();
  }

  #setWebrtc(wanted: boolean): void {
    if (wanted === (this.#readTimer !== undefined)) return;
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

  /** What this page sends itself; null: nothing. */
  setOwn(own: OwnMedia | null): void {
    if (JSON.stringify(own) === JSON.stringify(this.#own)) return;
    this.#own = own;
    this.#changed();
  }

  setSpeaker(user: UserId | null): void {
    this.#speaker = user;
    this.#arrange();
  }

  setNames(nameOf: (user: UserId) => string): void {
    this.#nameOf = nameOf;
    this.#arrange();
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
    this.#heightRead = false;
    this.#describeQualities();
  }

  close(): void {
    this.setWanted(false);
    clearTimeout(this.#sizeTimer);
    clearTimeout(this.#hiddenTimer);
    for (const key of [...this.#secondSounds.keys()]) this.#playSecond(key, undefined);
  }

  // ── What a view does ────────────────────────────────────────────────────────────────────────

  attach(key: string, video: HTMLVideoElement): () => void {
    this.#videos.set(key, video);
    video.srcObject = this.#streamOf(key);
    const followVolume = () => this.#followVolume(key, video);
    video.addEventListener('volumechange', followVolume);
    void this.#play(video);
    let watching = true;
    const frame = (_now: number, facts: FrameFacts) => {
      if (!watching) return;
      if (key === this.#main()?.key) this.#frame(facts);
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
    return () => {
      watching = false;
      video.removeEventListener('volumechange', followVolume);
      video.srcObject = null;
      if (this.#videos.get(key) === video) this.#videos.delete(key);
      this.#shown_px.delete(key);
    };
  }

  setQuality(id: string): void {
    this.quality = id;
    if (this.watching.shown === 'hls') this.watching.setLevel(id);
    else this.#prefer();
  }

  shownAt(key: string, height_px: number): void {
    if (this.#shown_px.get(key) === height_px) return;
    this.#shown_px.set(key, height_px);
    clearTimeout(this.#sizeTimer);
    this.#sizeTimer = setTimeout(() => this.#prefer(), SIZE_SETTLES_MS);
  }

  setVisible(visible: boolean): void {
    if (visible) {
      clearTimeout(this.#hiddenTimer);
      this.#hiddenTimer = undefined;
      if (!this.#pausedPictures) return;
      this.#pausedPictures = false;
      this.#prefer();
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
    for (const video of this.#videos.values()) {
      video.muted = false;
      void this.#play(video);
    }
    for (const sound of this.#secondSounds.values()) void sound.play().catch(() => undefined);
    this.watching.play();
    this.#judge();
  }

  retry(): void {
    this.#subscriber.retry();
    for (const video of this.#videos.values()) void this.#play(video);
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #play(video: HTMLVideoElement): Promise<void> {
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.#soundBlocked = true;
      this.#judge();
      video.muted = true;
      await video.play().catch(() => undefined);
    }
  }

  #followVolume(key: string, video: HTMLVideoElement): void {
    const sound = this.#secondSounds.get(key);
    if (!sound) return;
    sound.volume = video.volume;
    sound.muted = video.muted;
  }

  #playSecond(key: string, media: MediaStreamTrack | undefined): void {
    const sound = this.#secondSounds.get(key);
    if (media === undefined) {
      if (sound) sound.srcObject = null;
      this.#secondSounds.delete(key);
      return;
    }
    if (sound?.srcObject instanceof MediaStream && sound.srcObject.getTracks()[0] === media) return;
    const fresh = sound ?? new Audio();
    fresh.srcObject = new MediaStream([media]);
    this.#secondSounds.set(key, fresh);
    const video = this.#videos.get(key);
    if (video) this.#followVolume(key, video);
    void fresh.play().catch(() => undefined);
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

  /** The first tile that comes from the server: what the figures and the qualities are about. */
  #main(): Tile | undefined {
    return this.tiles.find((one) => !one.own);
  }

  #streamOf(key: string): MediaStream {
    let stream = this.#streams.get(key);
    if (!stream) this.#streams.set(key, stream = new MediaStream());
    return stream;
  }

  #received(user: UserId, source: Source): Received | undefined {
    const leg = this.#publishers.find((one) => one.user === user)?.leg;
    return this.#subscriber.tracks.find((one) => one.leg === leg && one.source === source);
  }

  #arrange(): void {
    const before = this.tiles;
    const tiles = tilesOf(this.#publishers, this.#own, {
      nameOf: this.#nameOf, speaker: this.#speaker, flows: (user, source) => this.#received(user, source) !== undefined || this.#held(user, source),
    });
    // What was there stays while nobody publishes for a moment: its last frame is better than none.
    if (tiles.length === 0 && before.length > 0 && this.#subscriber.reception !== 'idle') return;
    if (JSON.stringify(tiles) !== JSON.stringify(before)) this.tiles = tiles;
    for (const key of this.#streams.keys()) if (!tiles.some((one) => one.key === key)) {
      this.#streams.delete(key);
      this.#playSecond(key, undefined);
    }
  }

  /** A publisher who comes back by another leg is shown by what came last until the new one is known. */
  #held(user: UserId, source: Source): boolean {
    const key = source === 'screen' ? `${user} screen` : user;
    return this.#streams.get(key)?.getVideoTracks().some((track) => track.readyState === 'live' && this.#isNobodys(track)) ?? false;
  }

  /** Still received, and mapped to none of those who publish now. */
  #isNobodys(track: MediaStreamTrack): boolean {
    const one = this.#subscriber.tracks.find(({ media }) => media === track);
    return one !== undefined && !this.#publishers.some(({ leg }) => leg === one.leg);
  }

  #changed(): void {
    this.#arrange();
    for (const tile of this.tiles) {
      if (tile.own) continue;
      const stream = this.#streamOf(tile.key);
      const all = tile.sources.flatMap((source) => this.#received(tile.user, source)?.media ?? []);
      const [sound, second] = all.filter(({ kind }) => kind === 'audio');
      this.#playSecond(tile.key, second);
      const found = [...all.filter(({ kind }) => kind === 'video'), ...(sound ? [sound] : [])];
      const kinds = new Set(found.map(({ kind }) => kind));
      set(stream, [...found, ...stream.getTracks().filter((track) => !kinds.has(track.kind) && this.#isNobodys(track))]);
      const video = this.#videos.get(tile.key);
      if (video?.paused && stream.getTracks().length > 0 && !this.#soundBlocked) void this.#play(video);
    }
    this.#describeQualities();
    this.#prefer();
    this.#judge();
  }

  #judge(): void {
    const reception = this.#subscriber.reception;
    const quiet_ms = performance.now() - this.#lastFrame_ms;
    const main = this.#main();
    const pictured = main?.picture === true;
    const framesLate = pictured && !this.#pausedPictures && document.visibilityState === 'visible' && quiet_ms > STALLED_AFTER_MS;
    if (reception === 'idle') this.playback = 'idle';
    else if (reception !== 'receiving') {
      this.playback = this.#subscriber.failures >= FAILED_AFTER_TRIES ? 'failed' : this.#lastFrame_ms > 0 ? 'stalled' : 'connecting';
    } else if (this.#soundBlocked) this.playback = 'sound_blocked';
    else if (pictured && this.#lastFrame_ms === 0) this.playback = 'connecting';
    else this.playback = framesLate && !this.#videos.get(main.key)?.paused ? 'stalled' : 'playing';
    this.#tellWay(framesLate);
    if (this.watching.shown === 'hls') this.playback = this.#soundBlocked ? 'sound_blocked' : this.watching.playback;
  }

  /** How WebRTC does, for the choice of the way. While nobody publishes nothing can come by any. */
  #tellWay(framesLate: boolean): void {
    const { reception } = this.#subscriber;
    if (reception !== 'idle' && this.#publishers.length === 0) return;
    const plays = this.playback === 'playing' || this.playback === 'sound_blocked';
    this.watching.webrtc(reception === 'idle' ? 'off' : reception === 'interrupted' ? 'interrupted' : plays || this.playback === 'stalled' ? 'flowing' : 'connecting', plays);
    this.watching.starving(reception === 'receiving' && (framesLate || (this.figures.path !== 'hls' && (this.figures.lost_percent ?? 0) > STARVED_LOSS_PERCENT)));
  }

  #wayChanged(): void {
    const { shown, player } = this.watching;
    if (shown !== this.#shownWay) {
      this.#shownWay = shown;
      this.quality = shown === 'hls' ? this.watching.level : 'auto';
      this.figures = NO_FIGURES;
    }
    if (shown === 'hls' && player) {
      const level = player.playing;
      this.figures = {
        ...NO_FIGURES, path: 'hls', latency_ms: this.watching.latency_ms, bitrate_bps: level?.bitrate_bps ?? null, fps: level?.fps || null,
        width_px: player.video.videoWidth || null, height_px: player.video.videoHeight || null,
      };
    }
    this.#describeQualities();
    this.#judge();
  }

  async #read(): Promise<void> {
    const peer = this.#subscriber.peer;
    if (!peer || this.watching.shown === 'hls' || peer.connectionState === 'closed') return this.#judge();
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
    this.#heightRead = true;
    this.#describeQualities();
    this.#judge();
  }

  #mainTrack(): { readonly id: TrackId; readonly layers: readonly string[] } | undefined {
    const main = this.#main();
    const tracks = this.#publishers.find((one) => one.user === main?.user)?.tracks ?? [];
    return tracks.find((one) => one.source === (main?.shows === 'screen' ? 'screen' : 'camera'));
  }

  #describeQualities(): void {
    if (this.watching.shown === 'hls') {
      const { levels } = this.watching;
      if (levels.length !== this.qualities.length || levels.some((one, at) => one.id !== this.qualities[at]?.id)) this.qualities = levels.length > 1 ? levels : [];
      return;
    }
    const track = this.#mainTrack();
    if (!track || track.layers.length < 2) {
      if (this.qualities.length > 0) this.qualities = [];
      return;
    }
    if (!this.#heightRead && this.qualities.length > 0) return;
    const heights = layerHeights(track.layers, this.#layers.get(track.id) ?? null, this.#heightRead ? this.figures.height_px : null);
    const qualities = track.layers
      .map((id) => ({ id, height_px: heights.get(id) ?? 0, fps: this.figures.fps ?? 30 }))
      .sort((a, b) => b.height_px - a.height_px);
    const same = qualities.length === this.qualities.length
      && qualities.every((one, at) => one.id === this.qualities[at]?.id && one.height_px === this.qualities[at].height_px);
    if (!same) this.qualities = qualities;
  }

  /** Tells what has changed of what is wanted, each once. */
  #prefer(): void {
    const main = this.#mainTrack();
    const fixed = main?.layers.includes(this.quality) ? this.quality : null;
    for (const tile of this.tiles) {
      const one = tile.own ? undefined : this.#received(tile.user, tile.shows === 'screen' ? 'screen' : 'camera');
      if (!one) continue;
      const height_px = Math.ceil(this.#shown_px.get(tile.key) ?? 0);
      const wanted: LayerPreference | null = this.#pausedPictures ? { kind: 'paused' }
        : one.track === main?.id && fixed !== null ? { kind: 'fixed', layer: fixed }
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
function set(stream: MediaStream, tracks: readonly MediaStreamTrack[]): void {
  for (const one of tracks) if (!stream.getTracks().includes(one)) stream.addTrack(one);
  for (const one of stream.getTracks()) if (!tracks.includes(one)) stream.removeTrack(one);
}
