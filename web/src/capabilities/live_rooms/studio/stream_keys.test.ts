import { describe, expect, it, vi } from 'vitest';
import type { HostingApi } from '../../../engines/http/hosting';
import type { Reply } from '../../../engines/http/http';
import type { StreamKey } from '../../../protocol/generated/types';
import { StreamKeys } from './stream_keys.svelte';

vi.stubGlobal('location', new URL('https://hearth.example/@ana'));

const ok = <T>(value: T): Reply<T> => ({ is: 'ok', value });
const wire = (id: string, created_ms: number, secret?: string): StreamKey => ({ id, label: id, created_ms, used_ms: null, ...(secret === undefined ? {} : { secret }) });

function api(over: Partial<HostingApi> = {}): HostingApi {
  return {
    streamKeys: () => Promise.resolve(ok({ keys: [wire('old', 1), wire('new', 2)], rtmp: 'rtmp://hearth.example/live', whip: '/whip/@ana' })),
    makeStreamKey: () => Promise.resolve(ok(wire('third', 3, 'secret-3'))),
    rotateStreamKey: (_room, id) => Promise.resolve(ok(wire(id, 4, 'secret-4'))),
    revokeStreamKey: () => Promise.resolve(ok(undefined)),
    setCover: () => Promise.resolve(ok({})),
    removeCover: () => Promise.resolve(ok(undefined)),
    ...over,
  };
}
async function opened(over: Partial<HostingApi> = {}) {
  const keys = new StreamKeys(api(over), 'room_1');
  await vi.waitFor(() => expect(keys.state).not.toBe('loading'));
  return keys;
}

describe('stream keys', () => {
  it('come newest first, with whole addresses', async () => {
    const keys = await opened();
    expect(keys.keys.map((one) => one.id)).toEqual(['new', 'old']);
    expect(keys.whip).toBe('https://hearth.example/whip/@ana');
    expect(keys.rtmp).toBe('rtmp://hearth.example/live');
  });
  it('show a secret once: of the one made last, and never after it is closed', async () => {
    const keys = await opened();
    expect(await keys.make('OBS')).toEqual({ ok: true });
    expect(keys.made).toEqual({ id: 'third', secret: 'secret-3' });
    expect(keys.keys.map((one) => one.id)).toEqual(['third', 'new', 'old']);
    keys.close();
    expect(keys.made).toBeNull();
  });
  it('keep the place of one that gets another secret', async () => {
    const keys = await opened();
    await keys.rotate('old');
    expect(keys.made).toEqual({ id: 'old', secret: 'secret-4' });
    expect(keys.keys.map((one) => [one.id, one.created_ms])).toEqual([['new', 2], ['old', 4]]);
  });
  it('are gone when revoked, also when they were gone before, and stay when it failed', async () => {
    const keys = await opened({ revokeStreamKey: (_room, id) => Promise.resolve(id === 'new' ? { is: 'rejected', rejection: { kind: 'not_found' } } : { is: 'unreachable' }) });
    expect((await keys.revoke('new')).ok).toBe(true);
    expect((await keys.revoke('old')).ok).toBe(false);
    expect(keys.keys.map((one) => one.id)).toEqual(['old']);
  });
  it('say that they could not be read', async () => {
    const keys = await opened({ streamKeys: () => Promise.resolve({ is: 'unreachable' }) });
    expect(keys.state).toBe('failed');
  });
});
