import { describe, expect, it } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Preferences, Rejection, VisitCandidate, VisitCommand, VisitRequest } from '../../protocol/generated/types';
import { NO_CONDITIONS } from './conditions';
import { Inviting } from './inviting.svelte';
import { profile } from './samples';

const PREFERENCES: Preferences = { interests: ['clay'], group_invitations: false, do_not_disturb: false, host_visits: false, read_marks: true, presence: true };
const REQUEST: VisitRequest = { wanted: 1, left: 2, over: false, invited: [{ visit: 'visit_1', host: profile('lin'), state: 'open', until_ms: 5 }] };
const candidate = (name: string): VisitCandidate => ({ host: profile(name), room: `room_${name}`, title: name, category: 'music', live: true, audience: 4, standing: 1, reasons: [{ kind: 'tags', shared: ['piano'] }], score: 900 });
const MUSIC = { ...NO_CONDITIONS, category: 'music' as const };
const WISH = { conditions: MUSIC, wanted: 1, duration_s: 600, offer: ' a visit back ', hosts: [] };

function world(...answers: (Answer | Promise<Answer>)[]) {
  const said: VisitCommand[] = [];
  let kept = PREFERENCES;
  const inviting = new Inviting({
    command: (wants) => { said.push(wants); return Promise.resolve(answers.shift() ?? { is: 'lost' }); },
    live: () => Promise.resolve({ is: 'ok', value: { rooms: [{ id: 'room_lin', picture: '/p/lin.jpg' }] } } as never),
    visits: { preferences: () => Promise.resolve({ is: 'ok', value: kept }), setPreferences: (wanted) => { kept = wanted; return Promise.resolve({ is: 'ok', value: wanted }); } },
    serverTime_ms: () => Date.now(),
  });
  return { inviting, said, kept: () => kept };
}
const found = (...names: string[]): Answer => ({ is: 'ok', outcome: { kind: 'visit_candidates', candidates: names.map(candidate) } });
const rejected = (rejection: Rejection): Answer => ({ is: 'rejected', rejection });

describe('asking hosts over', () => {
  it('lists who meets the conditions, in the order of the server, with the pictures of those who are live', async () => {
    const { inviting } = world(found('lin', 'ben'));
    await inviting.look(MUSIC);
    expect(inviting.candidates?.map((one) => [one.host.name, one.picture])).toEqual([['lin', '/p/lin.jpg'], ['ben', null]]);
    expect(inviting.candidates?.[0]?.reasons).toEqual([{ is: 'tags', shared: ['piano'] }]);
  });

  it('does not ask by no condition at all, nor by ones that contradict each other', async () => {
    const { inviting, said } = world();
    await inviting.look(NO_CONDITIONS);
    expect(await inviting.invite({ ...WISH, conditions: NO_CONDITIONS })).toEqual({ is: 'no_condition' });
    expect(await inviting.invite({ ...WISH, conditions: { ...MUSIC, audienceFrom: 2, audienceTo: 1 } })).toEqual({ is: 'audience' });
    expect(said).toEqual([]);
    expect(inviting.candidates).toBeNull();
  });

  it('shows what the newest look found, whichever answer comes last', async () => {
    let late: (answer: Answer) => void = () => {};
    const { inviting } = world(new Promise<Answer>((resolve) => { late = resolve; }), found('ben'));
    const first = inviting.look(MUSIC);
    await inviting.look({ ...MUSIC, followed: true });
    late(found('lin'));
    await first;
    expect(inviting.candidates?.map((one) => one.host.name)).toEqual(['ben']);
  });

  it('says that it could not look', async () => {
    const { inviting } = world();
    await inviting.look(MUSIC);
    expect(inviting.looking).toBe('failed');
  });

  it('follows each outcome, and does not begin a second request beside the first', async () => {
    const { inviting, said } = world({ is: 'ok', outcome: { kind: 'visit_requested', request: REQUEST } });
    expect(await inviting.invite({ ...WISH, hosts: ['user_lin'] })).toBeNull();
    expect(said[0]).toMatchObject({ kind: 'invite', offer: 'a visit back', hosts: ['user_lin'], wanted: 1, duration_s: 600 });
    expect(inviting.request?.invited[0]).toMatchObject({ state: 'open', host: { displayName: 'Lin' } });
    expect(await inviting.invite(WISH)).toEqual({ is: 'running' });
    inviting.told({ ...REQUEST, over: true, invited: [{ ...REQUEST.invited[0]!, state: 'accepted' }] });
    expect(inviting.request?.invited[0]?.state).toBe('accepted');
    inviting.forget();
    expect(inviting.request).toBeNull();
  });

  it.each<[Rejection, unknown]>([
    [{ kind: 'limit', limit: 'visit_requests', max: 3, retry_after_ms: 60_000 }, { is: 'spent', max: 3, retryAfter_ms: 60_000 }],
    [{ kind: 'invalid', field: 'conditions', reason: '' }, { is: 'no_condition' }],
    [{ kind: 'invalid', field: 'audience_to', reason: '' }, { is: 'audience' }],
    [{ kind: 'not_live' }, { is: 'not_live' }],
    [{ kind: 'nobody_invited', users: [] }, { is: 'nobody' }],
    [{ kind: 'forbidden' }, { is: 'other', refusal: { reason: 'not_allowed' } }],
  ])('tells why not: %j', async (rejection, told) => {
    const { inviting } = world(rejected(rejection));
    expect(await inviting.invite(WISH)).toEqual(told);
    expect(inviting.request).toBeNull();
  });

  it('lets others ask me or not, and leaves what else I prefer', async () => {
    const { inviting, kept } = world();
    await inviting.setAskable(true);
    expect(inviting.askable).toBe(true);
    expect(kept()).toEqual({ ...PREFERENCES, host_visits: true, read_marks: true, presence: true });
  });
});
