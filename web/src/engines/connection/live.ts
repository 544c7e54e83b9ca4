/** One live connection for the app, kept open for whoever is signed in. */
import type { Me, PersonEvent } from '../../protocol/generated/types';
import { Connection } from './connection';
import type { Status } from './machine';

/** Whose connection it is. */
export interface Whose {
  readonly me: { readonly id: string } | null;
  onChange(listener: () => void): () => void;
  refresh(): Promise<void>;
  learn(me: Me): void;
}

/** A server that turns the socket away may do so because the session is over: ask after so many tries. */
const ASK_AFTER_TRIES = 2;

export class Live {
  readonly connection: Connection;
  #listeners = new Set<(status: Status) => void>();
  #who: string | null = null;

  /** @param heard what happens to whoever is signed in, beside what is known of them */
  constructor(private readonly whose: Whose, private readonly heard: (event: Exclude<PersonEvent, { kind: 'me' }>) => void = () => {}) {
    const address = new URL('/ws', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.connection = new Connection(address.href, {
      status: (status) => this.#statusChanged(status),
      me: (me) => whose.learn(me),
      person: (event) => this.#happened(event),
    });
    whose.onChange(() => this.#followSession());
    this.#followSession();
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #followSession(): void {
    const who = this.whose.me?.id ?? null;
    if (who === this.#who) return;
    if (this.#who !== null) this.connection.stop();
    this.#who = who;
    if (who !== null) this.connection.start();
  }

  #happened(event: PersonEvent): void {
    if (event.kind === 'me') this.whose.learn(event.me);
    else this.heard(event);
  }

  #statusChanged(status: Status): void {
    const over = status.is === 'refused' && status.why === 'signed_out';
    if (over || (status.is === 'reconnecting' && status.attempt === ASK_AFTER_TRIES)) void this.whose.refresh();
    for (const listener of this.#listeners) listener(status);
  }
}
