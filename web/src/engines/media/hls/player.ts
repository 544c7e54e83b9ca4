/**
 * Plays HLS in a video element: live, with a window to seek back in, or a whole film.
 *
 * All times are media times: milliseconds since the broadcast or the film began.
 * By hls.js where there are Media Source Extensions, else by the browser.
 */
import type Hls from 'hls.js';
import type { HlsConfig, LevelDetails, LoadPolicy } from 'hls.js';
import { Dates } from './dates';
import { library, playsNatively, type HlsLibrary } from './library';
import { underPass } from './moving';
import { Recovery, type Fault } from './recovery';

export type HlsState =
  | 'loading'
  | 'playing'
  | 'paused'
  /** No picture comes at the moment; the last one stays. */
  | 'stalled'
  /** The browser plays no sound before the person has touched the page: the picture goes on without. */
  | 'blocked'
  | 'ended'
  | 'failed'
  /** It may not be watched any more. */
  | 'gone';

export interface HlsLevel {
  readonly id: string;
  readonly height_px: number;
  readonly fps: number;
  readonly bitrate_bps: number;
}

/** Sound that can be chosen. */
export interface HlsSound {
  readonly id: string;
  readonly name: string;
  /** BCP 47 or ISO 639-2; empty: not said. */
  readonly language: string;
}

export interface HlsSource {
  /** Where the multivariant playlist is now; null while there is none; `gone`: there will be none. Asked again when it no longer works. */
  address(): Promise<string | null | { readonly gone: true }>;
  /** A broadcast that began at this Unix time; null for a film, whose positions are its media times. */
  readonly began_ms: number | null;
  /** Where to begin; null: at the live edge, or at the beginning of a film. */
  readonly from_ms: number | null;
}

export interface MediaWindow {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** The picture stands for so long when it is said to have stalled. */
export const STALLED_AFTER_MS = 1_500;
/** Nearer to where live playback is held than this, one is live. */
export const LIVE_WITHIN_MS = 4_000;
/** What the server answers while there is nothing to be played yet (RFC 9110, section 15.6.4). */
const UNREADY = 503;
/** What it answers for a file of a film whose address has run out, or to whom may not watch it any more (section 15.5.5). */
const NOT_FOUND = 404;
/** A file is asked for under so many new addresses. */
const ADDRESSES_MAX = 3;
/** A whole film that waits for more this near to its end is at its end: the last packets of sound may be shorter than they are said to be. */
const END_WITHIN_S = 0.3;
/** The state is looked at this often. */
const LOOK_EVERY_MS = 500;
/** Kept for small steps back, in seconds. */
const BACK_BUFFER_S = 60;
/** What a network is taken for before it was measured: most carry the picture as it comes, and the first seconds are not to be blurred. */
const BANDWIDTH_GUESS_BPS = 4_000_000;

/** hls.js tries a few times, quickly, before it says that something fails; what follows is ours to decide. */
const LOAD_POLICY: LoadPolicy = {
  default: {
    // The server holds requests back until there is a first segment, for 10 s at most.
    maxTimeToFirstByteMs: 12_000,
    maxLoadTimeMs: 20_000,
    timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 3, retryDelayMs: 300, maxRetryDelayMs: 2_000 },
  },
};
const LOADING: Partial<HlsConfig> = { manifestLoadPolicy: LOAD_POLICY, playlistLoadPolicy: LOAD_POLICY, fragLoadPolicy: LOAD_POLICY };

const LIVE: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // A stall on a bad network moves it away from the edge by little, and it comes back by playing a little faster.
  liveSyncOnStallIncrease: 0.25,
  maxLiveSyncPlaybackRate: 1.08,
  liveDurationInfinity: true,
};

type Dateable = HTMLVideoElement & { getStartDate?: () => Date };

export class HlsPlayer {
  state: HlsState = 'loading';
  levels: readonly HlsLevel[] = [];
  /** `auto` or the id of a level. */
  level = 'auto';
  /** Where there are several. */
  sounds: readonly HlsSound[] = [];

  #hls: Hls | null = null;
  #native = false;
  #dates = new Dates([]);
  #recovery = new Recovery();
  /** Where to go as soon as the playlist says where that is. */
  #pending_ms: number | null;
  #wantsToPlay = true;
  /** Muted by us, because the browser would not play it otherwise. */
  #hushed = false;
  #progress = { position_s: -1, at_ms: 0 };
  #timer: ReturnType<typeof setInterval>;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #attempt = 0;
  /** Where a film's files are now. */
  #address: string | null = null;
  #renewing: Promise<void> | null = null;
  /** All of the film is there: nothing comes after its end. */
  #whole = false;
  #undo: (() => void)[] = [];

