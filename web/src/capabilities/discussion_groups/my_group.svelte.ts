/** The group that I am in, whatever page I am on. There is at most one. */
import type { Connection as LiveConnection } from '../../engines/connection/connection';
import { preferences } from '../../app/preferences.svelte';
import type { GroupsApi } from '../../engines/http/groups';
import type { Api } from '../../engines/http/http';
import type { SpaceId } from '../../protocol/generated/types';
import type { Session } from '../people/session.svelte';
import { Ducking } from './ducking.svelte';
import { Group } from './group.svelte';
import type { Content } from './model';

export interface MyGroupPort {
  readonly api: Api;
  readonly groups: GroupsApi;
  readonly session: Session;
  readonly connection: LiveConnection;
  go(content: Content): void;
}

export class MyGroup {
  current = $state.raw<Group | null>(null);
  readonly ducking = new Ducking(() => preferences.duckStream);
  #who: string | null;

  constructor(private readonly port: MyGroupPort) {
    this.#who = port.session.me?.id ?? null;
    port.session.onChange(() => this.#sessionChanged());
    void this.#resume();
  }

  /** One is a member of it: goes in, unless one is. */
  enter(id: SpaceId): void {
    if (this.current?.id === id && (this.current.state === 'inside' || this.current.state === 'entering')) return;
    this.current?.close();
    this.current = new Group(id, {
      api: this.port.api,
      session: this.port.session,
      connection: this.port.connection,
      nonce: () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      go: (content) => this.port.go(content),
      duck: (speaking) => this.ducking.set(speaking),
      over: (group) => { if (this.current === group) this.current = null; },
    });
  }

  /** A page that was loaded anew, in whatever room, goes on with the group. */
  async #resume(): Promise<void> {
    if (this.#who === null) return;
    const reply = await this.port.groups.mine();
    if (reply.is !== 'ok' || this.current !== null) return;
    const active = reply.value.groups.find((one) => one.ended_ms === null);
    if (active) this.enter(active.id);
  }

  #sessionChanged(): void {
    const who = this.port.session.me?.id ?? null;
    if (who !== this.#who) this.current?.close();
    const other = who !== this.#who;
    this.#who = who;
    this.current?.sessionChanged();
    if (other) void this.#resume();
  }
}
