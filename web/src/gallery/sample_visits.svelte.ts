/** Visits in every state, with made-up hosts. */
import { problemOf } from '../capabilities/host_visits/conditions';
import type {
  Candidate, InvitationsModel, Invited, InvitingModel, LedgerEntry, LedgerModel, Request, RoomVisitsModel, Saving, VisitingModel, VisitInvitation, VisitState,
} from '../capabilities/host_visits/model';
import { roomVoices } from '../capabilities/host_visits/wire';
import type { RoomModel } from '../capabilities/live_rooms/model';
import type { Outcome, Person } from '../capabilities/people/model';
import { now_ms } from '../ui/now';
import { PALETTES, still } from './pictures';
import { ANA, author, CROWD, MIRA } from './sample_people';

export interface VisitChoice {
  /** Of a room: where a visit stands. `to`: to this room; otherwise from it. */
  readonly visit?: 'announced' | 'along' | 'stays' | 'kept_out' | 'over' | 'to_announced' | 'to' | 'to_over';
  readonly visitWay?: 'watching' | 'on_stage';
  /** Names that try a layout. */
  readonly longNames?: boolean;
  readonly invite?: 'found' | 'none' | 'failed' | 'looking' | 'spent' | 'asking' | 'asked_over';
  /** Other hosts ask me over. */
  readonly invited?: 'one' | 'hard';
  readonly ledger?: 'full' | 'empty' | 'failed' | 'loading';
}

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const LIN = author('lin', '林晓雨');
const BEN = author('ben', 'Ben Okafor');
const LONG = author('tomas', 'Tomás Donaudampfschifffahrtsgesellschaftskapitän de la Fuente y Garcilaso');
const picture = (at: number) => { const palette = PALETTES[at % PALETTES.length]; return palette ? still(palette) : null; };

const SAVING: Saving = {
  before: { publishers: 2, viewers: 18, in_bps: 5_200_000, out_bps: 43_100_000 },
  now: { publishers: 1, viewers: 18, in_bps: 2_600_000, out_bps: 22_400_000 },
};

/** A model with the time of day, which a copy of it would not have. */
function withClock<T extends object>(model: T): T & { readonly clock_ms: number } {
  return new Proxy(model, { get: (of, key): unknown => (key === 'clock_ms' ? now_ms() : Reflect.get(of, key)) }) as T & { readonly clock_ms: number };
}

function candidates(): Candidate[] {
  return [
    { host: LIN, title: '深夜钢琴｜一起听雨，慢慢聊聊这一周', category: 'music', live: true, audience: 64, standing: 7, picture: picture(3),
      reasons: [{ is: 'owes_visits', visits: 2 }, { is: 'language' }, { is: 'thanked' }] },
    { host: BEN, title: 'Graph theory from scratch, part 4', category: 'learning', live: true, audience: 31, standing: 3, picture: picture(1),
      reasons: [{ is: 'tags', shared: ['maths', 'slow', 'questions welcome'] }, { is: 'followed' }] },
    { host: LONG, title: 'Cocina de domingo: fabada sin prisa, con preguntas de todos y una larga sobremesa al final', category: 'food', live: true, audience: 12, standing: 0, picture: picture(2),
      reasons: [{ is: 'rarely_asked' }, { is: 'is_owed_visits', visits: 1 }, { is: 'category' }] },
    { host: author('yuki', 'ゆき'), title: '朝の散歩、鴨川から', category: 'outdoors', live: false, audience: 0, standing: 1, picture: null, reasons: [] },
  ];
}

function request(over: boolean): Request {
  const until_ms = Date.now() + 21_000;
  const one = (host: Person, state: Invited['state'], at: number): Invited => ({ visit: `visit_${at}`, host, state, until_ms });
  return over
    ? { wanted: 2, left: 0, over, invited: [one(LIN, 'accepted', 1), one(BEN, 'declined', 2), one(LONG, 'expired', 3), one(author('yuki', 'ゆき'), 'unavailable', 4)] }
    : { wanted: 2, left: 3, over, invited: [one(BEN, 'declined', 1), one(LIN, 'accepted', 2), one(LONG, 'open', 3)] };
}

function sampleInviting(choice: VisitChoice): InvitingModel {
  const state = $state({
    candidates: null as InvitingModel['candidates'],
    looking: 'no' as InvitingModel['looking'],
    request: (choice.invite === 'asking' || choice.invite === 'asked_over' ? request(choice.invite === 'asked_over') : null) as Request | null,
    askable: true as boolean | null,
  });
  return withClock(Object.assign(state, {
    look(conditions: Parameters<InvitingModel['look']>[0]) {
      state.looking = choice.invite === 'failed' ? 'failed' : choice.invite === 'looking' ? 'yes' : 'no';
      state.candidates = problemOf(conditions) !== null || state.looking !== 'no' ? null : choice.invite === 'none' ? [] : candidates();
      return Promise.resolve();
    },
    invite() {
      if (choice.invite === 'spent') return Promise.resolve({ is: 'spent' as const, max: 3, retryAfter_ms: 22 * 60_000 });
      state.request = request(false);
      return Promise.resolve(null);
    },
    cancel() { state.request = state.request && { ...state.request, over: true, invited: state.request.invited.map((one) => (one.state === 'open' ? { ...one, state: 'withdrawn' as const } : one)) }; return done(); },
    forget() { state.request = null; },
    setAskable(askable: boolean) { state.askable = askable; return done(); },
  }));
}

