/** Turns the stream down while somebody of the group speaks: quickly down, slowly up, so that no word is lost and no gap jars. */
import { loudness } from '../../app/loudness.svelte';

/** What is left of the stream's volume. */
export const DUCKED = 0.25;
const STEP_MS = 40;
const DOWN_MS = 160;
const UP_MS = 700;
/** A breath between two sentences is no end. */
const HOLDS_MS = 600;

export class Ducking {
  #target = 1;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hold: ReturnType<typeof setTimeout> | undefined;

  /** @param wanted whether the person wants it so */
  constructor(private readonly wanted: () => boolean) {}

  set(speaking: boolean): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
    if (speaking && this.wanted()) this.#go(DUCKED);
    else if (this.#target !== 1) this.#hold = setTimeout(() => this.#go(1), HOLDS_MS);
  }

  #go(target: number): void {
    this.#target = target;
    this.#timer ??= setInterval(() => this.#step(), STEP_MS);
  }

  #step(): void {
    const whole = 1 - DUCKED;
    const now = loudness.factor;
    const next = now > this.#target
      ? Math.max(this.#target, now - (whole * STEP_MS) / DOWN_MS)
      : Math.min(this.#target, now + (whole * STEP_MS) / UP_MS);
    loudness.factor = next;
    if (next !== this.#target) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
