/**
 * Receives the stage, whatever happens on the way: a leg that is lost is replaced by another,
 * and the old one's picture stays until the new one's flows.
 */
import type { LayerPreference, LegClosedReason, LegId, OfferedTrack, TrackId } from '../../protocol/generated/types';
import { waitBefore_ms } from '../connection/backoff';
import { ReceivingLeg, type Offer, type Received } from './receiving_leg';

export interface SubscriberSignal {
  /** The leg that is open now; null when it was declined or lost. */
  watch(keep: LegId | null): Promise<LegId | null>;
  unwatch(): void;
  answer(leg: LegId, generation: number, sdp: string): void;
  prefer(track: TrackId, layer: LayerPreference): void;
}

export type Reception = 'idle' | 'connecting' | 'receiving' | 'interrupted';

/** A leg that shows nothing after this long is replaced. */
export const FLOWS_WITHIN_MS = 10_000;

export class Subscriber {
  #wanted = false;
  #shown: ReceivingLeg | null = null;
  #next: ReceivingLeg | null = null;
  #failures = 0;
  /** The question that is open; a later one makes an earlier one's answer void. */
  #asking: symbol | null = null;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #flowTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly signal: SubscriberSignal, private readonly changed: () => void) {}

  get peer(): RTCPeerConnection | null { return this.#shown?.peer ?? null; }
  get tracks(): Received[] { return this.#shown?.received() ?? []; }
  get failures(): number { return this.#failures; }

  get reception(): Reception {
    if (!this.#wanted) return 'idle';
    if (this.#shown?.flowing) return 'receiving';
    return this.#shown && this.#failures + Number(this.#next !== null) > 0 ? 'interrupted' : 'connecting';
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#failures = 0;
    void this.#open(null);
  }

  stop(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#asking = null;
    this.#forgetTry();
    clearTimeout(this.#flowTimer);
    this.signal.unwatch();
    this.#letGo();
    this.changed();
  }

  /** The live connection is a new one: what still flows goes on, what doesn't is asked for anew. */
  reconnected(): void {
    if (!this.#wanted) return;
    this.#forgetTry();
    this.#next?.close();
    this.#next = null;
    void this.#open(this.#shown?.connected ? this.#shown.id : null);
  }

  /** At once, by a person's wish. */
  retry(): void {
    if (!this.#wanted) return this.start();
    this.#forgetTry();
    if (this.#asking === null) void this.#open(null);
  }

  offered(offer: Offer): void {
    if (!this.#wanted) return;
    const known = [this.#shown, this.#next].find((one) => one?.id === offer.leg);
    (known ?? this.#expect(offer.leg)).offered(offer);
  }

  mapped(leg: LegId, tracks: readonly OfferedTrack[]): void {
    [this.#shown, this.#next].find((one) => one?.id === leg)?.mapped(tracks);
  }

  legClosed(leg: LegId, reason: LegClosedReason): void {
    // What we closed or replaced ourselves is no loss.
    if (reason === 'asked' || reason === 'replaced') return;
    if (this.#shown?.id === leg || this.#next?.id === leg) this.#lost(leg);
  }

  prefer(track: TrackId, layer: LayerPreference): void {
    this.signal.prefer(track, layer);
  }

  async #open(keep: LegId | null): Promise<void> {
    const asked = this.#asking = Symbol('watch');
    const leg = await this.signal.watch(keep);
    if (this.#asking !== asked) return;
    this.#asking = null;
    // Its offer comes by itself, and may be a while in coming when nobody is on stage yet.
    if (this.#wanted && leg === null) this.#again();
  }

  #expect(id: LegId): ReceivingLeg {
    this.#next?.close();
    const leg = new ReceivingLeg(
      id,
      (generation, sdp) => this.signal.answer(id, generation, sdp),
      () => this.#legChanged(leg),
      () => this.#lost(id),
    );
    this.#next = leg;
    clearTimeout(this.#flowTimer);
    this.#flowTimer = setTimeout(() => {
      if (this.#next === leg || (this.#shown === leg && !leg.connected)) this.#lost(id);
    }, FLOWS_WITHIN_MS);
    if (this.#shown === null) this.#show(leg);
    return leg;
  }

  #legChanged(leg: ReceivingLeg): void {
    if (leg === this.#next && (leg.flowing || (leg.connected && this.#shown?.connected === false && leg.received().length > 0))) this.#show(leg);
    if (leg !== this.#shown) return;
    if (leg.flowing) this.#failures = 0;
    this.changed();
  }

  #show(leg: ReceivingLeg): void {
    const before = this.#shown;
    this.#shown = leg;
    this.#next = null;
    this.changed();
    before?.close();
  }

  #lost(id: LegId): void {
    if (!this.#wanted) return;
    if (this.#next?.id === id) {
      this.#next.close();
      this.#next = null;
    } else if (this.#shown?.id !== id) return;
    // Where another is on its way already there is nothing to ask for.
    if (this.#next === null) this.#again();
    this.changed();
  }

  #again(): void {
    if (this.#againTimer !== undefined || this.#asking !== null) return;
    this.#againTimer = setTimeout(() => {
      this.#againTimer = undefined;
      void this.#open(null);
    }, waitBefore_ms(this.#failures++, Math.random()));
  }

  #forgetTry(): void {
    clearTimeout(this.#againTimer);
    this.#againTimer = undefined;
  }

  #letGo(): void {
    this.#next?.close();
    this.#shown?.close();
    this.#next = null;
    this.#shown = null;
  }
}
