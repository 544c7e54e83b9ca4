/**
 * By which way one watches: WebRTC, which is below a second, or HLS, which gets through where that does not.
 *
 * Pure: told what happens and what time it is, it says which of the two should run, which is shown, and when it wants to
 * be asked again. The one that is shown stays until the other has a picture, so that there is never none in between.
 *
 * ```text
 * webrtc ──not within 6 s, lost 3 times, starving, gone back in time, wished──► hls
 *   ▲                                                                            │
 *   └──── after 60 s, 120 s, … while the page is seen; back at live; wished ─────┘
 * ```
 */
export type Way = 'webrtc' | 'hls';

/** What the viewer asks for: the way that does, always WebRTC, always HLS. */
export const WISHES = ['auto', 'fastest', 'stable'] as const;
export type Wish = (typeof WISHES)[number];

/** WebRTC has so long to show something. */
export const FLOWS_WITHIN_MS = 6_000;
/** Lost so many times within `LOSSES_WITHIN_MS`, it is no way to watch. */
export const LOSSES_MAX = 3;
export const LOSSES_WITHIN_MS = 60_000;
/** The bandwidth may starve it for so long. */
export const STARVES_FOR_MS = 12_000;
/** WebRTC is tried again after this, doubling with each time that it fails. */
export const FIRST_RETRY_MS = 60_000;
export const LONGEST_RETRY_MS = 16 * 60_000;
/** A try must flow for so long before it is believed. */
export const BELIEVED_AFTER_MS = 2_000;
/** Held for so long, it is as good as new. */
export const FORGIVEN_AFTER_MS = 5 * 60_000;
/** HLS that failed is not counted on for so long. */
export const HLS_RESTS_MS = 30_000;

export type WebrtcFact = 'off' | 'connecting' | 'flowing' | 'interrupted';
export type HlsFact = 'off' | 'loading' | 'playing' | 'failed';

export interface Ways {
  readonly webrtc: boolean;
  readonly hls: boolean;
  readonly shown: Way;
  /** When to ask again if nothing happens before, in the clock of `now_ms`; Infinity: never. */
  readonly again_ms: number;
  /** WebRTC would be shown, but can't be. */
  readonly fellBack: boolean;
}

export class WayMachine {
  #wish: Wish = 'auto';
  #available = false;
  #visible = true;
  #past = false;
  #outside = false;
  #sent = true;
  /** HLS is shown only because one stood outside until now: WebRTC has not failed, and takes over as soon as it has a picture. */
  #cameIn = false;
  #webrtc: WebrtcFact = 'off';
  #hls: HlsFact = 'off';
  #shown: Way = 'webrtc';

  /** Why WebRTC is not counted on: it failed, and rests until then. */
  #restsUntil_ms = -Infinity;
  #retry_ms = FIRST_RETRY_MS;
  #tryBegan_ms: number | null = null;
  #flowsSince_ms: number | null = null;
  #starvesSince_ms: number | null = null;
  #losses_ms: number[] = [];
  #hlsRestsUntil_ms = -Infinity;

