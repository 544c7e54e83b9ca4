/** Finding as one types: after a moment, the last words win, and an answer that comes late is nobody's. */
import type { Reply } from '../../engines/http/http';
import type { FoundMessages, People, SpaceId, UserId } from '../../protocol/generated/types';
import type { Person } from '../people/model';
import { person } from '../people/person';
import type { DialogId, FinderModel, FoundRow, More, SearchModel } from './model';

/** Typing goes on within this. */
export const TYPING_PAUSE_MS = 250;

class Asking {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #now: symbol | null = null;

  /** @param answered is called unless something else was asked meanwhile */
  ask<T>(what: () => Promise<Reply<T>>, answered: (reply: Reply<T>) => void, pause_ms = TYPING_PAUSE_MS): void {
    this.stop();
    const mine = (this.#now = Symbol('asking'));
    this.#timer = setTimeout(() => void what().then((reply) => { if (this.#now === mine) answered(reply); }), pause_ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#now = null;
  }
}

export class Finder implements FinderModel {
  state = $state<FinderModel['state']>('no');
  found = $state.raw<readonly Person[]>([]);
  #words = '';
  #asking = new Asking();

  /** @param me not found, since one knows oneself */
  constructor(private readonly people: (q: string) => Promise<Reply<People>>, private readonly me: () => UserId | null) {}

  search(words: string): void {
    const wanted = words.trim();
    if (wanted === this.#words && this.state !== 'failed') return;
    this.#words = wanted;
    if (wanted === '') {
      this.#asking.stop();
      this.state = 'no';
      this.found = [];
      return;
    }
    this.state = 'loading';
    this.#asking.ask(() => this.people(wanted), (reply) => {
      this.state = reply.is === 'ok' ? 'ready' : 'failed';
      if (reply.is === 'ok') this.found = reply.value.people.map(person).filter((one) => one.id !== this.me());
    });
  }

  retry(): void {
    this.search(this.#words);
  }
}

export interface SearchPort {
  find(q: string, dialog: SpaceId | null, before_ms: number | null): Promise<Reply<FoundMessages>>;
  me(): UserId | null;
  /** A dialog that something was found in. */
  known(dialog: SpaceId): void;
}

export class Search implements SearchModel {
  state = $state<SearchModel['state']>('no');
  found = $state.raw<readonly FoundRow[]>([]);
  more = $state<More>('none');
  #words = '';
  #dialog: DialogId | null = null;
  #asking = new Asking();

  constructor(private readonly port: SearchPort) {}

  search(words: string, dialog: DialogId | null): void {
    const wanted = words.trim();
    if (wanted === this.#words && dialog === this.#dialog && this.state !== 'failed') return;
    this.#words = wanted;
    this.#dialog = dialog;
    if (wanted === '') {
      this.#asking.stop();
      this.state = 'no';
      this.found = [];
      this.more = 'none';
      return;
    }
    this.state = 'loading';
    this.#ask(null);
  }

  loadMore(): void {
    if (this.more !== 'more' && this.more !== 'failed') return;
    this.more = 'loading';
    this.#ask(this.found.at(-1)?.at_ms ?? null);
  }

  retry(): void {
    if (this.more === 'failed') this.loadMore();
    else this.search(this.#words, this.#dialog);
  }

  #ask(before_ms: number | null): void {
    this.#asking.ask(() => this.port.find(this.#words, this.#dialog, before_ms), (reply) => {
      if (reply.is !== 'ok') {
        if (before_ms === null) this.state = 'failed';
        else this.more = 'failed';
        return;
      }
      const found = reply.value.found.map(({ dialog, message }): FoundRow => ({
        dialog, position: message.position, by: person(message.author), mine: message.author.id === this.port.me(), text: message.text, carries: message.carries?.kind ?? null, at_ms: message.at_ms,
      }));
      for (const one of found) this.port.known(one.dialog);
      this.found = before_ms === null ? found : [...this.found, ...found];
      this.more = reply.value.more && found.length > 0 ? 'more' : 'none';
      this.state = 'ready';
    }, before_ms === null ? TYPING_PAUSE_MS : 0);
  }
}
