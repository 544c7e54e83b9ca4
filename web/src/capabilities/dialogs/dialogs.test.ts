import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DialogsApi } from '../../engines/http/dialogs';
import type { Reply } from '../../engines/http/http';
import type { Dialog, DialogKeeping, Me, Message, NewDialog, Profile } from '../../protocol/generated/types';
import { Dialogs, NEWS_MS } from './dialogs.svelte';
import { TYPING_PAUSE_MS } from './finding.svelte';
import { Friends } from './friends.svelte';
import { Kept } from './kept_test';
import { around } from './words';

const ANA: Profile = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const LIN: Profile = { id: 'user_lin', name: 'lin', display_name: '林晓雨' };
const said = (position: number, at_ms: number, more: Partial<Message> = {}): Message => ({ position, author: LIN, at_ms, text: `said ${position}`, ...more });
const dialog = (id: string, at_ms: number, more: Partial<Dialog> = {}): Dialog => ({
  id: `dialog_${id}`, title: '', two: true, members: [ANA, LIN], last: said(4, at_ms), read_position: 4, unread: 0, pinned: false, muted: false, since_ms: 1, ...more,
});
const ok = <T>(value: T): Reply<T> => ({ is: 'ok', value });
const ME = { id: ANA.id, name: 'ana', displayName: 'Ana', guest: false, administrator: false };

/** A server that the test plays, and what the list makes of it. */
class Bench {
  pages: (Reply<{ dialogs: Dialog[]; more: boolean }> | Promise<Reply<{ dialogs: Dialog[]; more: boolean }>>)[] = [];
  asked: string[] = [];
  kept: DialogKeeping[] = [];
  begun: NewDialog[] = [];
  news: string[] = [];
  heeded: string[] = [];
  one: Reply<Dialog> = { is: 'rejected', rejection: { kind: 'not_found' } };
  found: Message[] = [];
  me: typeof ME | null = ME;
  now_ms = 1_000_000;
  status: ((open: boolean) => void)[] = [];
  changed: () => void = () => {};
  dialogs!: Dialogs;

  start(): Dialogs {
    const bench = this;
    const api: DialogsApi = {
      list: (before_ms) => { this.asked.push(`list ${before_ms}`); return Promise.resolve(this.pages.shift() ?? { is: 'unreachable' }); },
      begin: (body) => { this.begun.push(body); return Promise.resolve(ok(dialog('begun', 5, { last: null }))); },
      one: (id) => { this.asked.push(`one ${id}`); return Promise.resolve(this.one); },
      keep: (id, keeping) => { this.kept.push(keeping); return Promise.resolve(ok(dialog(id.slice('dialog_'.length), 50, keeping))); },
      messages: () => Promise.resolve(ok({ messages: [], more: false })),
      find: (q, where, before_ms) => { this.asked.push(`find ${q} ${where} ${before_ms}`); return Promise.resolve(ok({ found: this.found.map((message) => ({ dialog: 'dialog_a', message })), more: true })); },
      people: (q) => { this.asked.push(`people ${q}`); return Promise.resolve(q === 'fail' ? { is: 'unreachable' } : ok({ people: [ANA, LIN] })); },
    };
    return (this.dialogs = new Dialogs({
      api,
      session: { get me() { return bench.me; }, get wire() { return null; }, onChange: (listener) => { this.changed = listener; return () => true; } },
      connection: { status: { is: 'open' }, get serverTime_ms() { return bench.now_ms; }, reconnectNow() {}, person: () => Promise.resolve({ is: 'lost' }), join: () => { throw new Error('nothing is joined here'); } },
      onStatus: (listener) => { this.status.push(listener); listener(true); return () => {}; },
      nonce: () => 'n',
      news: (row) => this.news.push(row.id),
      screening: () => Promise.reject(new Error('no films here')), heeded: (id) => this.heeded.push(id),
    }));
  }
  async settled(): Promise<void> { await vi.advanceTimersByTimeAsync(0); }
  ids(): string[] { return this.dialogs.rows.map((one) => one.id.slice('dialog_'.length)); }
}

