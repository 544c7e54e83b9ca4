/** Models with made-up content, in whichever state a scene asks for. They answer actions as a server would. */
import { app } from '../app/messages';
import type { Models } from '../app/models';
import type { Noticed, NoticesModel } from '../app/notices.svelte';
import type { FrontPageModel, RoomCard, RoomSearch } from '../capabilities/live_rooms/model';
import type { AdminModel, Me, Outcome, SessionModel, SettingsModel } from '../capabilities/people/model';
import type { Preferences } from '../protocol/generated/types';
import { PALETTES, still } from './pictures';
import { sampleDialogs, type DialogsChoice } from './sample_dialogs.svelte';
import { sampleLibrary, samplePerson, type FilmsChoice } from './sample_films.svelte';
import { samplePastGroups } from './sample_groups.svelte';
import { sampleModeration } from './sample_moderation.svelte';
import { ANA, author, CROWD, GUEST, MIRA } from './sample_people';
import { sampleRoom, type RoomChoice } from './sample_room.svelte';
import { sampleSending, type SendingChoice } from './sample_sending.svelte';
import { sampleInvitations, sampleLedger } from './sample_visits.svelte';
import { sampleVideo, type VideoChoice } from './sample_video.svelte';

export interface SampleChoice extends RoomChoice, VideoChoice, DialogsChoice, FilmsChoice, SendingChoice {
  readonly me?: 'signed_out' | 'guest' | 'signed_in';
  /** The room lets in no guest without a link. */
  readonly closed?: boolean;
  /** Anybody may make an account. */
  readonly registration?: boolean;
  /** Two whom I follow have gone live. */
  readonly wentLive?: boolean;
  /** Somebody wrote to me, and somebody wants to be friends. */
  readonly noticed?: boolean;
  readonly front?: 'full' | 'one' | 'empty' | 'loading' | 'failed';
}

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const HOUR_MS = 3_600_000;

function sampleSession(choice: SampleChoice): SessionModel {
  const me: Me | null = choice.me === 'signed_out' ? null : choice.me === 'guest' ? GUEST : ANA;
  const session = $state({ state: (choice.me ?? 'signed_in') as SessionModel['state'], me, guestsWelcome: choice.closed !== true, provider: 'Home ID', registration: choice.registration === true });
  return Object.assign(session, {
    signIn: (_name: string, password: string): Promise<Outcome> =>
      Promise.resolve(password === 'wrong' ? { ok: false, refusal: { reason: 'wrong_credentials' as const } } : { ok: true }),
    enterAsGuest(displayName: string) {
      session.me = { ...GUEST, displayName };
      session.state = 'guest';
      return done();
    },
    signUp: (name: string): Promise<Outcome> => Promise.resolve(name === 'ana' ? { ok: false, refusal: { reason: 'name_taken' as const } } : { ok: true }),
    createFirstAdministrator: done,
    checkSetupLink: (token: string) => Promise.resolve(token === 'spent' ? ('spent' as const) : ('good' as const)),
    setDisplayName(displayName: string) {
      if (session.me) session.me = { ...session.me, displayName };
      return done();
    },
    signOut() {
      session.me = null;
      session.state = 'signed_out';
      return Promise.resolve();
    },
  });
}

const picturesOf = (at: number) => { const palette = PALETTES[at]; return palette ? still(palette) : null; };

