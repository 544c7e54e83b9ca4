/** A browser's store, for tests. */
export class Kept implements Storage {
  #held = new Map<string, string>();
  full = false;
  [name: string]: unknown;
  get length(): number { return this.#held.size; }
  clear(): void { this.#held.clear(); }
  getItem(key: string): string | null { return this.#held.get(key) ?? null; }
  key(at: number): string | null { return [...this.#held.keys()][at] ?? null; }
  removeItem(key: string): void { this.#held.delete(key); }
  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.#held.set(key, value);
  }
}
