/**
 * The picture's time as even steps.
 *
 * What a player says of its position comes in uneven steps (tens of milliseconds in some browsers), and text that moved by
 * it would tremble. This goes by the monotonic clock, is drawn gently towards what the player says, and jumps with it.
 */
import type { MediaMoment } from './model';

/** Farther apart than this it was a jump. */
export const JUMP_MS = 350;
/** How fast a difference is made up for: by two thirds in this time. */
export const DRAWN_WITHIN_MS = 500;

export class SmoothClock {
  #media_ms: number | null = null;
  #read_ms = 0;

  /** The media time at `now_ms` on the monotonic clock. Goes back only by a jump. */
  read(said: MediaMoment, now_ms: number): number {
    const passed_ms = Math.max(0, now_ms - this.#read_ms);
    this.#read_ms = now_ms;
    if (this.#media_ms === null) return (this.#media_ms = said.media_ms);
    const going = this.#media_ms + passed_ms * said.rate;
    const off_ms = said.media_ms - going;
    if (Math.abs(off_ms) > JUMP_MS) return (this.#media_ms = said.media_ms);
    if (said.rate === 0) return this.#media_ms;
    const drawn = going + off_ms * (1 - Math.exp(-passed_ms / DRAWN_WITHIN_MS));
    return (this.#media_ms = Math.max(this.#media_ms, drawn));
  }
}
