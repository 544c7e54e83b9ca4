/** What was written and not sent: by person and dialog, in this browser only. */
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import type { DialogId, DraftsModel } from './model';

/** Drafts kept; beyond it the oldest go. */
export const DRAFTS_MAX = 50;
/** Longer texts can't be sent, but may be shortened yet. */
export const DRAFT_MAX_CHARS = 2 * MESSAGE_MAX_CHARS;
const STORED_AS = 'hearth.draft';

interface Kept {
  readonly text: string;
  readonly at_ms: number;
}

function read(stored: string | null): Kept | null {
  try {
    const found: unknown = JSON.parse(stored ?? 'null');
    if (typeof found !== 'object' || found === null) return null;
    const { text, at_ms } = found as Partial<Record<keyof Kept, unknown>>;
    return typeof text === 'string' && text !== '' && typeof at_ms === 'number' ? { text: text.slice(0, DRAFT_MAX_CHARS), at_ms } : null;
  } catch {
    return null;
  }
}

export class Drafts implements DraftsModel {
  #texts = $state.raw<ReadonlyMap<DialogId, string>>(new Map());
  #prefix = '';

  constructor(private readonly store: Storage = localStorage) {}

  /** Those of another person, or of nobody. */
  setMe(user: string | null): void {
    this.#prefix = `${STORED_AS}.${user ?? ''}.`;
    this.#texts = new Map(user === null ? [] : this.#keys().flatMap((key) => {
      const kept = read(this.store.getItem(key));
      return kept ? [[key.slice(this.#prefix.length), kept.text]] : [];
    }));
  }

  of(id: DialogId): string {
    return this.#texts.get(id) ?? '';
  }

  set(id: DialogId, text: string): void {
    const kept = text.trim() === '' ? '' : text.slice(0, DRAFT_MAX_CHARS);
    if (kept === this.of(id)) return;
    const texts = new Map(this.#texts);
    texts.delete(id);
    if (kept !== '') texts.set(id, kept);
    this.#texts = texts;
    if (kept === '') this.store.removeItem(this.#prefix + id);
    else {
      this.#makeRoom(this.#prefix + id);
      try {
        this.store.setItem(this.#prefix + id, JSON.stringify({ text: kept, at_ms: Date.now() }));
      } catch {
        // A full store keeps what it has; the draft stays for as long as the page does.
      }
    }
  }

  #keys(): string[] {
    return Array.from({ length: this.store.length }, (_, at) => this.store.key(at) ?? '').filter((key) => key.startsWith(this.#prefix));
  }

  #makeRoom(but: string): void {
    const kept = this.#keys().filter((key) => key !== but).map((key) => ({ key, at_ms: read(this.store.getItem(key))?.at_ms ?? 0 }));
    kept.sort((a, b) => b.at_ms - a.at_ms);
    for (const { key } of kept.slice(DRAFTS_MAX - 1)) {
      this.store.removeItem(key);
      const texts = new Map(this.#texts);
      texts.delete(key.slice(this.#prefix.length));
      this.#texts = texts;
    }
  }
}
