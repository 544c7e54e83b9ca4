/** What I said and the server has not stored, as far as is known: by person, in this browser only, so that it outlives the page. */
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import type { Unstored } from '../conversation/timeline';
import { DISCONNECTED } from '../people/refusal';
import type { DialogId } from './model';

/** Messages kept; beyond it the oldest go. */
export const UNSENT_MAX = 50;
const STORED_AS = 'hearth.unsent';

function read(nonce: string, stored: string | null): { dialog: DialogId; message: Unstored } | null {
  try {
    const found: unknown = JSON.parse(stored ?? 'null');
    if (typeof found !== 'object' || found === null) return null;
    const { dialog, text, replyTo, at_ms, moment } = found as Partial<Record<string, unknown>>;
    if (typeof dialog !== 'string' || typeof text !== 'string' || text === '' || [...text].length > MESSAGE_MAX_CHARS || typeof at_ms !== 'number') return null;
    const of = moment as { video?: unknown; at_ms?: unknown } | null | undefined;
    const about = of && typeof of.video === 'string' && typeof of.at_ms === 'number' ? { moment: { video: of.video, at_ms: of.at_ms } } : {};
    // Whether it arrived is not known: the same name makes another try harmless.
    return { dialog, message: { nonce, text, replyTo: typeof replyTo === 'number' ? replyTo : null, mentions: [], at_ms, refusal: DISCONNECTED, ...about } };
  } catch {
    return null;
  }
}

export class KeptUnsent {
  #prefix: string | null = null;

  constructor(private readonly store: Storage = localStorage) {}

  /** That of another person, or of nobody: what was not sent before, by dialog, the oldest first. */
  setMe(user: string | null): Map<DialogId, Unstored[]> {
    this.#prefix = user === null ? null : `${STORED_AS}.${user}.`;
    const all = this.#keys().flatMap(({ key, nonce }) => read(nonce, this.store.getItem(key)) ?? []);
    const by = new Map<DialogId, Unstored[]>();
    for (const { dialog, message } of all.sort((a, b) => a.message.at_ms - b.message.at_ms)) by.set(dialog, [...(by.get(dialog) ?? []), message]);
    return by;
  }

  keep(dialog: DialogId, { nonce, text, replyTo, at_ms, moment }: Unstored): void {
    // What is too long is never sent as it is.
    if (this.#prefix === null || [...text].length > MESSAGE_MAX_CHARS) return;
    this.#makeRoom(this.#prefix + nonce);
    try {
      this.store.setItem(this.#prefix + nonce, JSON.stringify({ dialog, text, replyTo, at_ms, moment }));
    } catch {
      // A full store keeps what it has; the message stays for as long as the page does.
    }
  }

  drop(nonce: string): void {
    if (this.#prefix !== null) this.store.removeItem(this.#prefix + nonce);
  }

  /** As one signs out. */
  forget(): void {
    for (const { key } of this.#keys()) this.store.removeItem(key);
  }

  #keys(): { key: string; nonce: string }[] {
    const prefix = this.#prefix;
    if (prefix === null) return [];
    return Array.from({ length: this.store.length }, (_, at) => this.store.key(at) ?? '').filter((key) => key.startsWith(prefix)).map((key) => ({ key, nonce: key.slice(prefix.length) }));
  }

  #makeRoom(but: string): void {
    const kept = this.#keys().filter(({ key }) => key !== but).map(({ key, nonce }) => ({ key, at_ms: read(nonce, this.store.getItem(key))?.message.at_ms ?? 0 }));
    for (const { key } of kept.sort((a, b) => b.at_ms - a.at_ms).slice(UNSENT_MAX - 1)) this.store.removeItem(key);
  }
}
