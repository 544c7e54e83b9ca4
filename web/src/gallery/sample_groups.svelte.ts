import type { GroupModel, PastGroup, RoomGroupsModel, Suggested, VoiceModel, Voiced } from '../capabilities/discussion_groups/model';
import type { PastGroupsModel } from '../capabilities/discussion_groups/past.svelte';
import type { Outcome, SessionModel } from '../capabilities/people/model';
import { PALETTES, playScene } from './pictures';
import { sampleChat } from './sample_chat.svelte';
import { ANA, author, CROWD, MIRA } from './sample_people';

export interface GroupChoice {
  /** What of discussion groups is going on. */
  readonly groups?: 'found' | 'none' | 'searching' | 'failed' | 'invited' | 'nobody' | 'card' | 'talk' | 'owner' | 'voice' | 'moving' | 'over' | 'no_content';
  readonly pastGroups?: 'none' | 'failed';
}

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const HOUR_MS = 3_600_000;
const lin = author('lin', '林晓雨');
const zed = author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän');
const jonas = author('jonas', 'Jonas');
const noor = author('noor', 'نور الهدى');

const SUGGESTED: readonly Suggested[] = [
  { person: lin, reasons: [{ kind: 'friend' }, { kind: 'interests', shared: ['ash glaze', '陶艺', 'rye bread'] }] },
  { person: zed, reasons: [{ kind: 'comments', terms: ['slow cooling', 'kiln', 'cracks', 'cone 10'] }, { kind: 'replies', count: 3 }] },
  { person: author('tomas', 'Tomás de la Fuente y Garcilaso'), reasons: [{ kind: 'followed' }] },
  { person: author('yuki', 'ゆき'), reasons: [{ kind: 'comments', terms: ['釉薬', '温度'] }] },
  { person: noor, reasons: [{ kind: 'interests', shared: ['فخار'] }] },
  { person: author('olena', 'Олена'), reasons: [{ kind: 'replies', count: 1 }] },
];

function sampleVoice(inside: boolean): VoiceModel {
  const one = (person: { id: string; displayName: string }, more: Partial<Voiced> = {}): Voiced =>
    ({ user: person.id, name: person.displayName, camera: false, silent: false, speaking: false, own: false, ...more });
  const state = $state({
    phase: (inside ? 'on' : 'off') as VoiceModel['phase'],
    microphone: (inside ? 'on' : 'off') as VoiceModel['microphone'],
    camera: 'off' as VoiceModel['camera'],
    people: inside ? [one(lin, { camera: true, speaking: true }), one(zed, { silent: true }), one(ANA, { own: true })] : [],
  });
  return Object.assign(state, {
    join(camera: boolean) { state.phase = 'on'; state.microphone = 'on'; state.camera = camera ? 'on' : 'off'; state.people = [one(lin, { speaking: true }), one(ANA, { own: true, camera })]; return done(); },
    leave() { state.phase = 'off'; state.people = []; },
    setMicrophone(on: boolean) { state.microphone = on ? 'on' : 'off'; },
    setCamera(on: boolean) { state.camera = on ? 'on' : 'off'; },
    attach: (_user: string, video: HTMLVideoElement) => { const palette = PALETTES[3]; return palette ? playScene(video, palette) : () => {}; },
  });
}

function sampleGroup(choice: GroupChoice, session: SessionModel): GroupModel {
  const content = { kind: 'live_room' as const, room: 'room_mira', host: MIRA, title: 'Opening the kiln: nine hours of ash glaze' };
  const owner = choice.groups === 'owner';
  const state = $state({
    id: 'group_sample',
    state: (choice.groups === 'over' ? 'idle' : 'inside') as GroupModel['state'],
    members: [lin, ANA, zed, jonas].map((person, at) => ({ person, here: at !== 3, owner: owner ? person.id === ANA.id : at === 0, me: person.id === ANA.id })),
    owner,
    content,
    playing: choice.groups !== 'no_content',
    ends_ms: choice.groups === 'no_content' ? Date.now() + 432_000 : null,
    proposal: choice.groups === 'moving' ? {
      by: lin, to: { ...content, room: 'room_lin', host: lin, title: '深夜钢琴｜一起听雨，慢慢聊聊这一周' }, until_ms: Date.now() + 24_000, mine: 'open' as const, accepted: 2, declined: 0,
    } : null as GroupModel['proposal'],
  });
  return Object.assign(state, {
    chat: sampleChat({}, session, false),
    voice: sampleVoice(choice.groups === 'voice'),
    placesToGo: () => Promise.resolve([
      { room: 'room_lin', host: lin, title: '深夜钢琴｜一起听雨，慢慢聊聊这一周', here: 642 },
      { room: 'room_tomas', host: author('tomas', 'Tomás de la Fuente y Garcilaso'), title: 'Cocina de domingo: fabada sin prisa, con preguntas de todos y una larga sobremesa al final', here: 210 },
    ]),
    move: done, dissolve: done, depart: done,
    answerMove() { state.proposal = null; return done(); },
    remove(user: string) { state.members = state.members.filter((one) => one.person.id !== user); return done(); },
    dismiss() {},
  });
}

