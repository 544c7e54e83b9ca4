/** Records by person and name, in this browser only. */

/** A record's time decides which go where there are too many. */
interface Timed { readonly at_ms: number }

export class KeptByPerson<T extends Timed> {
  #prefix: string | null = null;

  /** @param max records kept; beyond it the oldest go @param read what was stored; null: it can't be understood */
  constructor(private readonly storedAs: string, private readonly max: number, private readonly read: (found: object, name: string) => T | null, private readonly store: Storage) {}

  /** Those of another person, or of nobody. */
  setMe(user: string | null): Map<string, T> {
    this.#prefix = user === null ? null : `${this.storedAs}.${user}.`;
    return new Map(this.#names().flatMap((name) => {
      const one = this.#read(name);
      return one ? [[name, one]] : [];
    }));
  }

  /** Which had to go for it. A full store keeps what it has; the record lasts as long as the page does. */
  put(name: string, record: Timed): string[] {
    if (this.#prefix === null) return [];
    const others = this.#names().filter((one) => one !== name).map((one) => ({ name: one, at_ms: this.#read(one)?.at_ms ?? 0 }));
    const gone = others.sort((a, b) => b.at_ms - a.at_ms).slice(this.max - 1).map((one) => one.name);
    for (const one of gone) this.drop(one);
    try {
      this.store.setItem(this.#prefix + name, JSON.stringify(record));
    } catch { /* Told above. */ }
    return gone;
  }

  drop(name: string): void {
    if (this.#prefix !== null) this.store.removeItem(this.#prefix + name);
  }

  /** As one signs out. */
  forget(): void {
    for (const name of this.#names()) this.drop(name);
  }

  #read(name: string): T | null {
    try {
      const found: unknown = JSON.parse(this.store.getItem(`${this.#prefix}${name}`) ?? 'null');
      return typeof found === 'object' && found !== null ? this.read(found, name) : null;
    } catch {
      return null;
    }
  }

  #names(): string[] {
    const prefix = this.#prefix;
    if (prefix === null) return [];
    const keys = Array.from({ length: this.store.length }, (_, at) => this.store.key(at) ?? '');
    return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }
}
