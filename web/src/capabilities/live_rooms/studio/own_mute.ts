/**
 * Whose wish it is that my microphone is off: mine, or a moderator's.
 *
 * The server tells one word for both. What I said myself comes back from it a moment later, and perhaps after I changed my mind:
 * while an answer is open, and shortly after, its word is my own echo.
 */
import type { Outcome } from '../../people/model';

/** An event that was sent before the answer may arrive after it. */
export const SETTLES_MS = 400;

export class OwnMute {
  #open = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = false;
  #live = false;

  constructor(private readonly tell: (muted: boolean) => Promise<Outcome>, private readonly silenced: () => void) {}

  /** Says what I want. */
  say(muted: boolean): void {
    this.#live = !muted;
    this.#open += 1;
    clearTimeout(this.#timer);
    void this.tell(muted).finally(() => {
      this.#open -= 1;
      if (this.#open > 0) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#judge();
      }, SETTLES_MS);
    });
  }

  /** @param muted what the server says @param live whether my microphone is on here */
  told(muted: boolean, live: boolean): void {
    this.#told = muted;
    this.#live = live;
    this.#judge();
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#told = false;
    this.#live = false;
  }

  #judge(): void {
    if (!this.#told || !this.#live || this.#open > 0 || this.#timer !== undefined) return;
    this.#live = false;
    this.silenced();
  }
}
