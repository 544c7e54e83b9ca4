/** Where I am signed in, and whom I blocked. */
import type { Answer } from '../../engines/connection/machine';
import type { Api } from '../../engines/http/http';
import { preferences } from '../../engines/http/preferences';
import type { PersonCommand, Device as WireDevice } from '../../protocol/generated/types';
import type { Device, DeviceId, Outcome, Person, SettingsModel, UserId } from './model';
import { person } from './person';
import { ofAnswer, ofReply } from './refusal';
import type { Session } from './session.svelte';

function kindOf(name: string): Device['kind'] {
  if (/android|iphone|ipad|mobile|phone/i.test(name)) return 'phone';
  return /firefox|chrom|safari|edge|opera|browser/i.test(name) ? 'computer' : 'program';
}

function device(wire: WireDevice): Device {
  return { id: wire.id, name: wire.name, kind: kindOf(wire.name), thisOne: wire.current, lastSeen_ms: wire.seen_ms };
}

export class Settings implements SettingsModel {
  state = $state<SettingsModel['state']>('loading');
  devices = $state.raw<readonly Device[]>([]);
  readonly preferences = preferences;
  #closed = false;

  constructor(
    private readonly api: Api,
    private readonly session: Session,
    private readonly personCommand: (command: PersonCommand) => Promise<Answer>,
  ) {
    this.retry();
  }

  get blocked(): readonly Person[] {
    return (this.session.wire?.blocked ?? []).map(person);
  }

  get follows(): readonly Person[] {
    return (this.session.wire?.follows ?? []).map(person);
  }

  retry(): void {
    this.state = 'loading';
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async signOutDevice(id: DeviceId): Promise<Outcome> {
    const reply = await this.api.signOutDevice(id);
    if (reply.is === 'ok') {
      this.devices = this.devices.filter((one) => one.id !== id);
      await this.session.refresh();
    }
    return ofReply(reply);
  }

  async unblock(id: UserId): Promise<Outcome> {
    return ofAnswer(await this.personCommand({ kind: 'unblock', user: id }));
  }

  async changePassword(current: string, fresh: string): Promise<Outcome> {
    const reply = await this.api.changeMe({ current_password: current, new_password: fresh });
    if (reply.is === 'ok') await this.#load();
    return ofReply(reply);
  }

  async unfollow(id: UserId): Promise<Outcome> {
    return ofAnswer(await this.personCommand({ kind: 'unfollow', user: id }));
  }

  async #load(): Promise<void> {
    const reply = await this.api.devices();
    if (this.#closed) return;
    this.state = reply.is === 'ok' ? 'ready' : 'failed';
    if (reply.is === 'ok') this.devices = reply.value.devices.map(device);
  }
}
