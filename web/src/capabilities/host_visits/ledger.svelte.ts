/** What visits brought, as both hosts see it. */
import type { VisitsApi } from '../../engines/http/visits';
import type { UserId, VisitEntry } from '../../protocol/generated/types';
import type { Outcome } from '../people/model';
import { ofReply } from '../people/refusal';
import { Askable } from './askable.svelte';
import type { LedgerEntry, LedgerModel } from './model';
import { entryOf } from './wire';

export class Ledger implements LedgerModel {
  /** As the server has them; null: not yet known. */
  #visits = $state.raw<readonly VisitEntry[] | 'failed' | null>(null);
  entries = $derived.by((): readonly LedgerEntry[] => {
    const [visits, me] = [this.#visits, this.me()];
    if (visits === null || visits === 'failed' || me === null) return [];
    return visits.map((one) => entryOf(one, me)).sort((a, b) => b.began_ms - a.began_ms);
  });
  #askable: Askable;
  #closed = false;

  constructor(private readonly api: VisitsApi, private readonly me: () => UserId | null) {
    this.#askable = new Askable(api);
    this.retry();
  }

  get state(): LedgerModel['state'] {
    if (this.#visits === 'failed') return 'failed';
    // Who one is may be known later than what one did.
    return this.#visits === null || this.me() === null ? 'loading' : 'ready';
  }

  get askable(): boolean | null { return this.#askable.is; }

  retry(): void {
    this.#visits = null;
    void this.#askable.read();
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async thank(id: string): Promise<Outcome> {
    const reply = await this.api.thank(id);
    const me = this.me();
    if (reply.is === 'ok' && me !== null && Array.isArray(this.#visits)) {
      this.#visits = this.#visits.map((one: VisitEntry) => (one.id === id ? { ...one, thanked_by: [...one.thanked_by, me] } : one));
    }
    return ofReply(reply);
  }

  setAskable(askable: boolean): Promise<Outcome> { return this.#askable.set(askable); }

  async #load(): Promise<void> {
    const reply = await this.api.entries();
    if (!this.#closed) this.#visits = reply.is === 'ok' ? reply.value.visits : 'failed';
  }
}
