import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { VisitsApi } from '../../engines/http/visits';
import type { Member, VisitCommand, VisitSide } from '../../protocol/generated/types';
import type { VisitorOf } from '../conversation/model';
import type { RoomModel } from '../live_rooms/model';
import { RoomVisits, VISITORS_MAX, type OtherRoom } from './room_visits.svelte';
import { ANNOUNCED, profile, UNDER_WAY, visit } from './samples';
import { OVER_STAYS_MS } from './visiting.svelte';

const DONE: Answer = { is: 'ok', outcome: { kind: 'done' } };
const UNREACHABLE = () => Promise.resolve({ is: 'unreachable' as const });
const API: VisitsApi = { entries: UNREACHABLE, thank: () => Promise.resolve({ is: 'ok', value: undefined }), preferences: UNREACHABLE, setPreferences: UNREACHABLE };

/** Somebody in one of the rooms. */
function world(room: 'room_ana' | 'room_ben', { me = 'user_zoe', answer = DONE, visited = false, mine = false } = {}) {
  const said: VisitCommand[] = [];
  const opened: { side: VisitSide; changed: () => void; room: { entry: string; close: ReturnType<typeof vi.fn>; holdStage: ReturnType<typeof vi.fn> } }[] = [];
  const home = { holdStage: vi.fn(), markVisitors: vi.fn<(visitors: ReadonlyMap<string, VisitorOf>) => void>() };
  const visits = new RoomVisits({
    room, home, visited, mine: () => mine, me: () => me,
    command: (wants) => { said.push(wants); return Promise.resolve(answer); },
    live: UNREACHABLE,
    open: (side, changed) => {
      const other = { entry: 'inside', close: vi.fn(), holdStage: vi.fn(), markVisitors: vi.fn() };
      opened.push({ side, changed, room: other });
      return other as unknown as RoomModel & OtherRoom;
    },
    serverTime_ms: () => Date.now(),
  }, API);
  return { visits, said, opened, home, one: () => visits.all[0]! };
}
const member = (name: string, guest_from?: string): Member => ({ profile: profile(name), role: 'viewer', ...(guest_from && { guest_from }) });

describe('a visit, for the audience of who visits', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('takes them along unless they say no, and brings them home at its end', () => {
    const { visits, opened, home, one } = world('room_ben');
    visits.told({ kind: 'visit', visit: visit(ANNOUNCED) });
    expect(one().come).toBe(true);
    expect(one().visit.begins_ms).toBe(1_000);
    expect(opened).toEqual([]);
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    expect(opened.map(({ side }) => side.room)).toEqual(['room_ana']);
    expect(one().stage).not.toBeNull();
    expect(one().stage).toBe(one().other);
    expect(home.holdStage).toHaveBeenLastCalledWith(true);
    visits.told({ kind: 'ended', visit: 'visit_1', reason: 'over' });
    expect(opened[0]?.room.close).toHaveBeenCalledOnce();
    expect(home.holdStage).toHaveBeenLastCalledWith(false);
    expect(one().stage).toBeNull();
    expect(one().over?.reason).toBe('over');
    vi.advanceTimersByTime(OVER_STAYS_MS);
    expect(visits.all).toEqual([]);
  });

  it('leaves at home who stays, whichever device said so, and takes them along later if they like', async () => {
    const { visits, said, opened, home, one } = world('room_ben');
    visits.told({ kind: 'visit', visit: visit(ANNOUNCED) });
    visits.told({ kind: 'coming', visit: 'visit_1', come: false });
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    expect(opened).toEqual([]);
    expect(one().stage).toBeNull();
    expect(home.holdStage).not.toHaveBeenCalledWith(true);
    expect(await one().setCome(true)).toEqual({ ok: true });
    expect(said).toEqual([{ kind: 'come', visit: 'visit_1', come: true }]);
    expect(one().stage).not.toBeNull();
    await one().setCome(false);
    expect(opened[0]?.room.close).toHaveBeenCalledOnce();
    expect(one().over).toBeNull();
  });

  it('changes nothing where the server says no', async () => {
    const { visits, one } = world('room_ben', { answer: { is: 'rejected', rejection: { kind: 'not_found' } } });
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    expect((await one().setCome(false)).ok).toBe(false);
    expect(one().come).toBe(true);
  });

  it('stays at home where the other room lets one not in, and says so', () => {
    const { visits, opened, home, one } = world('room_ben');
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    const [other] = opened;
    if (other) other.room.entry = 'banned';
    other?.changed();
    expect(one().keptOut).toBe(true);
    expect(one().stage).toBeNull();
    expect(home.holdStage).toHaveBeenLastCalledWith(false);
  });

  it('brings home who was away while it ended, by what the room says on coming in again', () => {
    const { visits, opened, one } = world('room_ben');
    visits.stands([{ visit: visit(UNDER_WAY), come: true }], null);
    expect(one().stage).not.toBeNull();
    visits.stands([], null);
    expect(opened[0]?.room.close).toHaveBeenCalledOnce();
    expect(one().over?.reason).toBe('lost');
    visits.stands([], null);
    expect(opened).toHaveLength(1);
  });

  it('enters once however often it is told, and an ended visit is not begun again by a late word of it', () => {
    const { visits, opened, one } = world('room_ben');
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    visits.told({ kind: 'visit', visit: visit({ state: 'under_way', since_ms: 1_000, until_ms: 900_000 }) });
    visits.stands([{ visit: visit(UNDER_WAY), come: true }], null);
    expect(opened).toHaveLength(1);
    visits.told({ kind: 'ended', visit: 'visit_1', reason: 'over' });
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    expect(opened).toHaveLength(1);
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY, 'watching', 'visit_2') });
    expect(visits.all.map(({ visit }) => visit.id)).toEqual(['visit_2']);
    expect(one().stage).not.toBeNull();
  });

  it('leaves everything when the page does', () => {
    const { visits, opened } = world('room_ben');
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    visits.close();
    expect(opened[0]?.room.close).toHaveBeenCalledOnce();
    expect(visits.all).toEqual([]);
  });
});