async function listing(...dialogs: Dialog[]): Promise<Bench> {
  const bench = new Bench();
  bench.pages = [ok({ dialogs, more: false })];
  bench.start();
  await bench.settled();
  return bench;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', { length: 0, key: () => null, getItem: () => null, setItem() {}, removeItem() {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the list', () => {
  test('has pinned ones first, then the newest, and counts what is unread in those that are not muted', async () => {
    const bench = await listing(dialog('old', 10, { unread: 2 }), dialog('new', 30), dialog('pinned', 5, { pinned: true, unread: 1 }), dialog('muted', 20, { muted: true, unread: 7 }));
    expect(bench.ids()).toEqual(['pinned', 'new', 'muted', 'old']);
    expect(bench.dialogs.unread).toBe(3);
    expect(bench.dialogs.rows[1]).toMatchObject({ others: [{ id: LIN.id }], last: { text: 'said 4', mine: false } });
  });

  test('says when it couldn’t be read, and reads it again', async () => {
    const bench = new Bench();
    bench.start();
    await bench.settled();
    expect(bench.dialogs.state).toBe('failed');
    bench.pages = [ok({ dialogs: [dialog('a', 1)], more: false })];
    bench.dialogs.retry();
    await bench.settled();
    expect([bench.dialogs.state, bench.ids()]).toEqual(['ready', ['a']]);
  });

  test('goes on from the last that is not pinned, and ends where a page brings nothing', async () => {
    const bench = new Bench();
    bench.pages = [ok({ dialogs: [dialog('pinned', 1, { pinned: true }), dialog('a', 30), dialog('b', 20)], more: true }), ok({ dialogs: [dialog('c', 10)], more: true }), ok({ dialogs: [dialog('c', 10)], more: true })];
    bench.start();
    await bench.settled();
    for (let page = 0; page < 3; page += 1) {
      bench.dialogs.loadMore();
      await bench.settled();
    }
    expect(bench.asked).toEqual(['list null', 'list 20', 'list 10']);
    expect([bench.ids(), bench.dialogs.more]).toEqual([['pinned', 'a', 'b', 'c'], 'none']);
  });

  test('is read anew once the connection stands again, and belongs to who is signed in', async () => {
    const bench = await listing(dialog('a', 1));
    bench.status[0]?.(false);
    bench.pages = [ok({ dialogs: [dialog('b', 2)], more: false })];
    bench.status[0]?.(true);
    await bench.settled();
    expect(bench.ids()).toEqual(['b']);
    bench.me = null;
    bench.changed();
    expect([bench.ids(), bench.dialogs.unread]).toEqual([[], 0]);
    await bench.settled();
    expect(bench.asked).toHaveLength(2);
  });

  test('an answer that is older than what was told meanwhile takes nothing back', async () => {
    const bench = await listing(dialog('a', 10), dialog('b', 20));
    let answer: (reply: Reply<{ dialogs: Dialog[]; more: boolean }>) => void = () => {};
    bench.pages = [new Promise((done) => { answer = done; })];
    bench.dialogs.retry();
    bench.dialogs.heard({ kind: 'dialog', dialog: dialog('new', 40) });
    bench.dialogs.heard({ kind: 'dialog', dialog: dialog('a', 30, { last: said(9, 30) }) });
    bench.dialogs.heard({ kind: 'dialog_gone', dialog: 'dialog_b' });
    answer(ok({ dialogs: [dialog('a', 10), dialog('b', 20)], more: false }));
    await bench.settled();
    expect(bench.ids()).toEqual(['new', 'a']);
    expect(bench.dialogs.row('dialog_a')?.last?.text).toBe('said 9');
  });

  test('an answer that was for somebody else is nobody’s', async () => {
    const bench = new Bench();
    let answer: (reply: Reply<{ dialogs: Dialog[]; more: boolean }>) => void = () => {};
    bench.pages = [new Promise((done) => { answer = done; })];
    bench.start();
    bench.me = null;
    bench.changed();
    answer(ok({ dialogs: [dialog('a', 1)], more: false }));
    await bench.settled();
    expect(bench.ids()).toEqual([]);
  });
});

describe('news', () => {
  const fresh = (more: Partial<Dialog> = {}) => dialog('a', 1_000_000 - 500, { last: said(5, 1_000_000 - 500), unread: 1, ...more });
  test('are what somebody else just said where one is not muted', async () => {
    const bench = await listing(dialog('a', 50));
    bench.dialogs.heard({ kind: 'dialog', dialog: fresh() });
    expect(bench.news).toEqual(['dialog_a']);
    bench.dialogs.heard({ kind: 'dialog', dialog: fresh({ title: 'renamed' }) });
    expect(bench.news, 'the same message is no news twice').toHaveLength(1);
    bench.dialogs.heard({ kind: 'dialog', dialog: fresh({ last: said(6, 1_000_000), muted: true, unread: 2 }) });
    bench.dialogs.heard({ kind: 'dialog', dialog: fresh({ last: said(7, 1_000_000, { author: ANA }), unread: 2 }) });
    bench.dialogs.heard({ kind: 'dialog', dialog: fresh({ last: said(8, 1_000_000 - NEWS_MS), unread: 2 }) });
    expect(bench.news).toHaveLength(1);
    expect(bench.dialogs.rows[0]).toMatchObject({ unread: 2, last: { text: 'said 8' } });
  });

  test('are heeded once all was read, and with the dialog itself', async () => {
    const bench = await listing(dialog('a', 50), dialog('b', 40));
    bench.dialogs.heard({ kind: 'dialog', dialog: dialog('a', 60) });
    bench.dialogs.heard({ kind: 'dialog_gone', dialog: 'dialog_b' });
    expect(bench.heeded).toEqual(['dialog_a', 'dialog_b']);
    expect(bench.ids()).toEqual(['a']);
  });
});

