/** Runs the two ways to watch as the machine of `way.ts` says, and plays HLS. */
import type { HlsLevel, HlsPlayer } from '../../../engines/media/hls/player';
import type { MediaMoment } from '../../floating_messages/model';
import type { Playback } from '../model';
import { WINDOW_MS, type MediaWindow, type WatchingModel } from './model';
import { WayMachine, type WebrtcFact, type Way, type Wish } from './way';

/** While a broadcast has no HLS yet, it is asked for this often. */
export const ASK_EVERY_MS = 10_000;
/** What the views show of position and window moves this often. */
const TICK_MS = 500;

export interface WatchingPort {
  /** Where the room's multivariant playlist is now; null while there is none. */
  address(): Promise<string | null>;
  serverTime_ms(): number;
  /** Runs WebRTC, or lets it rest. */
  setWebrtc(on: boolean): void;
  /** Something that the stage shows has changed. */
  changed(): void;
}

export class Watching implements WatchingModel {
  available = $state(false);
  outside = $state(false);
  shown = $state<Way>('webrtc');
  running = $state(false);
  wish = $state<Wish>('auto');
  fellBack = $state(false);
  atLive = $state(true);
  window = $state.raw<MediaWindow | null>(null);
  media_ms = $state<number | null>(null);
  levels: readonly HlsLevel[] = [];

