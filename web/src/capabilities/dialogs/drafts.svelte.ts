/** What was written and not sent: by person and dialog, in this browser only. */
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import { KeptByPerson } from './kept';
import type { Answered, DialogId, DraftsModel } from './model';

/** Drafts kept; beyond it the oldest go. */
export const DRAFTS_MAX = 50;
/** Longer texts can't be sent, but may be shortened yet. */
export const DRAFT_MAX_CHARS = 2 * MESSAGE_MAX_CHARS;
/** Of the message that is replied to: what is shown above the field. */
export const QUOTED_MAX_CHARS = 200;
const STORED_AS = 'hearth.draft';

interface Draft {
  readonly text: string;
  readonly at_ms: number;
  readonly reply: Answered | null;
}

/** It is known by its place in the dialog; the names that it had in this page are gone with that. */
function replyIn(stored: unknown): Answered | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { position, mine, by, text, carries } = stored as Partial<Record<string, unknown>>;
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position <= 0 || typeof by !== 'string' || typeof text !== 'string') return null;
  return { id: `p${position}`, position, mine: mine === true, author: { displayName: by }, text, carries: carries === 'video' || carries === 'image' ? { kind: carries } : null };
}

function read(found: object): Draft | null {
  const { text, at_ms, reply } = found as Partial<Record<keyof Draft, unknown>>;
  return typeof text === 'string' && text !== '' && typeof at_ms === 'number' ? { text: text.slice(0, DRAFT_MAX_CHARS), at_ms, reply: replyIn(reply) } : null;
}

export class Drafts implements DraftsModel {
  #texts = $state.raw<ReadonlyMap<DialogId, string>>(new Map());
  #replies = new Map<DialogId, Answered>();
  #kept: KeptByPerson<Draft>;

  constructor(store: Storage = localStorage) {
    this.#kept = new KeptByPerson(STORED_AS, DRAFTS_MAX, read, store);
  }

  /** Those of another person, or of nobody. */
  setMe(user: string | null): void {
    const kept = [...this.#kept.setMe(user)];
    this.#replies = new Map(kept.flatMap(([id, { reply }]) => (reply ? [[id, reply]] : [])));
    this.#texts = new Map(kept.map(([id, { text }]) => [id, text]));
  }

  /** As one signs out. */
  forget(): void {
    this.#kept.forget();
    this.#replies.clear();
    this.#texts = new Map();
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
    this.#keep(id);
  }

  replyOf(id: DialogId): Answered | null {
    return this.#replies.get(id) ?? null;
  }

  setReply(id: DialogId, to: Answered | null): void {
    if (to === null || to.position === null) this.#replies.delete(id);
    else this.#replies.set(id, { ...to, id: `p${to.position}`, text: [...to.text].slice(0, QUOTED_MAX_CHARS).join('') });
    if (this.of(id) !== '') this.#keep(id);
  }

  #keep(id: DialogId): void {
    const text = this.of(id);
    if (text === '') return this.#kept.drop(id);
    const to = this.#replies.get(id);
    const reply = to && { position: to.position, mine: to.mine, by: to.author.displayName, text: to.text, carries: to.carries?.kind };
    const record = { text, at_ms: Date.now(), reply };
    const gone = new Set(this.#kept.put(id, record));
    if (gone.size > 0) this.#texts = new Map([...this.#texts].filter(([one]) => !gone.has(one)));
  }
}
