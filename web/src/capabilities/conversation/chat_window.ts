/**
 * The chat of a film, or of a broadcast that is looked back in, around the time that is played: one stretch of it without
 * gaps, read ahead of the picture, and begun anew where the picture jumps out of it. So any length costs no more than a while.
 */
import type { Reply } from '../../engines/http/http';
import type { MediaMessages, Message } from '../../protocol/generated/types';

/** Held ahead of the picture. */
export const AHEAD_MS = 60_000;
/** Where the stretch begins, before the picture. */
export const BEFORE_MS = 120_000;
/** Messages held; beyond it the earliest are let go. */
export const HELD_MAX = 4_000;
/** A page that failed is asked for again after this. */
export const AGAIN_MS = 4_000;

export type ReadMessages = (after: { readonly ms: number; readonly position: number } | null) => Promise<Reply<MediaMessages>>;

export class ChatWindow {
  messages: readonly Message[] = [];
  state: 'loading' | 'ready' | 'failed' = 'loading';
  /** All up to here is held; Infinity when all to the end is. */
  #to_ms = 0;
  #from_ms: number | null = null;
  #reading: symbol | null = null;
  #failed_ms = -Infinity;
  /** When there was no more yet of what grows. */
  #ended_ms = -Infinity;
  #closed = false;

  /** @param grows whether more is being said: then the end is looked at again */
  constructor(private readonly read: ReadMessages, private readonly changed: () => void, private readonly grows = false) {}

  /** Sees to it that what belongs to a media time is held, or is on its way. */
  need(media_ms: number, now_ms: number): void {
    if (this.#closed) return;
    const inside = this.#from_ms !== null && media_ms >= this.#from_ms && media_ms <= this.#to_ms + AHEAD_MS;
    // The picture stands between milliseconds; messages are asked for by whole ones.
    if (!inside) this.#begin(Math.max(0, Math.floor(media_ms - BEFORE_MS)));
    if (this.#to_ms >= media_ms + AHEAD_MS || this.#reading !== null || now_ms - Math.max(this.#failed_ms, this.#ended_ms) < AGAIN_MS) return;
    void this.#readOn(media_ms, now_ms);
  }

  /** Lets go of a message that was deleted. */
  forget(position: number): void {
    if (!this.messages.some((one) => one.position === position)) return;
    this.messages = this.messages.filter((one) => one.position !== position);
    this.changed();
  }

  close(): void {
    this.#closed = true;
    this.#reading = null;
  }

  #begin(from_ms: number): void {
    this.#from_ms = from_ms;
    this.#to_ms = from_ms;
    this.messages = [];
    this.state = 'loading';
    this.#reading = null;
    this.#failed_ms = this.#ended_ms = -Infinity;
    this.changed();
  }

  async #readOn(media_ms: number, now_ms: number): Promise<void> {
    const reading = (this.#reading = Symbol('page'));
    while (this.#to_ms < media_ms + AHEAD_MS) {
      const last = this.messages.at(-1);
      const from_ms = this.#from_ms ?? 0;
      const reply = await this.read(last ? { ms: last.media_ms ?? 0, position: last.position } : from_ms === 0 ? null : { ms: from_ms, position: 0 });
      if (this.#reading !== reading) return;
      if (reply.is !== 'ok') {
        this.#failed_ms = now_ms;
        this.state = 'failed';
        break;
      }
      this.#take(reply.value);
      this.state = 'ready';
      if (this.#to_ms === Infinity && this.grows) {
        this.#to_ms = Math.max(media_ms, this.messages.at(-1)?.media_ms ?? 0);
        this.#ended_ms = now_ms;
        break;
      }
      this.changed();
    }
    this.#reading = null;
    this.changed();
  }

  #take({ messages, more }: MediaMessages): void {
    const held = [...this.messages, ...messages];
    const gone = held.splice(0, Math.max(0, held.length - HELD_MAX)).at(-1);
    if (gone) this.#from_ms = gone.media_ms ?? 0;
    this.messages = held;
    // A page that brings nothing new would be asked for without end.
    this.#to_ms = more && messages.length > 0 ? (messages.at(-1)?.media_ms ?? this.#to_ms) : Infinity;
  }
}
