/** Dialogs with made-up content: the real models, in front of a server that is played here. */
import type { Connection as LiveConnection, SpaceListener } from '../engines/connection/connection';
import type { Answer } from '../engines/connection/machine';
import type { DialogsApi, Where } from '../engines/http/dialogs';
import type { Reply } from '../engines/http/http';
import { Dialogs } from '../capabilities/dialogs/dialogs.svelte';
import { Friends } from '../capabilities/dialogs/friends.svelte';
import type { FriendsModel } from '../capabilities/dialogs/model';
import type { Person, SessionModel } from '../capabilities/people/model';
import type { Command, Dialog, Me, Message, Profile, Snapshot, SpaceId } from '../protocol/generated/types';
import { sampleScreening, type FilmsChoice } from './sample_films.svelte';
import { ANA, author, CROWD, line } from './sample_people';
import { IMAGES, tinyOf } from './sample_sending.svelte';

export interface DialogsChoice extends Pick<FilmsChoice, 'screening'> {
  /** How dialogs stand. `new`: one is opened in which nothing was said. */
  readonly dialogs?: 'usual' | 'none' | 'loading' | 'failed' | 'entering' | 'blocked' | 'typing' | 'reconnecting' | 'offline_send' | 'drafts';
  readonly friends?: 'none';
}

/** Long enough that nothing could hold it all. */
export const LONG = 100_000;
const PAGE = 50;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NOW_MS = Date.now();

const profile = (one: Person): Profile => ({ id: one.id, name: one.guest ? null : one.name, display_name: one.displayName });
const by = (name: string, displayName: string) => profile(author(name, displayName));
const me = profile(ANA);
const lin = by('lin', '林晓雨');
const zed = by('zed', 'Donaudampfschifffahrtsgesellschaftskapitän');
const jonas = by('jonas', 'Jonas');
const noor = by('noor', 'نور الهدى');
const ben = by('ben', 'Ben Okafor');
const tomas = by('tomas', 'Tomás de la Fuente y Garcilaso');
const olena = by('olena', 'Олена');
const yuki = by('yuki', 'ゆき');

type Said = readonly [Profile, string, number, Partial<Message>?];
const talk = (...said: Said[]): Message[] => said.map(([who, text, ago_ms, more], at) => ({ position: at + 1, author: who, text, at_ms: NOW_MS - ago_ms, ...more }));