describe('what one does', () => {
  test('pins and mutes, each without the other', async () => {
    const bench = await listing(dialog('a', 50, { muted: true }));
    expect(await bench.dialogs.keep('dialog_a', { pinned: true })).toEqual({ ok: true });
    expect(bench.kept).toEqual([{ pinned: true, muted: true }]);
    expect(bench.dialogs.rows[0]).toMatchObject({ pinned: true, muted: true });
    expect(await bench.dialogs.keep('dialog_none', { pinned: true })).toMatchObject({ ok: false });
  });

  test('begins one with a title only where there is one', async () => {
    const bench = await listing();
    expect(await bench.dialogs.begin([LIN.id], '')).toEqual({ ok: true, id: 'dialog_begun' });
    await bench.dialogs.begin([LIN.id, 'user_bo'], 'Kiln');
    expect(bench.begun).toEqual([{ with: [LIN.id] }, { with: [LIN.id, 'user_bo'], title: 'Kiln' }]);
  });
});

describe('words in the browser', () => {
  test('go as one signs out, not as the page is opened', async () => {
    const store = new Kept();
    vi.stubGlobal('localStorage', store);
    store.setItem('hearth.draft.user_ana.dialog_a', JSON.stringify({ text: 'half a thought', at_ms: 1 }));
    store.setItem('hearth.unsent.user_ana.n1', JSON.stringify({ dialog: 'dialog_a', text: 'not sent', replyTo: null, at_ms: 1 }));
    store.setItem('hearth.draft.user_bo.dialog_a', JSON.stringify({ text: 'another’s', at_ms: 1 }));
    const bench = new Bench();
    bench.me = null;
    bench.start();
    await bench.settled();
    expect(store.length).toBe(3);
    bench.pages = [ok({ dialogs: [dialog('a', 10)], more: false })];
    bench.me = ME;
    bench.changed();
    await bench.settled();
    expect([bench.dialogs.drafts.of('dialog_a'), bench.dialogs.row('dialog_a')?.unsent]).toEqual(['half a thought', true]);
    bench.me = null;
    bench.changed();
    expect([bench.dialogs.drafts.of('dialog_a'), store.length, store.key(0)]).toEqual(['', 1, 'hearth.draft.user_bo.dialog_a']);
  });
});

describe('finding', () => {
  test('waits while one types, and the last words win', async () => {
    const bench = await listing(dialog('a', 50));
    bench.found = [said(3, 30), said(2, 20, { author: ANA })];
    for (const words of ['k', 'ki', ' kiln ']) bench.dialogs.search.search(words, null);
    expect(bench.dialogs.search.state).toBe('loading');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS);
    expect(bench.asked.at(-1)).toBe('find kiln null null');
    expect(bench.asked.filter((one) => one.startsWith('find'))).toHaveLength(1);
    expect(bench.dialogs.search.found.map((one) => [one.position, one.mine])).toEqual([[3, false], [2, true]]);
    bench.dialogs.search.loadMore();
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.asked.at(-1)).toBe('find kiln null 20');
    bench.dialogs.search.search('', null);
    expect([bench.dialogs.search.state, bench.dialogs.search.found]).toEqual(['no', []]);
  });

  test('people: everybody but oneself; what failed can be tried again', async () => {
    const bench = await listing();
    const finder = bench.dialogs.finder();
    finder.search('fail');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS);
    expect(finder.state).toBe('failed');
    finder.search('lin');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS);
    expect([finder.state, finder.found.map((one) => one.id)]).toEqual(['ready', [LIN.id]]);
  });

  test('shows the match within a long text', () => {
    expect(around('the kiln cools', 'KILN')).toEqual(['the ', 'kiln', ' cools']);
    expect(around(`${'a '.repeat(40)}窑温是多少`, '窑温')?.slice(1)).toEqual(['窑温', '是多少']);
    expect(around(`${'a '.repeat(40)}窑温`, '窑温')?.[0]).toMatch(/^….{24}$/u);
    expect(around('a kiln, a slow kiln', 'slow  kiln')).toEqual(['a kiln, a ', 'slow kiln', '']);
    expect(around('a kiln that is slow', 'a slow')?.[1]).toBe('slow');
    expect(around('nothing of it', 'elsewhere')).toBeNull();
  });
});

test('friends are what the server says of me, and writing to one finds the dialog', async () => {
  const bench = await listing();
  const commands: unknown[] = [];
  const wire = { friends: [LIN], friend_requests: [], friends_asked: [ANA] } as unknown as Me;
  const friends = new Friends({
    api: { people: () => Promise.resolve(ok({ people: [] })) }, session: { me: ME, wire },
    person: (command) => { commands.push(command); return Promise.resolve({ is: 'rejected', rejection: { kind: 'limit', limit: 'friends', max: 1_000, retry_after_ms: null } }); },
    begin: (people, title) => bench.dialogs.begin(people, title),
  });
  expect([friends.friends.length, friends.requests.length, friends.asked.length]).toEqual([1, 0, 1]);
  expect(await friends.befriend('user_bo')).toMatchObject({ ok: false, refusal: { reason: 'too_many' } });
  await friends.unfriend(LIN.id);
  expect(commands).toEqual([{ kind: 'befriend', user: 'user_bo' }, { kind: 'unfriend', user: LIN.id }]);
  expect(await friends.write(LIN.id)).toEqual({ ok: true, id: 'dialog_begun' });
});
