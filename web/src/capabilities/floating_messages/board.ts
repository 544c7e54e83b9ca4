/**
 * What floats at each moment: follows the picture's time, takes what is due, and seats it in the lanes.
 *
 * Everything is a function of media time: when the picture stands all stands, when it is slowed all is slowed, and after
 * a jump what belongs to the new time is there, as far across as it would have come.
 */
import { ByTime } from './by_time';
import { Lanes, leftOf, type Seat } from './lanes';
import type { FloatingMessage } from './model';
import { OWN_PATIENCE_MS, type Layout } from './layout';

export interface Floating {
  readonly message: FloatingMessage;
  readonly seat: Seat;
}

/** A step of the time longer than this is a jump. */
export const JUMP_MS = 1_500;
/** Said longer ago than this, a message that arrives belongs to the past: the chat has it, and a jump back shows it. */
export const LATE_MS = 10_000;
/** At once; those beyond are left out. */
export const ON_SCREEN_MAX = 600;
/** The longest text on the narrowest picture takes so many times as long as one without length. */
export const SLOWEST = 5;
/** How long coming and going takes where nothing moves. */
export const FADE_MS = 350;

export class Board {
  #known = new ByTime();
  #floating: Floating[] = [];
  #layout: Layout | null = null;
  #lanes: Lanes | null = null;
  #admits: (message: FloatingMessage) => boolean = () => true;
  #now_ms: number | null = null;

  /** @param widthOf of a message's text in the layout's font, in pixels, with its frame if it is mine */
  constructor(private readonly widthOf: (message: FloatingMessage, layout: Layout) => number) {}

  get floating(): readonly Floating[] { return this.#floating; }
  get layout(): Layout | null { return this.#layout; }
  get size(): number { return this.#known.size; }
  knows(id: string): boolean { return this.#known.has(id); }

  /** Seats everything anew, where it would be by now in this layout. */
  arrange(layout: Layout, admits: (message: FloatingMessage) => boolean): void {
    this.#layout = layout;
    this.#admits = admits;
    if (this.#now_ms !== null) this.#jump(this.#now_ms);
  }

  /** Messages that were said; those of just now float at once. */
  add(messages: readonly FloatingMessage[]): void {
    const now_ms = this.#now_ms;
    for (const one of this.#known.add(messages)) {
      if (now_ms !== null && one.media_ms <= now_ms && one.media_ms > now_ms - LATE_MS) this.#seat(one, now_ms);
    }
  }

  remove(id: string): void {
    if (this.#known.remove(id)) this.#floating = this.#floating.filter((one) => one.message.id !== id);
  }

  /** Forgets whatever `keep` does not name. */
  retain(keep: ReadonlySet<string>): void {
    for (const id of [...this.#known.ids()]) if (!keep.has(id)) this.remove(id);
  }

  clear(): void {
    this.#known = new ByTime();
    this.#floating = [];
    this.#now_ms = null;
  }

  /** Goes to a media time. */
  advance(now_ms: number): void {
    const before_ms = this.#now_ms;
    if (before_ms === null || now_ms < before_ms || now_ms - before_ms > JUMP_MS) return this.#jump(now_ms);
    this.#now_ms = now_ms;
    for (const one of this.#known.between(before_ms, now_ms)) this.#seat(one, one.media_ms);
    if (this.#floating.some((one) => one.seat.end_ms <= now_ms)) this.#floating = this.#floating.filter((one) => one.seat.end_ms > now_ms);
  }

  /** When something will be seen to happen: 0 while anything floats. */
  quietFor(now_ms: number): number {
    return this.#floating.length > 0 ? 0 : Math.max(0, this.#known.nextAfter(now_ms) - now_ms);
  }

  #jump(now_ms: number): void {
    this.#now_ms = now_ms;
    this.#floating = [];
    if (!this.#layout) return;
    const { field } = this.#layout;
    this.#lanes = new Lanes(field);
    const back_ms = Math.max(field.cross_ms * SLOWEST, field.stay_ms) + OWN_PATIENCE_MS;
    for (const one of this.#known.between(now_ms - back_ms, now_ms)) {
      this.#floating = this.#floating.filter((other) => other.seat.end_ms > one.media_ms);
      this.#seat(one, one.media_ms);
    }
    this.#floating = this.#floating.filter((one) => one.seat.end_ms > now_ms);
  }

  #seat(message: FloatingMessage, at_ms: number): void {
    const layout = this.#layout;
    if (!layout || !this.#admits(message)) return;
    this.#lanes ??= new Lanes(layout.field);
    if (this.#floating.length >= ON_SCREEN_MAX && !message.mine) return;
    const place = layout.still && message.style.place === 'scroll' ? 'top' : message.style.place;
    const seat = this.#lanes.seat(this.widthOf(message, layout), place, at_ms, message.mine ? OWN_PATIENCE_MS : undefined);
    if (seat) this.#floating.push({ message, seat });
  }
}

/** Where one is drawn at a moment, and how solid; null while it waits for its turn. */
export function drawnAt(one: Floating, layout: Layout, now_ms: number): { readonly x_px: number; readonly y_px: number; readonly alpha: number } | null {
  const { seat } = one;
  if (now_ms < seat.start_ms || now_ms >= seat.end_ms) return null;
  const alpha = layout.still ? Math.min(1, (now_ms - seat.start_ms) / FADE_MS, (seat.end_ms - now_ms) / FADE_MS) : 1;
  return { x_px: leftOf(seat, layout.field, now_ms), y_px: seat.row * layout.field.row_px, alpha };
}