  get wish(): Wish { return this.#wish; }
  get shown(): Way { return this.#shown; }

  /** Watching begins, or begins anew. */
  begin(now_ms: number): void {
    this.#webrtc = this.#hls = 'off';
    this.#shown = 'webrtc';
    this.#past = false;
    this.#restsUntil_ms = this.#hlsRestsUntil_ms = -Infinity;
    this.#retry_ms = FIRST_RETRY_MS;
    this.#losses_ms = [];
    this.#flowsSince_ms = this.#starvesSince_ms = null;
    this.#tryBegan_ms = now_ms;
  }

  setWish(wish: Wish, now_ms: number): void {
    this.#wish = wish;
    // Whoever asks for it means now.
    if (wish !== 'stable') this.#restsUntil_ms = -Infinity;
    if (!this.#running(now_ms).webrtc) this.#tryBegan_ms = null;
  }

  /** Whether the room has HLS. */
  setAvailable(available: boolean): void { this.#available = available; }
  setVisible(visible: boolean): void { this.#visible = visible; }
  /** Whether one has not come in: WebRTC is for those who have. */
  setOutside(outside: boolean): void {
    this.#cameIn = this.#outside && !outside && this.#shown === 'hls';
    this.#outside = outside;
  }
  /** Whether anything is sent: that nothing comes of nothing is no fault of WebRTC. */
  setSent(sent: boolean, now_ms: number): void {
    this.#sent = sent;
    if (sent && this.#tryBegan_ms !== null) this.#tryBegan_ms = now_ms;
  }
  /** Whether one has gone back in time, which only HLS can. */
  setPast(past: boolean): void { this.#past = past; }

  webrtc(fact: WebrtcFact, now_ms: number): void {
    const before = this.#webrtc;
    if (fact === before) return;
    this.#webrtc = fact;
    this.#flowsSince_ms = fact === 'flowing' ? now_ms : null;
    if (fact === 'flowing') this.#tryBegan_ms = null;
    else this.#starvesSince_ms = null;
    if (fact === 'interrupted' || (fact === 'connecting' && before === 'flowing')) {
      if (this.#shown === 'hls' && !this.#cameIn) return this.#webrtcFailed(now_ms);
      this.#losses_ms = [...this.#losses_ms.filter((one) => one > now_ms - LOSSES_WITHIN_MS), now_ms];
      this.#tryBegan_ms ??= now_ms;
      if (this.#losses_ms.length >= LOSSES_MAX) this.#webrtcFailed(now_ms);
    }
  }

  /** What comes in over WebRTC is much less than what should, or enough. */
  starving(starving: boolean, now_ms: number): void {
    if (!starving) this.#starvesSince_ms = null;
    else this.#starvesSince_ms ??= now_ms;
  }

  hls(fact: HlsFact, now_ms: number): void {
    if (fact === 'failed' && this.#hls !== 'failed') this.#hlsRestsUntil_ms = now_ms + HLS_RESTS_MS;
    this.#hls = fact;
  }

  /** What should be. Changes what is shown only to what has a picture. */
  now(now_ms: number): Ways {
    const at = this.#settle(now_ms);
    if (at.webrtc && this.#webrtc !== 'flowing') this.#tryBegan_ms ??= now_ms;
    if (!at.webrtc) this.#tryBegan_ms = null;
    return { ...at, shown: this.#shown, again_ms: this.#again(now_ms), fellBack: this.#shown === 'hls' && this.#wish !== 'stable' && !this.#past && !this.#outside };
  }

  #settle(now_ms: number): { webrtc: boolean; hls: boolean } {
    this.#judge(now_ms);
    const running = this.#running(now_ms);
    const target = this.#target(now_ms);
    if (target === 'hls' && this.#hls === 'playing') this.#shown = 'hls';
    const believed = this.#flowsSince_ms !== null && (this.#shown === 'webrtc' || this.#cameIn || now_ms - this.#flowsSince_ms >= BELIEVED_AFTER_MS || this.#hls !== 'playing');
    if (target === 'webrtc' && believed) this.#shown = 'webrtc';
    if (this.#shown === 'webrtc') this.#cameIn = false;
    // Without HLS there is only the one.
    if (!this.#hasHls(now_ms) && this.#hls !== 'playing') this.#shown = 'webrtc';
    return this.#shown === target ? { webrtc: target === 'webrtc', hls: target === 'hls' } : running;
  }

  #judge(now_ms: number): void {
    if (this.#sent && this.#tryBegan_ms !== null && this.#webrtc !== 'flowing' && now_ms - this.#tryBegan_ms >= FLOWS_WITHIN_MS && this.#canRest(now_ms)) this.#webrtcFailed(now_ms);
    if (this.#starvesSince_ms !== null && now_ms - this.#starvesSince_ms >= STARVES_FOR_MS && this.#canRest(now_ms)) this.#webrtcFailed(now_ms);
    if (this.#flowsSince_ms !== null && now_ms - this.#flowsSince_ms >= FORGIVEN_AFTER_MS) this.#retry_ms = FIRST_RETRY_MS;
  }

  /** WebRTC rests only where there is something else, and where it was left to us. */
  #canRest(now_ms: number): boolean { return this.#wish !== 'fastest' && this.#hasHls(now_ms); }

  #webrtcFailed(now_ms: number): void {
    if (now_ms < this.#restsUntil_ms) return;
    this.#restsUntil_ms = now_ms + this.#retry_ms;
    this.#retry_ms = Math.min(LONGEST_RETRY_MS, this.#retry_ms * 2);
    this.#tryBegan_ms = this.#starvesSince_ms = null;
    this.#losses_ms = [];
    this.#cameIn = false;
  }

  #hasHls(now_ms: number): boolean { return this.#available && now_ms >= this.#hlsRestsUntil_ms; }

  #target(now_ms: number): Way {
    if (this.#outside) return 'hls';
    if (!this.#hasHls(now_ms)) return 'webrtc';
    if (this.#past || this.#wish === 'stable') return 'hls';
    if (this.#wish === 'fastest') return 'webrtc';
    const rests = now_ms < this.#restsUntil_ms;
    // Nobody sees it: what is there goes on.
    if (!rests && this.#shown === 'hls' && !this.#visible) return 'hls';
    return rests ? 'hls' : 'webrtc';
  }

  /** While the target has no picture yet, both run: the one that is shown and the one that is to come. */
  #running(now_ms: number): { webrtc: boolean; hls: boolean } {
    const target = this.#target(now_ms);
    return {
      webrtc: !this.#outside && (target === 'webrtc' || this.#shown === 'webrtc'),
      hls: (target === 'hls' && this.#hasHls(now_ms)) || (this.#shown === 'hls' && this.#hls !== 'failed'),
    };
  }

  #again(now_ms: number): number {
    const times = [
      this.#sent && this.#tryBegan_ms !== null && this.#webrtc !== 'flowing' && this.#canRest(now_ms) ? this.#tryBegan_ms + FLOWS_WITHIN_MS : Infinity,
      this.#starvesSince_ms !== null && this.#canRest(now_ms) ? this.#starvesSince_ms + STARVES_FOR_MS : Infinity,
      this.#shown === 'hls' && this.#wish === 'auto' && !this.#past && this.#visible ? this.#restsUntil_ms : Infinity,
      this.#shown === 'hls' && this.#flowsSince_ms !== null ? this.#flowsSince_ms + BELIEVED_AFTER_MS : Infinity,
      this.#available ? this.#hlsRestsUntil_ms : Infinity,
    ];
    return Math.min(...times.filter((one) => one > now_ms));
  }
}
