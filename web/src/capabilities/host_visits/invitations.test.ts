import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Preferences, Room, SpaceId, VisitCommand } from '../../protocol/generated/types';
import { CARDS_MAX, Invitations } from './invitations.svelte';
import { invitation } from './samples';

function world(answer: Answer = { is: 'ok', outcome: { kind: 'done' } }, name: string | null = 'ben') {
  const said: [SpaceId, VisitCommand][] = [];
  const went: string[] = [];
  let kept: Preferences = { interests: ['clay'], group_invitations: true, do_not_disturb: false, host_visits: true, read_marks: true, presence: true };
  const invitations = new Invitations({
    visits: { preferences: () => Promise.resolve({ is: 'ok', value: kept }), setPreferences: (wanted) => { kept = wanted; return Promise.resolve({ is: 'ok', value: wanted }); } },
    myName: () => name,
    roomOf: (of) => Promise.resolve({ is: 'ok', value: { id: `room_${of}`, picture: `/p/${of}.jpg` } as Room }),
    goAndSay: (to, room, wants) => { went.push(to); said.push([room, wants]); return Promise.resolve(answer); },
    say: (room, wants) => { said.push([room, wants]); return Promise.resolve(answer); },
    serverTime_ms: () => Date.now(),
  });
  return { invitations, said, went, kept: () => kept };
}
const asked = (id = 'visit_1', within_ms = 30_000) => ({ kind: 'visit_invitation', invitation: invitation(id, Date.now() + within_ms) }) as const;

describe('being invited over', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('is answered in my own room wherever I am, and takes me there', async () => {
    const { invitations, said, went } = world();
    invitations.heard(asked());
    expect(invitations.list).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(invitations.list[0]?.picture).toBe('/p/ana.jpg');
    expect(await invitations.answer('visit_1', 'on_stage')).toEqual({ ok: true });
    expect(said).toEqual([['room_ben', { kind: 'answer', visit: 'visit_1', accept: 'on_stage' }]]);
    expect(went).toEqual(['ben']);
    expect(invitations.list).toEqual([]);
  });

  it('goes nowhere when I decline, and is heard no more of once any device has answered', async () => {
    const { invitations, went } = world();
    invitations.heard(asked('visit_1'));
    invitations.heard(asked('visit_2'));
    await invitations.answer('visit_1', null);
    expect(went).toEqual([]);
    invitations.heard({ kind: 'visit_invitation_over', visit: 'visit_2', state: 'accepted' });
    expect(invitations.list).toEqual([]);
  });

  it('ends by itself in time, also where no word of it comes', () => {
    const { invitations } = world();
    invitations.heard(asked('visit_1', 30_000));
    vi.advanceTimersByTime(29_999);
    expect(invitations.list).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(invitations.list).toEqual([]);
    invitations.heard(asked('visit_2', 0));
    expect(invitations.list).toEqual([]);
  });

  it('goes away when the answer was too late, and stays when it could not be given', async () => {
    const late = world({ is: 'rejected', rejection: { kind: 'invitation_over' } });
    late.invitations.heard(asked());
    expect((await late.invitations.answer('visit_1', 'watching')).ok).toBe(false);
    expect(late.invitations.list).toEqual([]);
    const offline = world({ is: 'lost' });
    offline.invitations.heard(asked());
    expect(await offline.invitations.answer('visit_1', 'watching')).toEqual({ ok: false, refusal: { reason: 'disconnected' } });
    expect(offline.invitations.list).toHaveLength(1);
  });

  it('can be turned off from the card, without forgetting what else I prefer', async () => {
    const { invitations, said, kept } = world();
    invitations.heard(asked());
    expect(await invitations.turnOff('visit_1')).toEqual({ ok: true });
    expect(kept()).toEqual({ interests: ['clay'], group_invitations: true, do_not_disturb: false, host_visits: false, read_marks: true, presence: true });
    expect(said.map(([, wants]) => wants)).toEqual([{ kind: 'answer', visit: 'visit_1', accept: null }]);
    expect(invitations.list).toEqual([]);
  });

  it('shows no more cards than can be read, and each once', () => {
    const { invitations } = world();
    for (let at = 0; at <= CARDS_MAX; at += 1) invitations.heard(asked(`visit_${at}`));
    invitations.heard(asked('visit_0'));
    expect(invitations.list.map((one) => one.visit)).toEqual(['visit_0', 'visit_1', 'visit_2']);
  });
});
