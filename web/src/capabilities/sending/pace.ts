/** How fast something goes, by what has gone in the last few seconds. */

const WINDOW_MS = 6_000;
/** Earlier than this it is a guess. */
const KNOWN_AFTER_MS = 800;

export class Pace {
  #marks: { at_ms: number; bytes: number }[] = [];

  /** @returns bytes a second; null: not known yet */
  mark(bytes: number, at_ms: number): number | null {
    // What goes on begins where it was: that much has not gone now.
    if (this.#marks.length > 0 && bytes < this.#marks.at(-1)!.bytes) this.#marks = [];
    this.#marks.push({ at_ms, bytes });
    while (this.#marks.length > 2 && at_ms - this.#marks[1]!.at_ms > WINDOW_MS) this.#marks.shift();
    const first = this.#marks[0]!;
    const took_ms = at_ms - first.at_ms;
    return took_ms < KNOWN_AFTER_MS || bytes === first.bytes ? null : ((bytes - first.bytes) * 1_000) / took_ms;
  }

  forget(): void { this.#marks = []; }
}
