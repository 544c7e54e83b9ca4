import { describe, expect, it, vi } from 'vitest';
import type { VisitsApi } from '../../engines/http/visits';
import type { VisitEntry } from '../../protocol/generated/types';
import { Ledger } from './ledger.svelte';
import { profile } from './samples';

const entry = (id: string, to: string, from: string, began_ms: number): VisitEntry => ({
  id, way: 'watching', to: profile(to), from: profile(from), began_ms, ended_ms: began_ms + 60_000, people: 3, person_minutes: 9, follows_to: 2, follows_from: 1, thanked_by: ['user_lin'],
});
function api(over: Partial<VisitsApi> = {}): VisitsApi {
  return {
    entries: () => Promise.resolve({ is: 'ok', value: { visits: [entry('old', 'ana', 'lin', 1), entry('new', 'lin', 'ana', 2)] } }),
    thank: () => Promise.resolve({ is: 'ok', value: undefined }),
    preferences: () => Promise.resolve({ is: 'unreachable' }),
    setPreferences: (wanted) => Promise.resolve({ is: 'ok', value: wanted }),
    ...over,
  };
}
async function opened(over: Partial<VisitsApi> = {}, me: string | null = 'user_ana') {
  const ledger = new Ledger(api(over), () => me);
  await vi.waitFor(() => expect(ledger.state).not.toBe('loading'));
  return ledger;
}

describe('what visits brought', () => {
  it('is told from my side, the latest first', async () => {
    const ledger = await opened();
    expect(ledger.entries.map((one) => [one.id, one.direction, one.other.name, one.followsMine, one.followsTheirs])).toEqual([['new', 'went', 'lin', 1, 2], ['old', 'came', 'lin', 2, 1]]);
    expect(ledger.entries[0]?.thanked).toEqual({ byMe: false, byThem: true });
    expect(ledger.askable).toBeNull();
  });
  it('waits for who one is, where that is known later', async () => {
    let me: string | null = null;
    const entries = vi.fn(api().entries);
    const ledger = new Ledger(api({ entries }), () => me);
    await entries.mock.results[0]?.value;
    expect(ledger.state).toBe('loading');
    me = 'user_ana';
    expect(ledger.state).toBe('ready');
    expect(ledger.entries.map((one) => one.id)).toEqual(['new', 'old']);
  });
  it('is thanked for once', async () => {
    const ledger = await opened();
    expect(await ledger.thank('old')).toEqual({ ok: true });
    expect(ledger.entries.map((one) => one.thanked.byMe)).toEqual([false, true]);
  });
  it('changes nothing where thanks did not arrive', async () => {
    const ledger = await opened({ thank: () => Promise.resolve({ is: 'unreachable' }) });
    expect((await ledger.thank('old')).ok).toBe(false);
    expect(ledger.entries.some((one) => one.thanked.byMe)).toBe(false);
  });
  it('says when it could not be read', async () => {
    expect((await opened({ entries: () => Promise.resolve({ is: 'unreachable' }) })).state).toBe('failed');
  });
});