const LIN = talk(
  [lin, '昨晚的直播太好听了，那首雨声的曲子叫什么？', DAY_MS + 50 * MINUTE_MS],
  [me, 'It has no name yet. I was only trying what the new strings do.', DAY_MS + 47 * MINUTE_MS],
  [me, 'Shall I record it properly?', DAY_MS + 46 * MINUTE_MS, { edited_ms: NOW_MS - DAY_MS }],
  [lin, '当然！也许可以配上窑里的声音', DAY_MS + 40 * MINUTE_MS, { reply_to: { position: 3, author: me, text: 'Shall I record it properly?' } }],
  [lin, '', DAY_MS + 39 * MINUTE_MS, { deleted: true }],
  [me, 'The kiln cools on Sunday. There is a sound around hour seven, when the glaze begins to craze, that I have been meaning to catch for years: like rain on a tin roof, but slower.', 90 * MINUTE_MS],
  [me, 'Notes from last time: https://pots.example/glaze/ash?batch=14', 89 * MINUTE_MS],
  [lin, '我周日下午有空', 14 * MINUTE_MS],
  [lin, '带上录音机 🎙️', 13 * MINUTE_MS],
  [lin, 'And the good microphone, please', 12 * MINUTE_MS, { moment: { video: 'video_shown0', at_ms: 83_000 } }],
);
const image = (id: string): Partial<Message> => {
  const [at, width, height] = IMAGES[id] ?? [0, 16, 9];
  return { carries: { kind: 'image', image: id, width, height, tiny: tinyOf(at, width, height) } };
};
const film = (id: string, width: number, height: number, duration_ms: number): Partial<Message> => ({ carries: { kind: 'video', video: id, width, height, duration_ms, tiny: tinyOf(0, width, height) } });
const PICTURES = () => talk(
  [noor, 'Look what came out', 3 * DAY_MS],
  [noor, '', 3 * DAY_MS - MINUTE_MS, image('image_kiln')],
  [noor, '', 3 * DAY_MS - 2 * MINUTE_MS, image('image_ash')],
  [me, '', DAY_MS + 9 * MINUTE_MS, film('video_kiln', 1920, 1080, 204_000)],
  [me, 'Nine hours in three minutes. The ash runs where the flame went.', DAY_MS, film('video_kiln', 1080, 1920, 61_000)],
  [noor, 'How did you hold the camera?', DAY_MS - MINUTE_MS, { reply_to: { position: 4, author: me, text: '', carries: 'video' } }],
  [noor, '', 40 * MINUTE_MS, film('video_gone', 1280, 720, 12_000)],
  [me, 'The jar, before and after', 30 * MINUTE_MS, image('image_jar')],
  [noor, '', 20 * MINUTE_MS, image('image_wide')],
);
const KILN = talk(
  [jonas, 'Who has the key to the shed?', 3 * DAY_MS],
  [tomas, 'I do. I can be there from nine.', 3 * DAY_MS - 4 * MINUTE_MS],
  [zed, 'I bring two bags of ash, sieved, and the long tongs. Somebody else has to bring the gloves this time.', 2 * DAY_MS],
  [me, 'Gloves: me.', 2 * DAY_MS - 8 * MINUTE_MS],
  [olena, 'Я спізнюсь на пів години', 40 * MINUTE_MS],
  [me, 'No hurry, it stays hot all day', 31 * MINUTE_MS],
  [me, 'and there is cake', 30 * MINUTE_MS],
);
const HARD = talk(
  [zed, '<img src=x onerror=alert(1)> <b>not bold</b> &amp; plain', DAY_MS],
  [zed, 'A'.repeat(180), DAY_MS - MINUTE_MS],
  [me, '\u202Egnirts desrever a si siht\u202C and on', DAY_MS - 2 * MINUTE_MS],
  [me, 'javascript:alert(1) http://user@evil.example http://a.example/看这里', 50 * MINUTE_MS],
  [zed, '这是一条非常长的中文消息，用来检查换行是否自然，标点不会出现在行首，而且不会把右侧的面板撑开，无论写多少字都应当如此。', 40 * MINUTE_MS],
  [me, 'two\nlines\n\nand a gap', 30 * MINUTE_MS, { reply_to: { position: 2, author: zed, text: 'A'.repeat(120) } }],
  [zed, 'to one that is gone', 20 * MINUTE_MS, { reply_to: { position: 1, author: zed, text: '' } }],
);

/** The n-th message of an endless talk, always the same. */
const ofLong = (position: number): Message => ({
  position, author: position % 3 === 0 ? me : ben, text: `${line(position).text} · ${position}`, at_ms: NOW_MS - (LONG - position) * 7 * MINUTE_MS,
});

interface Kept {
  readonly row: Omit<Dialog, 'last'>;
  /** What was said; a function where it is too long to be written down. */
  said: Message[] | null;
}

const row = (id: string, others: Profile[], more: Partial<Dialog> = {}): Omit<Dialog, 'last'> => ({
  id: `dialog_${id}`, title: '', two: others.length === 1, members: [me, ...others], read_position: 0, unread: 0, pinned: false, muted: false, since_ms: NOW_MS - 20 * DAY_MS, ...more,
});

