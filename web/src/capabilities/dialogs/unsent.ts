/** What I said and the server has not stored, as far as is known: by person, in this browser only, so that it outlives the page. */
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import type { Unstored } from '../conversation/timeline';
import { DISCONNECTED } from '../people/refusal';
import { KeptByPerson } from './kept';
import type { DialogId } from './model';

/** Messages kept; beyond it the oldest go. */
export const UNSENT_MAX = 50;
const STORED_AS = 'hearth.unsent';

interface Unsent { readonly dialog: DialogId; readonly at_ms: number; readonly message: Unstored }

function read(found: object, nonce: string): Unsent | null {
  const { dialog, text, replyTo, at_ms, moment } = found as Partial<Record<string, unknown>>;
  if (typeof dialog !== 'string' || typeof text !== 'string' || text === '' || [...text].length > MESSAGE_MAX_CHARS || typeof at_ms !== 'number') return null;
  const of = moment as { video?: unknown; at_ms?: unknown } | null | undefined;
  const about = of && typeof of.video === 'string' && typeof of.at_ms === 'number' ? { moment: { video: of.video, at_ms: of.at_ms } } : {};
  // Whether it arrived is not known: the same name makes another try harmless.
  return { dialog, at_ms, message: { nonce, text, replyTo: typeof replyTo === 'number' ? replyTo : null, mentions: [], at_ms, refusal: DISCONNECTED, ...about } };
}

export class KeptUnsent {
  #kept: KeptByPerson<Unsent>;

  constructor(store: Storage = localStorage) {
    this.#kept = new KeptByPerson(STORED_AS, UNSENT_MAX, read, store);
  }

  /** That of another person, or of nobody: what was not sent before, by dialog, the oldest first. */
  setMe(user: string | null): Map<DialogId, Unstored[]> {
    const by = new Map<DialogId, Unstored[]>();
    for (const { dialog, message } of [...this.#kept.setMe(user).values()].sort((a, b) => a.at_ms - b.at_ms)) by.set(dialog, [...(by.get(dialog) ?? []), message]);
    return by;
  }

  keep(dialog: DialogId, { nonce, text, replyTo, at_ms, moment }: Unstored): void {
    // What is too long is never sent as it is.
    if ([...text].length > MESSAGE_MAX_CHARS) return;
    const record = { dialog, text, replyTo, at_ms, moment };
    this.#kept.put(nonce, record);
  }

  drop(nonce: string): void { this.#kept.drop(nonce); }

  /** As one signs out. */
  forget(): void { this.#kept.forget(); }
}
