/** Floating messages by the media time at which they belong: found by a search, whatever their number. */
import type { FloatingMessage } from './model';

/** About six hours at 16,000 an hour; beyond it the earliest are let go. */
export const KEPT_MAX = 100_000;

export class ByTime {
  #sorted: FloatingMessage[] = [];
  #byId = new Map<string, FloatingMessage>();

  get size(): number { return this.#sorted.length; }
  has(id: string): boolean { return this.#byId.has(id); }
  ids(): IterableIterator<string> { return this.#byId.keys(); }

  /** Takes those that are not known yet, in any order. Returns them. */
  add(messages: readonly FloatingMessage[]): FloatingMessage[] {
    const fresh = messages.filter((one) => !this.#byId.has(one.id) && (this.#byId.set(one.id, one), true));
    if (fresh.length === 0) return fresh;
    const last_ms = this.#sorted.at(-1)?.media_ms ?? -Infinity;
    const inOrder = fresh.every((one, at) => one.media_ms >= (at === 0 ? last_ms : (fresh[at - 1]?.media_ms ?? 0)));
    if (inOrder) for (const one of fresh) this.#sorted.push(one);
    else if (fresh.length === 1 && fresh[0]) this.#sorted.splice(this.#firstAfter(fresh[0].media_ms), 0, fresh[0]);
    else this.#sorted = [...this.#sorted, ...fresh].sort((a, b) => a.media_ms - b.media_ms);
    if (this.#sorted.length > KEPT_MAX) for (const gone of this.#sorted.splice(0, this.#sorted.length - KEPT_MAX)) this.#byId.delete(gone.id);
    return fresh;
  }

  remove(id: string): boolean {
    const found = this.#byId.get(id);
    if (!found) return false;
    this.#byId.delete(id);
    this.#sorted.splice(this.#sorted.indexOf(found, Math.max(0, this.#firstAfter(found.media_ms - 1) - 1)), 1);
    return true;
  }

  /** Those after `from_ms`, up to and with `to_ms`, in order. */
  between(from_ms: number, to_ms: number): FloatingMessage[] {
    return this.#sorted.slice(this.#firstAfter(from_ms), this.#firstAfter(to_ms));
  }

  /** When the next one after a moment is due; Infinity when there is none. */
  nextAfter(at_ms: number): number {
    return this.#sorted[this.#firstAfter(at_ms)]?.media_ms ?? Infinity;
  }

  #firstAfter(at_ms: number): number {
    let low = 0;
    let high = this.#sorted.length;
    // Live, everything looked for is at the end.
    if (high === 0 || (this.#sorted[high - 1]?.media_ms ?? 0) <= at_ms) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle]?.media_ms ?? 0) <= at_ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