function server(choice: DialogsChoice): Map<SpaceId, Kept> {
  if (choice.dialogs === 'none') return new Map();
  const last = (who: Profile, text: string, ago_ms: number) => talk([who, text, ago_ms]);
  const all: Kept[] = [
    { row: row('lin', [lin], { unread: 3, read_position: 7 }), said: [...LIN] },
    { row: row('kiln', [jonas, tomas, zed, olena], { title: 'Sunday’s kiln', pinned: true, read_position: 7 }), said: [...KILN] },
    { row: row('hard', [zed], { muted: true, unread: 120, read_position: 2 }), said: [...HARD] },
    { row: row('noor', [noor], { read_position: 1 }), said: last(noor, 'شكرا جزيلا! نلتقي يوم الجمعة', 5 * 60 * MINUTE_MS) },
    { row: row('long', [ben], { read_position: LONG }), said: null },
    { row: row('trio', [yuki, noor], { read_position: 1 }), said: last(yuki, '写真をありがとう', 9 * DAY_MS) },
    { row: row('pictures', [noor], { title: 'Pictures', two: false, read_position: 9 }), said: PICTURES() },
    { row: row('new', [tomas], { since_ms: NOW_MS - 15 * DAY_MS }), said: [] },
    { row: row('olena', [olena], { read_position: 1 }), said: talk([olena, '', 400 * DAY_MS, { deleted: true }]) },
  ];
  return new Map(all.map((one) => [one.row.id, one]));
}

const ok = <T>(value: T): Promise<Reply<T>> => new Promise((done) => setTimeout(() => done({ is: 'ok', value }), 60));
const NEVER = new Promise<never>(() => {});

