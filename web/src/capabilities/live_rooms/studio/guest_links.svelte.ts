/** The guest links of my room. The secret of one is known only from the answer that made it. */
import type { GuestLinksApi } from '../../../engines/http/guest_links';
import type { GuestLink as WireGuestLink, SpaceId } from '../../../protocol/generated/types';
import type { Outcome } from '../../people/model';
import { ofReply } from '../../people/refusal';
import type { GuestLink, GuestLinksModel, MadeGuestLink } from '../model';

function link({ id, created_ms, expires_ms }: WireGuestLink): GuestLink {
  return { id, created_ms, expires_ms };
}

export class GuestLinks implements GuestLinksModel {
  state = $state<GuestLinksModel['state']>('loading');
  links = $state.raw<readonly GuestLink[]>([]);
  made = $state.raw<MadeGuestLink | null>(null);
  #closed = false;

  /** @param address of the room, to which the secret is added */
  constructor(private readonly api: GuestLinksApi, private readonly room: SpaceId, private readonly address: string) {
    void this.#read();
  }

  retry(): void {
    this.state = 'loading';
    void this.#read();
  }

  close(): void {
    this.#closed = true;
    this.made = null;
  }

  async make(lifetime_s: number | null): Promise<Outcome> {
    const reply = await this.api.make(this.room, lifetime_s === null ? {} : { lifetime_s });
    if (reply.is === 'ok' && !this.#closed) {
      const { id, secret } = reply.value;
      if (secret !== undefined) this.made = { id, address: `${this.address}?link=${encodeURIComponent(secret)}` };
      this.links = [link(reply.value), ...this.links];
    }
    return ofReply(reply);
  }

  async revoke(id: string): Promise<Outcome> {
    const reply = await this.api.revoke(this.room, id);
    // One that is gone already (it ran out, or was revoked from another device) needs no revoking.
    const gone = reply.is === 'ok' || (reply.is === 'rejected' && reply.rejection.kind === 'not_found');
    if (!gone) return ofReply(reply);
    this.links = this.links.filter((one) => one.id !== id);
    if (this.made?.id === id) this.made = null;
    return { ok: true };
  }

  async #read(): Promise<void> {
    const reply = await this.api.list(this.room);
    if (this.#closed) return;
    if (reply.is !== 'ok') {
      this.state = 'failed';
      return;
    }
    this.links = reply.value.map(link).sort((a, b) => b.created_ms - a.created_ms);
    this.state = 'ready';
  }
}