  constructor(readonly video: HTMLVideoElement, private readonly source: HlsSource, private readonly changed: () => void) {
    this.#pending_ms = source.from_ms;
    const listen = (name: string, act: () => void) => {
      video.addEventListener(name, act);
      this.#undo.push(() => video.removeEventListener(name, act));
    };
    for (const name of ['playing', 'pause', 'ended', 'waiting', 'seeked', 'ratechange', 'resize']) listen(name, () => this.#look());
    listen('loadedmetadata', () => { this.#goToPending(); this.#look(); });
    // Sound that nobody touched the page for: the browser stops the picture with it.
    listen('pause', () => { if (this.#wantsToPlay && !video.ended && navigator.userActivation?.hasBeenActive === false) void this.#play(); });
    listen('error', () => { if (this.#native) this.#fault('media'); });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    void this.#begin();
  }

  get live(): boolean { return this.source.began_ms !== null; }

  /** Media time of the picture; null before there is one. */
  get media_ms(): number | null {
    if (this.#pending_ms !== null) return this.#pending_ms;
    return this.video.readyState === 0 ? null : this.#mediaAt(this.video.currentTime);
  }

  /** What can be sought. */
  get window(): MediaWindow | null {
    const { seekable, duration } = this.video;
    if (seekable.length === 0) return null;
    const from_ms = this.#mediaAt(seekable.start(0));
    const to_s = this.live ? this.#edge_s() : Number.isFinite(duration) ? duration : seekable.end(seekable.length - 1);
    const to_ms = this.#mediaAt(to_s);
    return from_ms === null || to_ms === null ? null : { from_ms: Math.max(0, from_ms), to_ms };
  }

  /** How far behind where live playback is held; 0 for a film. */
  get behind_ms(): number {
    if (!this.live || this.video.readyState === 0) return 0;
    return Math.max(0, (this.#edge_s() - this.video.currentTime) * 1_000);
  }

  get atLiveEdge(): boolean { return this.#pending_ms === null && this.behind_ms <= LIVE_WITHIN_MS; }

  /** From the publisher to this screen, by the server's clock; null for a film, or where the playlist has no dates. */
  latency_ms(serverTime_ms: number): number | null {
    const media_ms = this.live ? this.media_ms : null;
    return media_ms === null || this.source.began_ms === null ? null : Math.max(0, serverTime_ms - this.source.began_ms - media_ms);
  }

  /** The level that plays. */
  get playing(): HlsLevel | null {
    return this.#hls ? (this.levels.find((one) => one.id === String(this.#hls?.currentLevel)) ?? null) : null;
  }

  /** By hls.js's measure of what comes in. */
  get bandwidth_bps(): number | null {
    const value = this.#hls?.bandwidthEstimate;
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** Called within a touch or key press, it plays with sound. */
  play(): void {
    this.#wantsToPlay = true;
    if (this.#hushed) {
      this.#hushed = false;
      this.video.muted = false;
    }
    void this.#play();
  }

  pause(): void {
    this.#wantsToPlay = false;
    this.video.pause();
  }

  /** Seeks; a time beyond the window is brought into it. */
  seek(media_ms: number): void {
    const window = this.window;
    if (window === null || this.video.readyState === 0) {
      this.#pending_ms = media_ms;
      return;
    }
    if (this.live && media_ms >= window.to_ms) return this.goLive();
    const position_s = this.#positionOf(Math.max(window.from_ms, Math.min(media_ms, window.to_ms)));
    if (position_s === null) return;
    this.#pending_ms = null;
    this.video.currentTime = position_s;
    this.changed();
  }

  goLive(): void {
    if (!this.live) return;
    this.#pending_ms = null;
    if (this.video.readyState > 0) this.video.currentTime = this.#edge_s();
    this.play();
  }

  setLevel(id: string): void {
    this.level = id;
    if (this.#hls) this.#hls.nextLevel = id === 'auto' ? -1 : Number(id);
    this.changed();
  }

  /** The id of the sound that plays. */
  get sound(): string | null { return this.#hls && this.sounds.length > 0 ? String(this.#hls.audioTrack) : null; }

  setSound(id: string): void {
    if (this.#hls) this.#hls.audioTrack = Number(id);
    this.changed();
  }

  /** Stops, and lets go of all that was loaded: it may not be watched any more. */
  end(): void {
    clearTimeout(this.#againTimer);
    this.#wantsToPlay = false;
    this.video.pause();
    this.#letGo();
    this.#set('gone');
  }

  /** Begins anew after it was given up. */
  retry(): void {
    this.#recovery = new Recovery();
    this.#again(0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#againTimer);
    for (const undo of this.#undo) undo();
    this.#letGo();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #begin(): Promise<void> {
    const attempt = (this.#attempt += 1);
    const stale = () => this.#closed || attempt !== this.#attempt;
    this.#set('loading');
    let address: Awaited<ReturnType<HlsSource['address']>>;
    let Library: HlsLibrary;
    try {
      [address, Library] = await Promise.all([this.source.address(), library(this.live ? 'light' : 'whole')]);
    } catch {
      if (!stale()) this.#fault('network');
      return;
    }
    if (stale()) return;
    if (address === null) return this.#fault('network');
    if (typeof address === 'object') return this.end();
    this.#address = address;
    this.#letGo();
    if (Library.isSupported()) this.#byLibrary(Library, address);
    else if (playsNatively(this.video)) {
      this.#native = true;
      this.video.src = address;
      void this.#play();
    } else this.#set('failed');
  }

  #byLibrary(Library: HlsLibrary, address: string): void {
    const { Events, ErrorTypes } = Library;
    const hls = new Library({
      ...LOADING,
      backBufferLength: BACK_BUFFER_S,
      abrEwmaDefaultEstimate: BANDWIDTH_GUESS_BPS,
      capLevelToPlayerSize: true,
      // A film that still grows begins at its beginning too.
      ...(this.live ? LIVE : { ...this.#filmLoading(), startPosition: (this.#pending_ms ?? 0) / 1_000 }),
    });
    this.#hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.levels = hls.levels.map((one, at) => ({
        id: String(at), height_px: one.height, fps: one.frameRate || 0, bitrate_bps: one.bitrate,
      }));
      if (this.level !== 'auto') hls.nextLevel = Number(this.level);
      void this.#play();
      this.changed();
    });
    hls.on(Events.AUDIO_TRACKS_UPDATED, (_name, { audioTracks }) => {
      this.sounds = audioTracks.length < 2 ? [] : audioTracks.map((one, at) => ({ id: String(at), name: one.name, language: one.lang ?? '' }));
      this.changed();
    });
    hls.on(Events.LEVEL_UPDATED, (_name, { details }) => this.#dated(details));
    hls.on(Events.LEVEL_PTS_UPDATED, (_name, { details }) => this.#dated(details));
    hls.on(Events.ERROR, (_name, { fatal, type, response }) => {
      if (!fatal) return;
      // The broadcast has no first segment yet: it is still starting.
      if (hls.levels.length === 0 && response?.code === UNREADY) this.#fault('early');
      else this.#fault(type === ErrorTypes.NETWORK_ERROR ? 'network' : type === ErrorTypes.MEDIA_ERROR ? 'media' : 'other');
    });
    hls.attachMedia(this.video);
    hls.loadSource(address);
  }

  /** A file that is not found is asked for again under an address that was asked for anew; what plays goes on meanwhile. */
  #filmLoading(): Partial<HlsConfig> {
    const policy: LoadPolicy = { default: { ...LOAD_POLICY.default, errorRetry: {
      ...LOAD_POLICY.default.errorRetry as NonNullable<LoadPolicy['default']['errorRetry']>,
      shouldRetry: (_config, tries, _timeout, response, retry) => {
        if (response?.code !== NOT_FOUND) return retry;
        if (tries >= ADDRESSES_MAX) return false;
        this.#renewing ??= this.#renew().finally(() => { this.#renewing = null; });
        return true;
      },
    } } };
    return {
      manifestLoadPolicy: policy, playlistLoadPolicy: policy, fragLoadPolicy: policy,
      xhrSetup: async (xhr, url) => {
        await this.#renewing;
        if (this.#address !== null) xhr.open('GET', underPass(url, this.#address), true);
      },
    };
  }

  async #renew(): Promise<void> {
    const address = await this.source.address();
    if (this.#closed) return;
    if (typeof address === 'string') this.#address = address;
    else if (address !== null) this.end();
  }

  #dated(details: LevelDetails): void {
    this.#whole = !this.live && !details.live;
    if (this.live) {
      this.#dates = new Dates(details.fragments.map((one) => ({ start_s: one.start, duration_s: one.duration, date_ms: one.programDateTime })));
    }
    this.#goToPending();
    this.changed();
  }

  #goToPending(): void {
    const wanted_ms = this.#pending_ms;
    if (wanted_ms === null || this.video.readyState === 0) return;
    const window = this.window;
    const position_s = window === null ? null : this.#positionOf(Math.max(window.from_ms, Math.min(wanted_ms, window.to_ms)));
    if (position_s === null) return;
    this.#pending_ms = null;
    // Before anything has played the library would still go to what is live, also from where this is: only a seek keeps it.
    if (this.live || Math.abs(this.video.currentTime - position_s) > 0.05) this.video.currentTime = position_s;
  }

  #fault(fault: Fault): void {
    if (this.#closed || this.state === 'gone') return;
    const remedy = this.#recovery.after(fault, performance.now(), Math.random());
    switch (remedy.do) {
      // Without a list of levels there is nothing to load on with.
      case 'reload': this.#later(remedy.after_ms, () => (this.#hls && this.#hls.levels.length > 0 ? this.#hls.startLoad() : void this.#begin())); break;
      case 'recover_media': this.#hls?.recoverMediaError(); break;
      case 'swap_audio': this.#hls?.swapAudioCodec(); this.#hls?.recoverMediaError(); break;
      case 'begin_anew': this.#again(remedy.after_ms); break;
      case 'give_up': this.#letGo(); this.#set('failed'); break;
    }
  }

  #again(after_ms: number): void {
    // A film goes on where it was; live goes on at the edge unless one was back in it.
    if (!this.live || !this.atLiveEdge) this.#pending_ms = this.media_ms;
    this.#later(after_ms, () => void this.#begin());
  }

  #later(after_ms: number, act: () => void): void {
    clearTimeout(this.#againTimer);
    this.#againTimer = setTimeout(() => { if (!this.#closed) act(); }, after_ms);
  }

  #letGo(): void {
    this.#hls?.destroy();
    this.#hls = null;
    if (this.#native) {
      this.#native = false;
      this.video.removeAttribute('src');
      this.video.load();
    }
  }

  async #play(): Promise<void> {
    if (!this.#wantsToPlay) return;
    try {
      await this.video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') await this.#playHushed();
    }
    this.#look();
  }

  async #playHushed(): Promise<void> {
    this.#hushed = this.video.muted = true;
    this.#set('blocked');
    await this.video.play().catch(() => undefined);
  }

  #look(): void {
    const { video } = this;
    if (this.#closed || this.state === 'failed' || this.state === 'gone') return;
    const now_ms = performance.now();
    if (video.currentTime !== this.#progress.position_s) this.#progress = { position_s: video.currentTime, at_ms: now_ms };
    const stands = now_ms - this.#progress.at_ms > STALLED_AFTER_MS;
    if (video.ended || (this.#whole && !video.paused && video.readyState === 2 && video.duration - video.currentTime < END_WITHIN_S)) this.#set('ended');
    else if (this.state === 'blocked' && video.paused) this.#set('blocked');
    else if (video.readyState < 2 && (this.state === 'loading' || video.readyState === 0)) this.#set('loading');
    else if (video.paused) this.#set('paused');
    else this.#set(stands ? 'stalled' : this.#hushed ? 'blocked' : 'playing');
    this.changed();
  }

  #set(state: HlsState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed();
  }

  /** Where live playback is held, in seconds. */
  #edge_s(): number {
    const sync = this.#hls?.liveSyncPosition;
    if (typeof sync === 'number') return sync;
    const { seekable } = this.video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : this.video.currentTime;
  }

  #mediaAt(position_s: number): number | null {
    const { began_ms } = this.source;
    if (began_ms === null) return position_s * 1_000;
    const started_ms = this.#native ? (this.video as Dateable).getStartDate?.().getTime() : undefined;
    const date_ms = started_ms !== undefined && !Number.isNaN(started_ms) ? started_ms + position_s * 1_000 : this.#dates.at(position_s);
    return date_ms === null ? null : date_ms - began_ms;
  }

  #positionOf(media_ms: number): number | null {
    const { began_ms } = this.source;
    if (began_ms === null) return media_ms / 1_000;
    const started_ms = this.#native ? (this.video as Dateable).getStartDate?.().getTime() : undefined;
    if (started_ms !== undefined && !Number.isNaN(started_ms)) return (media_ms + began_ms - started_ms) / 1_000;
    return this.#dates.positionOf(media_ms + began_ms);
  }
}
