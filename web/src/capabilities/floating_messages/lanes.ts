/**
 * Where floating messages go: rows of one height, and in each row nobody over anybody.
 *
 * A scrolling message enters at the right edge and moves at a speed of its own, so two things must hold of the one
 * before it in its lane: that its tail has come in, and that it has left before the newcomer could catch up.
 * Distances between two that move evenly change evenly: what holds at both ends holds in between.
 * One that stands takes a row's middle, from above or from below: it comes when the last that scrolls there has passed the
 * middle, and the next that scrolls reaches it when the other has gone.
 */
import type { Place } from './model';

export interface Field {
  readonly width_px: number;
  readonly rows: number;
  readonly row_px: number;
  /** How long a message without length takes across the width. */
  readonly cross_ms: number;
  /** How long one stands. */
  readonly stay_ms: number;
  /** Kept free between two in a lane. */
  readonly gap_px: number;
  /** How much later than it was said a message may come, when there is no room for it at once. */
  readonly patience_ms: number;
  /** The same for those that stand, which need more room. */
  readonly standsPatience_ms: number;
}

export interface Seat {
  readonly place: Place;
  readonly row: number;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly width_px: number;
  /** To the left; 0 for what stands. */
  readonly speed_px_per_ms: number;
}

/** A message that scrolls and is wider than the picture goes no faster than one that is as wide. */
export function speedOf(width_px: number, field: Field): number {
  return (field.width_px + Math.min(width_px, field.width_px)) / field.cross_ms;
}

/** The left edge of a seat at a moment, in the field's pixels. */
export function leftOf(seat: Seat, field: Field, at_ms: number): number {
  return seat.place === 'scroll'
    ? field.width_px - (at_ms - seat.start_ms) * seat.speed_px_per_ms
    : (field.width_px - seat.width_px) / 2;
}

export class Lanes {
  /** The last that scrolls of each row. */
  #last: (Seat | undefined)[];
  /** The last that stands of each row. */
  #standing: (Seat | undefined)[];

  constructor(readonly field: Field) {
    this.#last = new Array<Seat | undefined>(field.rows).fill(undefined);
    this.#standing = new Array<Seat | undefined>(field.rows).fill(undefined);
  }

  /**
   * A seat for a message, at once or as soon as there is one within the patience, else null.
   * Must be called in the order of `at_ms`.
   * @param patience_ms other than the field's, for one's own
   */
  seat(width_px: number, place: Place, at_ms: number, patience_ms?: number): Seat | null {
    // What is wider than the picture can't stand in it.
    if (place !== 'scroll' && width_px <= this.field.width_px) return this.#stand(width_px, place, at_ms, patience_ms ?? this.field.standsPatience_ms);
    return this.#scroll(width_px, at_ms, patience_ms ?? this.field.patience_ms);
  }

  #scroll(width_px: number, at_ms: number, patience_ms: number): Seat | null {
    const { field } = this;
    const speed = speedOf(width_px, field);
    let best = -1;
    let best_ms = Infinity;
    for (let row = 0; row < field.rows && best_ms > at_ms; row += 1) {
      const free_ms = Math.max(at_ms, this.#freeAt(row, speed));
      if (free_ms < best_ms) [best, best_ms] = [row, free_ms];
    }
    if (best < 0 || best_ms - at_ms > patience_ms) return null;
    const seat: Seat = {
      place: 'scroll', row: best, start_ms: best_ms, end_ms: best_ms + (field.width_px + width_px) / speed, width_px, speed_px_per_ms: speed,
    };
    this.#last[best] = seat;
    return seat;
  }

  /** The earliest moment at which one of this speed may enter a lane. */
  #freeAt(row: number, speed_px_per_ms: number): number {
    const { field } = this;
    const before = this.#last[row];
    const standing = this.#standing[row];
    // Its head may be at the other's right end when that goes.
    const standingGone_ms = standing ? standing.end_ms - Math.max(0, (field.width_px - standing.width_px) / 2 - field.gap_px) / speed_px_per_ms : -Infinity;
    if (!before) return standingGone_ms;
    const entered_ms = before.start_ms + (before.width_px + field.gap_px) / before.speed_px_per_ms;
    const notCaughtUp_ms = before.end_ms - Math.max(0, field.width_px - field.gap_px) / speed_px_per_ms;
    return Math.max(standingGone_ms, entered_ms, notCaughtUp_ms);
  }

  #stand(width_px: number, place: 'top' | 'bottom', at_ms: number, patience_ms: number): Seat | null {
    const { rows, stay_ms } = this.field;
    let best = -1;
    let best_ms = Infinity;
    for (let step = 0; step < rows && best_ms > at_ms; step += 1) {
      const row = place === 'top' ? step : rows - 1 - step;
      const free_ms = Math.max(at_ms, this.#standing[row]?.end_ms ?? -Infinity, this.#passedAt(row, width_px));
      if (free_ms < best_ms) [best, best_ms] = [row, free_ms];
    }
    if (best < 0 || best_ms - at_ms > patience_ms) return null;
    const seat: Seat = { place, row: best, start_ms: best_ms, end_ms: best_ms + stay_ms, width_px, speed_px_per_ms: 0 };
    this.#standing[best] = seat;
    return seat;
  }

  /** When the last that scrolls in a row has left its middle, as wide as that is. */
  #passedAt(row: number, width_px: number): number {
    const { field } = this;
    const last = this.#last[row];
    if (!last) return -Infinity;
    const left_px = (field.width_px - width_px) / 2 - field.gap_px;
    return last.start_ms + (field.width_px + last.width_px - left_px) / last.speed_px_per_ms;
  }
}