export function sampleGroups(choice: GroupChoice, session: SessionModel): RoomGroupsModel {
  const which = choice.groups;
  const grouped = which !== undefined && ['talk', 'owner', 'voice', 'moving', 'over', 'no_content'].includes(which);
  const states = ['accepted', 'open', 'declined', 'expired'] as const;
  const state = $state({
    invitations: which === 'card' ? [{ id: 'invitation_1', by: zed, reasons: [{ kind: 'comments' as const, terms: ['slow cooling', 'kiln', 'cracks'] }], others: 3, until_ms: Date.now() + 47_000 }] : [],
    request: which === 'invited' || which === 'owner' ? { invited: [lin, zed, noor, jonas].map((person, at) => ({ person, state: states[at] ?? 'open' })), until_ms: Date.now() + 38_000 }
      : which === 'nobody' ? { invited: [zed, noor].map((person) => ({ person, state: 'expired' as const })), until_ms: Date.now() - 1 } : null as RoomGroupsModel['request'],
    suggestions: { state: (which === 'searching' ? 'loading' : which === 'failed' ? 'failed' : 'ready') as RoomGroupsModel['suggestions']['state'], list: which === 'none' || which === 'searching' || which === 'failed' ? [] : SUGGESTED },
    picked: new Set(which === 'found' ? [lin.id, zed.id] : []) as ReadonlySet<string>,
    group: grouped ? sampleGroup(choice, session) : null,
  });
  return Object.assign(state, {
    suggest() {},
    pick(user: string, picked: boolean) {
      const next = new Set(state.picked);
      if (picked) next.add(user);
      else next.delete(user);
      state.picked = next;
    },
    invite() {
      const list = [...state.picked].flatMap((id) => CROWD.find((one) => one.id === id) ?? []);
      state.request = { invited: list.map((person) => ({ person, state: 'open' as const })), until_ms: Date.now() + 60_000 };
      state.picked = new Set();
      return Promise.resolve({ ok: true as const, uninvited: [] });
    },
    withdraw() { state.request = null; return done(); },
    answer(id: string) { state.invitations = state.invitations.filter((one) => one.id !== id); return done(); },
    disturbNoMore() { state.invitations = []; return done(); },
  });
}

export function samplePastGroups(choice: GroupChoice): PastGroupsModel {
  const groups: PastGroup[] = choice.pastGroups ? [] : [
    { id: 'group_a', members: [lin, ANA, zed, jonas], content: { kind: 'live_room', room: 'room_mira', host: MIRA, title: '' }, since_ms: Date.now() - HOUR_MS, ended_ms: null },
    { id: 'group_b', members: [noor, ANA], content: null, since_ms: Date.now() - 80 * HOUR_MS, ended_ms: Date.now() - 78 * HOUR_MS },
  ];
  const state = $state({ state: (choice.pastGroups === 'failed' ? 'failed' : 'ready') as PastGroupsModel['state'], groups, read: null as PastGroupsModel['read'] });
  return Object.assign(state, {
    retry() {},
    close() {},
    open(id: string | null) {
      state.read = id === null ? null : {
        id, more: 'more' as const, messages: [
          { position: 4, name: '林晓雨', text: '窑温是多少？看起来颜色很深', deleted: false, at_ms: Date.now() - 79 * HOUR_MS },
          { position: 5, name: 'Ana Petrović', text: 'About 1240, with a slow last hour', deleted: false, at_ms: Date.now() - 79 * HOUR_MS },
          { position: 6, name: '林晓雨', text: '', deleted: true, at_ms: Date.now() - 78.5 * HOUR_MS },
        ],
      };
    },
    older() { if (state.read) state.read = { ...state.read, more: 'none' }; },
  });
}
