/** What visits brought, as both hosts see it. */
import type { VisitsApi } from '../../engines/http/visits';
import type { UserId } from '../../protocol/generated/types';
import type { Outcome } from '../people/model';
import { ofReply } from '../people/refusal';
import { Askable } from './askable.svelte';
import type { LedgerEntry, LedgerModel } from './model';
import { entryOf } from './wire';

export class Ledger implements LedgerModel {
  state = $state<LedgerModel['state']>('loading');
  entries = $state.raw<readonly LedgerEntry[]>([]);
  #askable: Askable;
  #closed = false;

  constructor(private readonly api: VisitsApi, private readonly me: () => UserId | null) {
    this.#askable = new Askable(api);
    this.retry();
  }

  get askable(): boolean | null { return this.#askable.is; }

  retry(): void {
    this.state = 'loading';
    void this.#askable.read();
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async thank(id: string): Promise<Outcome> {
    const reply = await this.api.thank(id);
    if (reply.is === 'ok') this.entries = this.entries.map((one) => (one.id === id ? { ...one, thanked: { ...one.thanked, byMe: true } } : one));
    return ofReply(reply);
  }

  setAskable(askable: boolean): Promise<Outcome> { return this.#askable.set(askable); }

  async #load(): Promise<void> {
    const reply = await this.api.entries();
    if (this.#closed) return;
    const me = this.me();
    if (reply.is !== 'ok' || me === null) {
      this.state = 'failed';
      return;
    }
    this.entries = reply.value.visits.map((one) => entryOf(one, me)).sort((a, b) => b.began_ms - a.began_ms);
    this.state = 'ready';
  }
}