  #machine = new WayMachine();
  #wanted = false;
  #barred = false;
  /** The room has HLS. */
  #reachable = false;
  #began_ms: number | null = null;
  #player: HlsPlayer | null = null;
  #past = false;
  /** Where to begin when HLS begins, in media time. */
  #from_ms: number | null = null;
  #webrtcPlays = false;
  /** Media time at which the live picture stands. */
  #frozen_ms: number | null = null;
  #paused = false;
  #level = 'auto';
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  #followVisibility = () => {
    this.#machine.setVisible(document.visibilityState === 'visible');
    this.#settle();
  };

  constructor(private readonly port: WatchingPort) {}

  get player(): HlsPlayer | null { return this.#player; }

  // ── What the stage tells ────────────────────────────────────────────────────────────────────

  /** Unix time at which the broadcast began; null while there is none. */
  setBegan(began_ms: number | null): void {
    this.#began_ms = began_ms;
  }

  /** Who is on the stage needs to be in time with the others: for them there is only WebRTC. */
  setBarred(barred: boolean): void {
    if (barred === this.#barred) return;
    this.#barred = barred;
    this.available = this.#reachable && !barred;
    this.#machine.setAvailable(this.available);
    if (barred && this.#past) this.goLive();
    else this.#settle();
  }

  /** Who has not come in watches by HLS; what plays goes on when they do. */
  setOutside(outside: boolean): void {
    if (outside === this.outside) return;
    this.outside = outside;
    this.#machine.setOutside(outside);
    this.#settle();
  }

  /** Whether the host sends anything now. */
  setSent(sent: boolean): void {
    this.#machine.setSent(sent, performance.now());
    this.#settle();
  }

  setWanted(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) {
      this.#machine.begin(performance.now());
      this.#followVisibility();
      document.addEventListener('visibilitychange', this.#followVisibility);
      this.#tick = setInterval(() => this.#show(), TICK_MS);
      void this.#ask();
    } else {
      document.removeEventListener('visibilitychange', this.#followVisibility);
      for (const timer of [this.#askTimer, this.#againTimer]) clearTimeout(timer);
      clearInterval(this.#tick);
      this.#machine.setAvailable(false);
      this.#reachable = this.available = this.running = this.#past = this.#paused = false;
      this.atLive = true;
      this.shown = 'webrtc';
      this.#from_ms = this.#frozen_ms = null;
      this.window = this.media_ms = null;
      this.port.setWebrtc(false);
    }
    this.#settle();
  }

  /** @param plays whether its picture moves */
  webrtc(fact: WebrtcFact, plays: boolean): void {
    this.#webrtcPlays = plays;
    this.#machine.webrtc(fact, performance.now());
    this.#settle();
  }

  starving(starving: boolean): void {
    this.#machine.starving(starving, performance.now());
    this.#settle();
  }

  /** What HLS shows, in the stage's words. */
  get playback(): Playback {
    switch (this.#player?.state) {
      case 'playing': case 'paused': return 'playing';
      case 'failed': return 'failed';
      case 'blocked': return 'sound_blocked';
      default: return 'stalled';
    }
  }

  /** From the publisher to this screen; null where it can't be told. */
  get latency_ms(): number | null { return this.#player?.latency_ms(this.port.serverTime_ms()) ?? null; }
  get level(): string { return this.#level; }

  setLevel(id: string): void {
    this.#level = id;
    this.#player?.setLevel(id);
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  attach(video: HTMLVideoElement): () => void {
    let gone = false;
    let player: HlsPlayer | null = null;
    import('../../../engines/media/hls/player').then((engine) => {
      if (gone) return;
      player = new engine.HlsPlayer(video, { address: () => this.port.address(), began_ms: this.#began_ms, from_ms: this.#from_ms }, () => this.#playerChanged());
      player.setLevel(this.#level);
      this.#player = player;
    }).catch(() => {
      this.#machine.hls('failed', performance.now());
      this.#settle();
    });
    return () => {
      gone = true;
      player?.close();
      if (this.#player !== player) return;
      this.#player = null;
      this.levels = [];
      this.#machine.hls('off', performance.now());
    };
  }

  setWish(wish: Wish): void {
    this.wish = wish;
    this.#machine.setWish(wish, performance.now());
    if (wish === 'fastest') this.goLive();
    else this.#settle();
  }

  seek(media_ms: number): void {
    const window = this.window;
    if (!this.available || window === null) return;
    if (media_ms >= window.to_ms) return this.goLive();
    this.#past = true;
    this.#paused = false;
    this.#from_ms = Math.max(window.from_ms, media_ms);
    this.#player?.seek(this.#from_ms);
    this.#player?.play();
    this.#machine.setPast(true);
    this.#settle();
  }

  goLive(): void {
    this.#past = this.#paused = false;
    this.#from_ms = this.#frozen_ms = null;
    this.#player?.goLive();
    this.#machine.setPast(false);
    this.#settle();
  }

  play(): void {
    this.#paused = false;
    this.#frozen_ms = null;
    if (this.shown === 'hls') this.#player?.play();
  }

  pause(): void {
    this.#frozen_ms = this.moment()?.media_ms ?? null;
    this.#paused = true;
    if (this.shown !== 'hls') return;
    this.#player?.pause();
    // It goes on where it stood, which by then is in the past.
    this.#past = true;
    this.#machine.setPast(true);
    this.#settle();
  }

  moment(): MediaMoment | null {
    if (this.#began_ms === null) return null;
    // Who sends the picture sees it as it is now.
    if (!this.#wanted) return { media_ms: Math.max(0, this.port.serverTime_ms() - this.#began_ms), rate: 1 };
    if (this.shown === 'hls') {
      const player = this.#player;
      const media_ms = player?.media_ms ?? null;
      return player === null || media_ms === null ? null : { media_ms, rate: player.state === 'playing' ? player.video.playbackRate : 0 };
    }
    const now_ms = Math.max(0, this.port.serverTime_ms() - this.#began_ms);
    if (this.#webrtcPlays && !this.#paused) {
      this.#frozen_ms = null;
      return { media_ms: now_ms, rate: 1 };
    }
    this.#frozen_ms ??= now_ms;
    return { media_ms: this.#frozen_ms, rate: 0 };
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #ask(): Promise<void> {
    clearTimeout(this.#askTimer);
    const address = await this.port.address().catch(() => null);
    if (!this.#wanted) return;
    this.#reachable = address !== null;
    this.available = this.#reachable && !this.#barred;
    this.#machine.setAvailable(this.available);
    if (!this.#reachable) this.#askTimer = setTimeout(() => void this.#ask(), ASK_EVERY_MS);
    this.#show();
    this.#settle();
  }

  #playerChanged(): void {
    const player = this.#player;
    if (!player || !this.#wanted) return;
    const state = player.state;
    this.levels = player.levels;
    const seen = state === 'playing' || state === 'paused' || state === 'blocked' || (this.shown === 'hls' && state === 'stalled');
    this.#machine.hls(seen ? 'playing' : state === 'failed' ? 'failed' : 'loading', performance.now());
    this.#show();
    this.#settle();
  }

  #settle(): void {
    if (!this.#wanted) return;
    const now_ms = performance.now();
    const ways = this.#machine.now(now_ms);
    const changed = ways.shown !== this.shown;
    this.shown = ways.shown;
    this.running = ways.hls;
    this.fellBack = ways.fellBack;
    clearTimeout(this.#againTimer);
    if (ways.again_ms !== Infinity) this.#againTimer = setTimeout(() => this.#settle(), Math.min(2 ** 31 - 1, Math.max(0, ways.again_ms - now_ms)));
    this.port.setWebrtc(ways.webrtc);
    if (changed) {
      this.#show();
      this.port.changed();
    }
  }

  /** What the views show of where one is. */
  #show(): void {
    const now_ms = this.#began_ms === null ? null : Math.max(0, this.port.serverTime_ms() - this.#began_ms);
    this.media_ms = this.moment()?.media_ms ?? null;
    this.window = !this.available || now_ms === null ? null
      : (this.shown === 'hls' ? this.#player?.window : null) ?? { from_ms: Math.max(0, now_ms - WINDOW_MS), to_ms: now_ms };
    this.atLive = !this.#past && (this.shown === 'webrtc' || this.#player === null || this.#player.atLiveEdge);
    if (this.shown === 'hls') this.port.changed();
  }
}