function cards(): RoomCard[] {
  const started = (hours: number) => Date.now() - hours * HOUR_MS;
  const pictures = PALETTES.map((palette) => still(palette));
  const picture = (at: number) => pictures[at] ?? null;
  return [
    { host: author('mira', 'Mira Halvorsen'), title: 'Opening the kiln: nine hours of ash glaze', category: 'making', language: 'en', tags: ['pottery', 'glaze'], here: 1284, startedAt_ms: started(1.4), picture: picture(0), followers: 12, followed: false },
    { host: author('lin', '林晓雨'), title: '深夜钢琴｜一起听雨，慢慢聊聊这一周', category: 'music', language: 'zh', tags: ['钢琴'], here: 642, startedAt_ms: started(0.6), picture: picture(3), followers: 12, followed: false },
    { host: author('tomas', 'Tomás de la Fuente y Garcilaso'), title: 'Cocina de domingo: fabada sin prisa, con preguntas de todos y una larga sobremesa al final', category: 'food', language: 'es', tags: ['asturias'], here: 210, startedAt_ms: started(3.2), picture: picture(2), followers: 12, followed: false },
    { host: author('ben', 'Ben Okafor'), title: 'Graph theory from scratch, part 4', category: 'learning', language: 'en', tags: ['maths'], here: 97, startedAt_ms: started(0.2), picture: null, followers: 12, followed: true },
    { host: author('yuki', 'ゆき'), title: '朝の散歩、鴨川から', category: 'outdoors', language: 'ja', tags: [], here: 58, startedAt_ms: started(0.9), picture: picture(5), followers: 12, followed: false },
    { host: author('noor', 'نور الهدى'), title: 'حكايات قبل النوم', category: 'talk', language: 'ar', tags: [], here: 33, startedAt_ms: started(0.4), picture: picture(4), followers: 12, followed: false },
    { host: author('sam', 'sam'), title: 'speedrun practice', category: 'games', language: 'en', tags: [], here: 1, startedAt_ms: started(0.05), picture: picture(1), followers: 12, followed: false },
  ];
}

function sampleFront(choice: SampleChoice): FrontPageModel {
  const which = choice.front ?? 'full';
  const rooms = which === 'full' ? cards() : which === 'one' ? cards().slice(0, 1) : [];
  const off: RoomCard[] = [
    { host: author('olena', 'Олена'), title: 'Гончарство для початківців', category: 'making', language: 'uk', tags: ['кераміка', 'pottery'], here: 0, startedAt_ms: null, picture: picturesOf(2), followers: 40, followed: false },
    { host: author('priya', 'Priya'), title: 'Pottery and stories', category: 'making', language: 'en', tags: ['pottery'], here: 0, startedAt_ms: null, picture: null, followers: 7, followed: true },
  ];
  const state = $state({
    state: (which === 'loading' ? 'loading' : which === 'failed' ? 'failed' : 'ready') as FrontPageModel['state'],
    rooms,
    found: null as readonly RoomCard[] | null,
    searching: 'no' as FrontPageModel['searching'],
  });
  return Object.assign(state, {
    search(what: RoomSearch | null) {
      const words = what === null ? '' : `${what.words} ${what.tag}`.trim().toLowerCase();
      state.found = what === null ? null : [...rooms, ...off].filter((one) => `${one.title} ${one.tags.join(' ')}`.toLowerCase().includes(words));
    },
    retry() {},
    close() {},
  });
}