function sampleVisit(choice: VisitChoice, mine: boolean): VisitState {
  const host: Person = mine ? ANA : MIRA;
  const guest = choice.longNames ? LONG : LIN;
  const to = choice.visit?.startsWith('to') === true;
  const voices = roomVoices(to ? host.id : guest.id, to ? guest.id : host.id);
  const announced = choice.visit === 'announced' || choice.visit === 'to_announced';
  const began_ms = announced ? Date.now() + 8_000 : Date.now() - 192_000;
  const other = { host: guest, title: '深夜钢琴｜一起听雨' };
  const own = { host, title: 'Opening the kiln: nine hours of ash glaze' };
  return {
    id: 'visit_1', way: choice.visitWay ?? 'watching', mine: to ? 'to' : 'from', hosting: mine,
    to: { ...(to ? own : other), voice: voices.to }, from: { ...(to ? other : own), voice: voices.from },
    begins_ms: announced ? began_ms : null, since_ms: began_ms, until_ms: announced ? began_ms : began_ms + 600_000,
  };
}

/** @param other makes the other room */
export function sampleVisits(choice: VisitChoice, mine: boolean, room: RoomModel['chat'], other: (host: Person) => RoomModel): RoomVisitsModel {
  const inviting = mine && choice.invite ? sampleInviting(choice) : null;
  const invite = () => Promise.resolve(mine ? (inviting ?? sampleInviting(choice)) : null);
  if (!choice.visit) return { all: [], inviting, invite };
  const visit = sampleVisit(choice, mine);
  const over = choice.visit === 'over' || choice.visit === 'to_over';
  const away = choice.visit === 'along' || choice.visit === 'kept_out';
  const theirs = visit.mine === 'to' ? visit.from : visit.to;
  const ours = visit.mine === 'to' ? visit.to : visit.from;
  const entered = visit.begins_ms === null && !over && choice.visit !== 'stays' ? other(theirs.host) : null;
  const marked = (third: number, { host, voice }: VisitState['to']) => new Map(CROWD.filter((_, at) => at % 3 === third).map((one) => [one.id, { host: host.displayName, voice }]));
  if (entered) {
    Object.assign(room, { visitors: marked(1, theirs) });
    Object.assign(entered.chat, { visitors: marked(2, ours) });
  }
  const state = $state({
    visit,
    come: choice.visit !== 'stays',
    other: entered,
    stage: choice.visit === 'along' ? entered : null,
    keptOut: choice.visit === 'kept_out',
    saving: (mine && visit.begins_ms === null ? SAVING : null) as Saving | null,
    over: over ? { reason: 'over' as const, thanked: false } : null as VisitingModel['over'],
  });
  const visiting = withClock(Object.assign(state, {
    setCome(come: boolean) { state.come = come; state.other = come ? entered : null; state.stage = come && away ? entered : null; return done(); },
    end() { state.over = { reason: 'host', thanked: false }; return done(); },
    thank() { if (state.over) state.over = { ...state.over, thanked: true }; return done(); },
    forget() { all.list = []; },
  }));
  const all = $state({ list: [visiting] as readonly VisitingModel[] });
  return { get all() { return all.list; }, inviting, invite };
}

export function sampleInvitations(choice: VisitChoice): InvitationsModel | null {
  if (!choice.invited) return null;
  const base: VisitInvitation = {
    visit: 'visit_7', host: MIRA, title: 'Opening the kiln: nine hours of ash glaze', category: 'making', audience: 1284, duration_s: 600, offer: 'A visit back on Sunday', until_ms: Date.now() + 24_000, picture: picture(0),
    conditions: { category: 'music', language: 'zh', audienceFrom: 5, audienceTo: 200, tags: ['钢琴'], followed: false, standingFrom: null },
  };
  const hard: VisitInvitation = {
    ...base, visit: 'visit_8', host: LONG, title: '深夜钢琴｜一起听雨，慢慢聊聊这一周，什么都可以说，什么时候来都不晚', audience: 1, offer: '下周日我带着所有观众去你那里，陪你把那首曲子弹完，不管弹到几点。'.repeat(3), picture: null,
    conditions: { category: null, language: null, audienceFrom: 10, audienceTo: null, tags: [], followed: true, standingFrom: 2 },
  };
  const state = $state({ list: choice.invited === 'hard' ? [hard] : [base] });
  const gone = (visit: string) => { state.list = state.list.filter((one) => one.visit !== visit); return done(); };
  return withClock(Object.assign(state, { answer: gone, turnOff: gone }));
}

export function sampleLedger(choice: VisitChoice): LedgerModel {
  const which = choice.ledger ?? 'full';
  const day_ms = 24 * 3_600_000;
  const entry = (at: number, other: Person, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
    id: `visit_${at}`, way: 'watching', other, direction: 'came', began_ms: Date.now() - at * day_ms, ended_ms: Date.now() - at * day_ms + 612_000, people: 12, personMinutes: 96,
    followsMine: 3, followsTheirs: 5, thanked: { byMe: false, byThem: false }, ...more,
  });
  const state = $state({
    state: (which === 'failed' ? 'failed' : which === 'loading' ? 'loading' : 'ready') as LedgerModel['state'],
    entries: (which === 'empty' ? [] : [
      entry(0, LIN, { ended_ms: null, way: 'on_stage' }), entry(2, LONG, { thanked: { byMe: true, byThem: true } }), entry(9, BEN, { direction: 'went', people: 1, followsMine: 0 }),
    ]) as readonly LedgerEntry[],
    askable: (which === 'loading' ? null : false) as boolean | null,
  });
  return Object.assign(state, {
    retry() {},
    close() {},
    thank(id: string) { state.entries = state.entries.map((one) => (one.id === id ? { ...one, thanked: { ...one.thanked, byMe: true } } : one)); return done(); },
    setAskable(askable: boolean) { state.askable = askable; return done(); },
  });
}