describe('visits, for those who are visited', () => {
  it('show their own stage, and have each other room only for its chat', () => {
    const { visits, opened, home, one } = world('room_ana');
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    const second = visit(UNDER_WAY, 'on_stage', 'visit_2');
    visits.told({ kind: 'visit', visit: { ...second, from: { ...second.from, room: 'room_lin', host: profile('lin') } } });
    expect(one().stage).toBeNull();
    expect(opened.map(({ side }) => side.room)).toEqual(['room_ben', 'room_lin']);
    for (const { room } of opened) expect(room.holdStage).toHaveBeenLastCalledWith(true);
    expect(home.holdStage).not.toHaveBeenCalledWith(true);
    visits.told({ kind: 'ended', visit: 'visit_1', reason: 'gone' });
    expect(opened.map(({ room }) => room.close.mock.calls.length)).toEqual([1, 0]);
  });

  it('mark guests with the room they come from, also after they went', () => {
    const { visits, home } = world('room_ana');
    visits.seen([member('kofi', 'room_ben')]);
    expect(home.markVisitors).not.toHaveBeenCalled();
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    visits.seen([member('kofi', 'room_ben'), member('priya')]);
    visits.seen([member('priya')]);
    expect(home.markVisitors).toHaveBeenCalledOnce();
    const marks = home.markVisitors.mock.calls[0]?.[0];
    expect([...(marks ?? [])].map(([id, from]) => [id, from.host])).toEqual([['user_kofi', 'Ben']]);
  });

  it('forget the first of very many guests', () => {
    const { visits, home } = world('room_ana');
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    visits.seen(Array.from({ length: VISITORS_MAX + 1 }, (_, at) => member(`guest${at}`, 'room_ben')));
    const marks = home.markVisitors.mock.calls[0]?.[0];
    expect(marks?.size).toBe(VISITORS_MAX);
    expect(marks?.has('user_guest0')).toBe(false);
  });

  it('are not entered from the other room, which has only their colours', () => {
    const { visits, opened, home } = world('room_ana', { visited: true });
    visits.told({ kind: 'visit', visit: visit(UNDER_WAY) });
    visits.seen([member('kofi', 'room_ben')]);
    expect(opened).toEqual([]);
    expect(visits.all).toEqual([]);
    expect(home.markVisitors).toHaveBeenCalledOnce();
  });
});

describe('a visit, for its hosts', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('takes the visiting host along in any case, and keeps what is over until they put it away', async () => {
    const { visits, said, one } = world('room_ben', { me: 'user_ben', mine: true });
    visits.stands([{ visit: visit(UNDER_WAY, 'on_stage'), come: false }], null);
    expect(one().visit.hosting).toBe(true);
    expect(one().stage).not.toBeNull();
    const saving = { before: { publishers: 2, viewers: 9, in_bps: 5, out_bps: 40 }, now: { publishers: 1, viewers: 9, in_bps: 3, out_bps: 20 } };
    visits.told({ kind: 'saving', visit: 'visit_1', saving });
    await one().end();
    expect(said).toEqual([{ kind: 'end', visit: 'visit_1' }]);
    visits.told({ kind: 'ended', visit: 'visit_1', reason: 'host' });
    vi.advanceTimersByTime(10 * OVER_STAYS_MS);
    expect(one().saving).toEqual(saving);
    expect(await one().thank()).toEqual({ ok: true });
    expect(one().over?.thanked).toBe(true);
    one().forget();
    expect(visits.all).toEqual([]);
  });

  it('leaves nothing behind when it is called off', () => {
    const { visits } = world('room_ana', { me: 'user_ana', mine: true });
    visits.told({ kind: 'visit', visit: visit(ANNOUNCED) });
    visits.told({ kind: 'ended', visit: 'visit_1', reason: 'host' });
    expect(visits.all).toEqual([]);
  });

  it('shows how a request stands, also one from before the page was loaded', () => {
    const request = { wanted: 1, invited: [], left: 2, over: false };
    const { visits } = world('room_ana', { me: 'user_ana', mine: true });
    visits.stands([], request);
    expect(visits.inviting?.request).toEqual(request);
    visits.told({ kind: 'request', request: { ...request, over: true } });
    expect(visits.inviting?.request?.over).toBe(true);
    expect(world('room_ana').visits.invite()).toBeNull();
  });
});
