/** Everybody with an account, for administrators. */
import type { Api } from '../../engines/http/http';
import type { ModerationModel } from '../moderation/model';
import type { Account as WireAccount } from '../../protocol/generated/types';
import type { Account, AdminModel, Outcome, UserId } from './model';
import { person } from './person';
import { ofReply } from './refusal';

/** Pages that are read; a server with more people than they hold is managed by its programs' interface. */
export const PAGES_MAX = 20;

function account(wire: WireAccount): Account {
  return { ...person(wire.profile), administrator: wire.administrator, disabled: wire.disabled, created_ms: wire.created_ms };
}

export class Admin implements AdminModel {
  state = $state<AdminModel['state']>('loading');
  accounts = $state.raw<readonly Account[]>([]);
  /** The lists' code comes when they are opened. */
  readonly moderation: ModerationModel = {
    open: 0,
    reports: async () => {
      const [{ ReportList }, { moderation }] = await Promise.all([import('../moderation/reports.svelte'), import('../../engines/http/moderation')]);
      return new ReportList(moderation, null);
    },
    audit: async () => {
      const [{ AuditLog }, { moderation }] = await Promise.all([import('../moderation/audit.svelte'), import('../../engines/http/moderation')]);
      return new AuditLog(moderation, null, (user) => this.accounts.find((one) => one.id === user)?.displayName ?? null);
    },
  };
  #closed = false;

  constructor(private readonly api: Api) {
    this.retry();
  }

  retry(): void {
    this.state = 'loading';
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async add(name: string, password: string, administrator: boolean): Promise<Outcome> {
    const reply = await this.api.addAccount({ name, password, administrator });
    if (reply.is === 'ok') await this.#load();
    return ofReply(reply);
  }

  async setDisabled(id: UserId, disabled: boolean): Promise<Outcome> {
    const reply = await this.api.changeAccount(id, { disabled });
    if (reply.is === 'ok') this.accounts = this.accounts.map((one) => (one.id === id ? { ...one, disabled } : one));
    return ofReply(reply);
  }

  async setPassword(id: UserId, password: string): Promise<Outcome> {
    return ofReply(await this.api.changeAccount(id, { new_password: password }));
  }

  async #load(): Promise<void> {
    const accounts: Account[] = [];
    let after: UserId | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const reply = await this.api.accounts(after);
      if (this.#closed) return;
      if (reply.is !== 'ok') {
        this.state = 'failed';
        return;
      }
      accounts.push(...reply.value.accounts.map(account));
      after = reply.value.next;
      if (after === null) break;
    }
    this.accounts = accounts;
    this.state = 'ready';
  }
}
