/**
 * The messages that are held here: stored ones by position, and my own that are not stored yet.
 *
 * However they come (live, replayed, from a page of the history, as an answer to what I sent), each is there once.
 * A message of mine keeps the id that it had while it was pending.
 */
import type { Message, Moment, UserId } from '../../protocol/generated/types';
import type { FloatStyle } from '../floating_messages/model';
import type { Refusal } from '../people/model';

/** Stored messages held; beyond it the oldest are let go, and can be read back. */
export const HELD_MAX = 3_000;
/** How many are let go at once, so that it is seldom. */
export const LET_GO = 500;

/** A message of mine that the server has not stored, as far as is known. */
export interface Unstored {
  readonly nonce: string;
  readonly text: string;
  readonly replyTo: number | null;
  readonly mentions: readonly UserId[];
  readonly at_ms: number;
  readonly refusal: Refusal | null;
  readonly float?: FloatStyle;
  /** Where the picture was for me. */
  readonly media_ms?: number;
  /** The moment of a film that it belongs to. */
  readonly moment?: Moment;
}

export class Timeline {
  #stored: Message[] = [];
  #unstored: Unstored[] = [];
  #nonceOf = new Map<number, string>();
  #positionOf = new Map<string, number>();
  /** Nonces that were mine, so that an echo is known as mine. */
  #mine = new Set<string>();

  get stored(): readonly Message[] { return this.#stored; }
  get unstored(): readonly Unstored[] { return this.#unstored; }
  get first(): number | null { return this.#stored[0]?.position ?? null; }
  get last(): number { return this.#stored.at(-1)?.position ?? 0; }

  idOf(position: number): string {
    const nonce = this.#nonceOf.get(position);
    return nonce === undefined ? `p${position}` : `n${nonce}`;
  }

  /** Null for what is not stored. */
  positionOf(id: string): number | null {
    if (id.startsWith('n')) return this.#positionOf.get(id.slice(1)) ?? null;
    const position = Number(id.slice(1));
    return id.startsWith('p') && Number.isSafeInteger(position) ? position : null;
  }

  at(position: number): Message | undefined {
    const index = this.#indexOf(position);
    const found = this.#stored[index];
    return found?.position === position ? found : undefined;
  }

  /** Takes messages in whatever order they come. Returns whether the oldest were let go for it. */
  merge(messages: readonly Message[], live = false): boolean {
    for (const message of messages) {
      if (message.nonce !== undefined && this.#mine.has(message.nonce)) this.#recognise(message.nonce, message.position);
      const index = this.#indexOf(message.position);
      const held = this.#stored[index];
      if (held?.position !== message.position) this.#stored.splice(index, 0, message);
      // A page that was read before a deletion must not bring the text back.
      else if (!held.deleted) this.#stored[index] = message;
    }
    if (!live || this.#stored.length <= HELD_MAX) return false;
    for (const gone of this.#stored.splice(0, LET_GO)) {
      const nonce = this.#nonceOf.get(gone.position);
      this.#nonceOf.delete(gone.position);
      if (nonce !== undefined) {
        this.#positionOf.delete(nonce);
        this.#mine.delete(nonce);
      }
    }
    return true;
  }

  markDeleted(position: number): void {
    const index = this.#indexOf(position);
    const held = this.#stored[index];
    if (held?.position === position) this.#stored[index] = { ...held, text: '', deleted: true };
    this.#stored = this.#stored.map((one) =>
      one.reply_to?.position === position ? { ...one, reply_to: { ...one.reply_to, text: '' } } : one);
  }

  /** Lets go of everything older. */
  forgetBefore(position: number): void {
    this.#stored.splice(0, this.#indexOf(position));
  }

  /** Lets go of everything newer. */
  forgetAfter(position: number): void {
    this.#stored.length = this.#indexOf(position + 1);
  }

  say(message: Unstored): void {
    this.#mine.add(message.nonce);
    this.#unstored = [...this.#unstored.filter((one) => one.nonce !== message.nonce), message];
  }

  /** The server stored mine; its own copy may come before or after this. */
  acknowledge(nonce: string, message: Message): void {
    this.#recognise(nonce, message.position);
    if (!this.at(message.position)) this.merge([message], true);
  }

  fail(nonce: string, refusal: Refusal): void {
    this.#unstored = this.#unstored.map((one) => (one.nonce === nonce ? { ...one, refusal } : one));
  }

  /** Gives a message of mine up; null if it is not an unstored one. */
  discard(id: string): Unstored | null {
    const found = this.#unstored.find((one) => `n${one.nonce}` === id);
    if (!found) return null;
    this.#unstored = this.#unstored.filter((one) => one !== found);
    return found;
  }

  #recognise(nonce: string, position: number): void {
    this.#nonceOf.set(position, nonce);
    this.#positionOf.set(nonce, position);
    this.#unstored = this.#unstored.filter((one) => one.nonce !== nonce);
  }

  /** Where a position is, or belongs. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#stored.length;
    // The newest is by far the most usual.
    if (high === 0 || (this.#stored[high - 1]?.position ?? 0) < position) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#stored[middle]?.position ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