export function sampleDialogs(choice: DialogsChoice, session: SessionModel): { dialogs: Dialogs; friends: FriendsModel } {
  const held = server(choice);
  const listeners = new Map<SpaceId, SpaceListener>();
  const state = $state<{ wire: Me }>({ wire: {
    profile: me, administrator: true, blocked: choice.dialogs === 'blocked' ? [lin] : [], follows: [],
    friends: choice.friends === 'none' ? [] : [lin, tomas, zed], friend_requests: choice.friends === 'none' ? [] : [olena, by('wang', '王建国')], friends_asked: choice.friends === 'none' ? [] : [yuki],
  } });
  const changes = new Set<() => void>();
  const whose = { get me() { return session.me; }, get wire() { return state.wire; }, onChange(listener: () => void) { changes.add(listener); return () => changes.delete(listener); } };
  const change = (next: Partial<Me>) => { state.wire = { ...state.wire, ...next }; for (const listener of changes) listener(); };

  const lastOf = (one: Kept) => (one.said === null ? LONG + (extra.get(one.row.id)?.length ?? 0) : one.said.length);
  const extra = new Map<SpaceId, Message[]>();
  const at = (one: Kept, position: number): Message | undefined =>
    one.said !== null ? one.said[position - 1] : position > LONG ? extra.get(one.row.id)?.[position - LONG - 1] : position > 0 ? ofLong(position) : undefined;
  const stretch = (one: Kept, from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, nth) => at(one, from + nth)).filter((message) => message !== undefined);
  const whole = (one: Kept): Dialog => ({ ...one.row, last: at(one, lastOf(one)) ?? null });

  function page(id: SpaceId, where: Where) {
    const one = held.get(id);
    if (!one) return Promise.resolve({ is: 'rejected' as const, rejection: { kind: 'not_found' as const } });
    const end = lastOf(one) + 1;
    const [from, to] = 'after' in where ? [where.after + 1, Math.min(end, where.after + 1 + PAGE)]
      : 'around' in where ? [Math.max(1, where.around - PAGE / 2), Math.min(end, where.around + PAGE / 2)]
      : [Math.max(1, ('before' in where ? where.before : end) - PAGE), 'before' in where ? where.before : end];
    return ok({ messages: stretch(one, from, to), more: 'after' in where ? to < end : from > 1 });
  }

  const people = CROWD.filter((one) => !one.guest && one.id !== ANA.id);
  const api: DialogsApi = {
    list: () => choice.dialogs === 'loading' ? NEVER : choice.dialogs === 'failed' ? Promise.resolve({ is: 'unreachable' as const })
      : ok({ dialogs: [...held.values()].map(whole), more: false }),
    one: (id) => { const one = held.get(id); return one ? ok(whole(one)) : Promise.resolve({ is: 'rejected' as const, rejection: { kind: 'not_found' as const } }); },
    begin: ({ with: users, title }) => {
      const known = users.length === 1 ? [...held.values()].find((one) => one.row.two && one.row.members.some((member) => member.id === users[0])) : undefined;
      const made = known ?? { row: row(`made_${held.size}`, people.filter((one) => users.includes(one.id)).map(profile), { title: title ?? '', since_ms: Date.now() }), said: [] };
      held.set(made.row.id, made);
      return ok(whole(made));
    },
    keep: (id, keeping) => {
      const one = held.get(id);
      if (!one) return Promise.resolve({ is: 'unreachable' as const });
      Object.assign(one.row, keeping);
      return ok(whole(one));
    },
    messages: page,
    find: (q, dialog) => ok({
      found: [...held.values()].flatMap((one) => (dialog !== null && dialog !== one.row.id ? [] : (one.said ?? stretch(one, 40_000, 40_030)).filter((message) => message.text.toLowerCase().includes(q.toLowerCase())).map((message) => ({ dialog: one.row.id, message }))))
        .sort((a, b) => b.message.at_ms - a.message.at_ms).slice(0, 50),
      more: false,
    }),
    people: (q) => ok({ people: people.filter((one) => `${one.name} ${one.displayName}`.toLowerCase().includes(q.toLowerCase())).map(profile) }),
  };

  function snapshot(one: Kept): Snapshot {
    const end = lastOf(one) + 1;
    return {
      about: { title: '', category: '', language: '', tags: [], rules: '', entry: 'open' }, host: me, broadcast: { state: 'off' }, publishers: [], audience: 1,
      messages: stretch(one, Math.max(1, end - PAGE), end), more_messages: end > PAGE + 1, read_position: one.row.read_position, slow_mode_s: 0,
      you: { profile: me, role: 'viewer' }, muted_until_ms: null, your_stage: { state: 'audience' }, recording: { wanted: false, video: null },
      dialog: stands(one),
    };
  }
  const stands = (one: Kept) => ({
    title: one.row.title, two: one.row.two,
    members: one.row.members.map((member, nth) => ({ profile: member, here: nth < 2, read_position: nth === 0 || member.id === zed.id ? 0 : lastOf(one) })),
  });

  const done: Answer = { is: 'ok', outcome: { kind: 'done' } };
  function command(id: SpaceId, what: Command): Promise<Answer> {
    const one = held.get(id);
    const listener = listeners.get(id);
    if (!one || !listener) return Promise.resolve({ is: 'lost' });
    switch (what.kind) {
      case 'send': {
        if (choice.dialogs === 'reconnecting') return NEVER;
        if (what.text.includes('fail')) return new Promise((settle) => setTimeout(() => settle({ is: 'rejected', rejection: { kind: 'busy' } }), 300));
        const quoted = what.reply_to == null ? undefined : at(one, what.reply_to);
        const message: Message = { position: lastOf(one) + 1, author: me, text: what.text, at_ms: Date.now(), nonce: what.nonce, ...(what.moment ? { moment: what.moment } : {}), ...(quoted ? { reply_to: { position: quoted.position, author: quoted.author, text: quoted.text } } : {}) };
        return new Promise((settle) => setTimeout(() => {
          put(one, message);
          settle({ is: 'ok', outcome: { kind: 'sent', position: message.position, at_ms: message.at_ms } });
          listener.event({ kind: 'message', message });
        }, 400));
      }
      case 'delete_message':
        change_at(one, what.position, { text: '', deleted: true });
        listener.event({ kind: 'message_deleted', position: what.position });
        return Promise.resolve(done);
      case 'dialogs': {
        const { wants } = what;
        if (wants.kind === 'edit') {
          change_at(one, wants.position, { text: wants.text, edited_ms: Date.now() });
          listener.event({ kind: 'dialogs', event: { kind: 'edited', position: wants.position, text: wants.text, edited_ms: Date.now() } });
        } else if (wants.kind === 'set_title') Object.assign(one.row, { title: wants.title });
        else if (wants.kind === 'add') one.row.members.push(...people.filter((person) => person.id === wants.user).map(profile));
        else if (wants.kind === 'depart') held.delete(id);
        if (wants.kind !== 'typing' && wants.kind !== 'depart') listener.event({ kind: 'dialogs', event: { kind: 'state', state: stands(one) } });
        return Promise.resolve(done);
      }
      default: return Promise.resolve(done);
    }
  }
  function put(one: Kept, message: Message) {
    if (one.said !== null) one.said.push(message);
    else extra.set(one.row.id, [...(extra.get(one.row.id) ?? []), message]);
  }
  function change_at(one: Kept, position: number, to: Partial<Message>) {
    if (one.said?.[position - 1]) one.said[position - 1] = { ...one.said[position - 1]!, ...to };
  }

  const connection = {
    status: { is: 'open' },
    get serverTime_ms() { return Date.now(); },
    reconnectNow() {},
    join(id: SpaceId, listener: SpaceListener) {
      listeners.set(id, listener);
      const one = held.get(id);
      if (!one) setTimeout(() => listener.declined({ kind: 'not_found' }), 30);
      else if (choice.dialogs !== 'entering') setTimeout(() => {
        if (listeners.get(id) !== listener) return;
        listener.joined(false, true);
        listener.event({ kind: 'snapshot', snapshot: snapshot(one) });
        if (choice.dialogs === 'typing') {
          const writing = () => {
            if (listeners.get(id) !== listener) return;
            listener.event({ kind: 'dialogs', event: { kind: 'typing', user: one.row.members[1]?.id ?? '' } });
            setTimeout(writing, 3_000);
          };
          writing();
        }
      }, 80);
      return { id, command: (what: Command) => command(id, what), leave: () => { if (listeners.get(id) === listener) listeners.delete(id); } };
    },
    person(what: { kind: string; user?: string }): Promise<Answer> {
      const who = [...people.map(profile)].find((one) => one.id === what.user);
      const { friends, friend_requests, friends_asked, blocked } = state.wire;
      const but = (list: Profile[]) => list.filter((one) => one.id !== what.user);
      if (!who) return Promise.resolve({ is: 'rejected', rejection: { kind: 'not_found' } });
      if (what.kind === 'block') change({ blocked: [...but(blocked), who] });
      else if (what.kind === 'unblock') change({ blocked: but(blocked) });
      else if (what.kind === 'befriend') {
        const mutual = friend_requests.some((one) => one.id === who.id);
        change(mutual ? { friends: [...but(friends), who], friend_requests: but(friend_requests) } : { friends_asked: [...but(friends_asked), who] });
      } else if (what.kind === 'unfriend') change({ friends: but(friends), friend_requests: but(friend_requests), friends_asked: but(friends_asked) });
      return Promise.resolve(done);
    },
  } as unknown as LiveConnection;

  let nonces = 0;
  const dialogs = new Dialogs({
    api, session: whose, connection,
    onStatus: (listener) => { listener(choice.dialogs !== 'reconnecting'); return () => {}; },
    nonce: () => `sample${(nonces += 1)}`,
    news() {},
    heeded() {},
    screening: () => Promise.resolve(sampleScreening(choice)),
  });
  if (choice.dialogs === 'drafts') dialogs.drafts.set('dialog_noor', 'Friday at six, and I bring');
  const friends = new Friends({ api, session: whose, person: (what) => connection.person(what), begin: (who, title) => dialogs.begin(who, title) });
  return { dialogs, friends };
}