function sampleSettings(): SettingsModel {
  const state = $state({
    state: 'ready' as const,
    devices: [
      { id: 'device_1', name: 'Firefox on Debian', kind: 'computer' as const, thisOne: true, lastSeen_ms: Date.now() },
      { id: 'device_2', name: 'Safari on iPhone', kind: 'phone' as const, thisOne: false, lastSeen_ms: Date.now() - 2 * HOUR_MS },
      { id: 'device_3', name: 'recorder.py', kind: 'program' as const, thisOne: false, lastSeen_ms: Date.now() - 80 * HOUR_MS },
    ],
    follows: [author('mira', 'Mira Halvorsen'), author('lin', '林晓雨')],
    blocked: [author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän')],
  });
  let kept: Preferences = { interests: ['ash glaze', '陶艺', 'Donaudampfschifffahrtsgesellschaft'], group_invitations: true, do_not_disturb: false, host_visits: false, read_marks: true, presence: true };
  return Object.assign(state, {
    preferences: {
      read: () => Promise.resolve({ is: 'ok' as const, value: kept }),
      change: (next: Preferences) => { kept = next; return Promise.resolve({ is: 'ok' as const, value: next }); },
    },
    retry() {},
    close() {},
    signOutDevice(id: string) { state.devices = state.devices.filter((device) => device.id !== id); return done(); },
    changePassword: done,
    unfollow(id: string) { state.follows = state.follows.filter((person) => person.id !== id); return done(); },
    unblock(id: string) { state.blocked = state.blocked.filter((person) => person.id !== id); return done(); },
  });
}

function sampleAdmin(): AdminModel {
  const state = $state({
    state: 'ready' as const,
    accounts: CROWD.filter((one) => !one.guest).map((one, at) => ({
      ...one, administrator: one.name === 'ana', disabled: one.name === 'sam', created_ms: Date.now() - at * 61 * 24 * HOUR_MS,
    })),
  });
  return Object.assign(state, {
    moderation: sampleModeration(false),
    retry() {},
    close() {},
    add(name: string, _password: string, administrator: boolean): Promise<Outcome> {
      if (state.accounts.some((one) => one.name === name)) return Promise.resolve({ ok: false, refusal: { reason: 'name_taken' } });
      state.accounts = [{ ...author(name, name), administrator, disabled: false, created_ms: Date.now() }, ...state.accounts];
      return done();
    },
    setPassword: done,
    setDisabled(id: string, disabled: boolean) {
      state.accounts = state.accounts.map((one) => (one.id === id ? { ...one, disabled } : one));
      return done();
    },
  });
}

function sampleNotices(choice: SampleChoice): NoticesModel {
  const state = $state<{ list: readonly Noticed[]; system: NoticesModel['system'] }>({
    list: choice.wentLive ? [MIRA, author('lin', '林晓雨')].map((who, at) => ({
      id: `room_${who.name}`, who, live: true, title: app().notices.live(who.displayName), text: at === 0 ? 'Opening the kiln: nine hours of ash glaze' : '', action: app().notices.watch, to: { at: 'room' as const, host: who.name },
    })) : choice.noticed ? [
      { id: 'dialog_lin', who: author('lin', '林晓雨'), title: '林晓雨', text: 'And the good microphone, please', action: 'Open', to: { at: 'dialogs' as const, id: 'dialog_lin' } },
      { id: 'friend_zed', who: author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän'), title: 'Donaudampfschifffahrtsgesellschaftskapitän wants to be friends', text: '', action: 'Answer', to: { at: 'people' as const } },
    ] : [],
    system: 'off',
  });
  return Object.assign(state, {
    dismiss(id: string) { state.list = state.list.filter((one) => one.id !== id); },
    allowSystem() { state.system = 'on'; return Promise.resolve(); },
  });
}

export function sampleModels(choice: SampleChoice): Models {
  const session = sampleSession(choice);
  const { dialogs, friends } = sampleDialogs(choice, session);
  const sending = sampleSending(choice);
  return {
    session,
    notices: sampleNotices(choice),
    visitInvitations: { current: sampleInvitations(choice) },
    dialogs: { current: dialogs, open: () => Promise.resolve(dialogs) },
    sending: () => Promise.resolve(sending),
    friends: () => Promise.resolve(friends),
    frontPage: () => Promise.resolve(sampleFront(choice)),
    room: () => Promise.resolve(sampleRoom(choice, session)),
    video: () => Promise.resolve(sampleVideo(choice)),
    library: () => Promise.resolve(sampleLibrary(choice)),
    person: () => Promise.resolve(samplePerson(choice)),
    settings: () => Promise.resolve(sampleSettings()),
    pastGroups: () => Promise.resolve(samplePastGroups(choice)),
    ledger: () => Promise.resolve(sampleLedger(choice)),
    admin: () => Promise.resolve(sampleAdmin()),
  };
}
