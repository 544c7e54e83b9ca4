/** The stream keys of my room. The secret of one is known only from the answer that made or rotated it. */
import type { HostingApi } from '../../../engines/http/hosting';
import type { SpaceId, StreamKey as WireStreamKey } from '../../../protocol/generated/types';
import type { Outcome } from '../../people/model';
import { ofReply } from '../../people/refusal';
import type { StreamKey, StreamKeysModel } from '../studio_model';

function key({ id, label, created_ms, used_ms }: WireStreamKey): StreamKey {
  return { id, label, created_ms, used_ms };
}

export class StreamKeys implements StreamKeysModel {
  state = $state<StreamKeysModel['state']>('loading');
  keys = $state.raw<readonly StreamKey[]>([]);
  made = $state.raw<StreamKeysModel['made']>(null);
  rtmp = $state<string | null>(null);
  whip = $state('');
  #closed = false;

  constructor(private readonly api: HostingApi, private readonly room: SpaceId) {
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

  async make(label: string): Promise<Outcome> {
    const reply = await this.api.makeStreamKey(this.room, label === '' ? {} : { label });
    if (reply.is === 'ok' && !this.#closed) this.#took(reply.value);
    return ofReply(reply);
  }

  async rotate(id: string): Promise<Outcome> {
    const reply = await this.api.rotateStreamKey(this.room, id);
    if (reply.is === 'ok' && !this.#closed) this.#took(reply.value, id);
    return ofReply(reply);
  }

  async revoke(id: string): Promise<Outcome> {
    const reply = await this.api.revokeStreamKey(this.room, id);
    // One that is gone already (it was revoked from another device) needs no revoking.
    const gone = reply.is === 'ok' || (reply.is === 'rejected' && reply.rejection.kind === 'not_found');
    if (!gone) return ofReply(reply);
    this.keys = this.keys.filter((one) => one.id !== id);
    if (this.made?.id === id) this.made = null;
    return { ok: true };
  }

  /** @param instead the key whose place it takes */
  #took(wire: WireStreamKey, instead = wire.id): void {
    if (wire.secret !== undefined) this.made = { id: wire.id, secret: wire.secret };
    const at = this.keys.findIndex((one) => one.id === instead);
    this.keys = at < 0 ? [key(wire), ...this.keys] : this.keys.with(at, key(wire));
  }

  async #read(): Promise<void> {
    const reply = await this.api.streamKeys(this.room);
    if (this.#closed) return;
    if (reply.is !== 'ok') {
      this.state = 'failed';
      return;
    }
    this.keys = reply.value.keys.map(key).sort((a, b) => b.created_ms - a.created_ms);
    this.rtmp = reply.value.rtmp;
    // The server may not know by which name it is reached.
    this.whip = new URL(reply.value.whip, location.origin).href;
    this.state = 'ready';
  }
}
