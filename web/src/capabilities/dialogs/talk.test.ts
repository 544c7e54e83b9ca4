import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SpaceListener } from '../../engines/connection/connection';
import type { Answer } from '../../engines/connection/machine';
import type { Where } from '../../engines/http/dialogs';
import type { Command, DialogState, Event, Me, Message, Profile, Snapshot } from '../../protocol/generated/types';
import { MESSAGE_MAX_CHARS, TYPING_MS } from '../../protocol/generated/limits';
import { HELD_MAX, READ_EVERY_MS, Talk, TYPED_EVERY_MS } from './talk.svelte';

const ANA: Profile = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const LIN: Profile = { id: 'user_lin', name: 'lin', display_name: '林晓雨' };
const BO: Profile = { id: 'user_bo', name: 'bo', display_name: 'Bo' };
const PAGE = 50;
const message = (position: number, more: Partial<Message> = {}): Message =>
  ({ position, author: position % 2 === 0 ? ANA : LIN, at_ms: position, text: `said ${position}`, ...more });
const stands = (more: Partial<DialogState> = {}, read: Record<string, number> = {}): DialogState => ({
  title: '', two: true, members: [ANA, LIN].map((profile) => ({ profile, here: true, read_position: read[profile.id] ?? 0 })), ...more,
});

/** A dialog whose server is played by the test: it holds so many messages, and commands wait for an answer. */
class Bench {
  asked: { command: Command; answer: (answer: Answer) => void }[] = [];
  reads: Where[] = [];
  said: Message[] = [];
  read: number[] = [];
  gone = 0;
  unsent: string[] = [];
  kept = new Map<string, string>();
  left = 0;
  blocked: Profile[] = [];
  pagesFail = false;
  now_ms = 1_000_000;
  changes = new Map<number, Partial<Message>>();
  listener: SpaceListener | undefined;
  status: (open: boolean) => void = () => {};
  #nonces = 0;
  talk: Talk;

  constructor(public length: number) {
    const bench = this;
    this.talk = new Talk('dialog_1', {
      api: {
        messages: (_id, where) => {
          this.reads.push(where);
          return Promise.resolve(this.pagesFail ? { is: 'unreachable' } : { is: 'ok', value: this.#page(where) });
        },
      },
      connection: {
        get serverTime_ms() { return bench.now_ms; },
        reconnectNow() {},
        person: () => Promise.resolve({ is: 'ok', outcome: { kind: 'done' } }),
        join: (id, listener) => {
          this.listener = listener;
          return { id, command: (command) => new Promise((answer) => this.asked.push({ command, answer })), leave: () => { this.left += 1; } };
        },
      },
      session: {
        me: { id: ANA.id, name: 'ana', displayName: 'Ana', guest: false, administrator: false },
        get wire() { return { profile: ANA, blocked: bench.blocked } as unknown as Me; },
      },
      onStatus: (listener) => { this.status = listener; return () => {}; },
      nonce: () => `n${this.#nonces++}`,
      said: (one) => this.said.push(one),
      read: (position) => this.read.push(position),
      stands() {},
      gone: () => { this.gone += 1; },
      kept: (nonce, one) => { if (one === null) this.kept.delete(nonce); else this.kept.set(nonce, one.text); },
      unsent: (messages) => this.unsent.push(...messages.map((one) => one.text)),
    });
  }

  at(position: number): Message { return message(position, this.changes.get(position)); }
  #stretch(from: number, to: number): Message[] {
    const messages: Message[] = [];
    for (let position = Math.max(1, from); position <= Math.min(this.length, to); position += 1) messages.push(this.at(position));
    return messages;
  }
  #page(where: Where) {
    if ('after' in where) return { messages: this.#stretch(where.after + 1, where.after + PAGE), more: where.after + PAGE < this.length };
    if ('around' in where) return { messages: this.#stretch(where.around - PAGE / 2, where.around + PAGE / 2), more: false };
    const end = 'before' in where ? where.before - 1 : this.length;
    return { messages: this.#stretch(end - PAGE + 1, end), more: end > PAGE };
  }
  snapshot(more: Partial<Snapshot> = {}): void {
    const messages = this.#stretch(this.length - PAGE + 1, this.length);
    this.listener?.event({ kind: 'snapshot', snapshot: {
      about: { title: '', category: '', language: '', tags: [], rules: '', entry: 'open' }, host: ANA, broadcast: { state: 'off' }, publishers: [], audience: 2,
      messages, more_messages: this.length > PAGE, read_position: this.length, slow_mode_s: 0, you: { profile: ANA, role: 'viewer' }, muted_until_ms: null,
      your_stage: { state: 'audience' }, recording: { wanted: false, video: null }, dialog: stands(), ...more,
    } });
  }
  async hear(...events: Event[]): Promise<void> {
    for (const event of events) this.listener?.event(event);
    await this.settled();
  }
  async says(position: number, more: Partial<Message> = {}): Promise<void> {
    this.length = Math.max(this.length, position);
    this.changes.set(position, more);
    await this.hear({ kind: 'message', message: this.at(position) });
  }
  async settled(): Promise<void> { await vi.advanceTimersByTimeAsync(0); }
  async answer(answer: Answer): Promise<void> {
    this.asked.shift()?.answer(answer);
    await this.settled();
  }
  positions(): (number | null)[] { return this.talk.messages.map((one) => one.position); }
  ofKind(kind: Command['kind']): Command[] { return this.asked.map((one) => one.command).filter((one) => one.kind === kind); }
}

async function inside(length: number, more: Partial<Snapshot> = {}): Promise<Bench> {
  const bench = new Bench(length);
  bench.snapshot(more);
  await bench.settled();
  return bench;
}

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('a talk of 100,000 messages', () => {
  test('holds a bounded stretch without gaps, however far one reads back, and finds its way to the newest', async () => {
    const bench = await inside(100_000);
    const contiguous = () => bench.positions().every((position, at, all) => at === 0 || position === (all[at - 1] ?? 0) + 1);
    for (let page = 0; page < 100; page += 1) {
      bench.talk.loadOlder();
      await bench.settled();
      expect(bench.talk.messages.length).toBeLessThanOrEqual(HELD_MAX);
      expect(contiguous()).toBe(true);
    }
    expect(bench.positions()[0]).toBe(100_000 - 101 * PAGE + 1);
    expect([bench.talk.older, bench.talk.newer, bench.talk.messages.length]).toEqual(['more', 'more', HELD_MAX]);
    await bench.says(100_001, { author: LIN });
    expect(bench.talk.arrived).toBe(1);
    expect(bench.positions()).not.toContain(100_001);
    for (let page = 0; page < 200 && bench.talk.newer !== 'none'; page += 1) {
      bench.talk.loadNewer();
      await bench.settled();
      expect(bench.talk.messages.length).toBeLessThanOrEqual(HELD_MAX);
      expect(contiguous()).toBe(true);
    }
    expect([bench.positions().at(-1), bench.talk.newer, bench.talk.older, bench.talk.arrived]).toEqual([100_001, 'none', 'more', 0]);
  });

  test('is jumped in, and what is said meanwhile is there at the newest', async () => {
    const bench = await inside(100_000);
    expect(await bench.talk.goTo(40_000)).toEqual({ is: 'here', id: 'p40000' });
    expect([bench.positions()[0], bench.positions().at(-1), bench.talk.newer]).toEqual([39_975, 40_025, 'more']);
    await bench.says(100_001, { author: LIN });
    bench.talk.markRead();
    expect(bench.read, 'the newest was not seen').toEqual([]);
    expect(await bench.talk.toNewest()).toBe(true);
    expect([bench.positions().at(-1), bench.positions()[0], bench.talk.newer]).toEqual([100_001, 99_952, 'none']);
    expect(await bench.talk.goTo(100_001), 'what is held is not read again').toEqual({ is: 'here', id: 'p100001' });
    expect(bench.reads).toHaveLength(2);
  });

  test('a jump that leads nowhere leaves everything as it was', async () => {
    const bench = await inside(60);
    expect(await bench.talk.goTo(900)).toEqual({ is: 'gone' });
    bench.pagesFail = true;
    expect(await bench.talk.goTo(2)).toEqual({ is: 'failed' });
    expect([bench.positions()[0], bench.talk.newer, bench.talk.older]).toEqual([11, 'none', 'more']);
    bench.talk.loadOlder();
    await bench.settled();
    expect(bench.talk.older).toBe('failed');
    bench.pagesFail = false;
    bench.talk.loadOlder();
    await bench.settled();
    expect([bench.positions()[0], bench.talk.older]).toEqual([1, 'none']);
  });

  test('one that is opened at a message stays there when the snapshot comes', async () => {
    const bench = new Bench(1_000);
    await bench.talk.goTo(100);
    bench.snapshot();
    await bench.settled();
    expect([bench.talk.state, bench.positions().at(-1), bench.talk.newer]).toEqual(['inside', 125, 'more']);
    const other = new Bench(1_000);
    const jumping = other.talk.goTo(100);
    other.snapshot();
    expect(await jumping, 'also when it comes after the snapshot').toEqual({ is: 'here', id: 'p100' });
    await other.settled();
    expect([other.positions().at(-1), other.talk.newer]).toEqual([125, 'more']);
  });

  test('of two jumps the later one counts', async () => {
    const bench = await inside(1_000);
    const [first, second] = await Promise.all([bench.talk.goTo(100), bench.talk.goTo(500)]);
    expect([first, second]).toEqual([{ is: 'overtaken' }, { is: 'here', id: 'p500' }]);
  });
});

describe('saying something', () => {
  test('is there at once, stored under the same id, and told to the list', async () => {
    const bench = await inside(2);
    bench.talk.send('  hello ', 'p1');
    await bench.settled();
    const pending = bench.talk.messages.at(-1);
    expect(pending).toMatchObject({ text: 'hello', state: 'pending', position: null, replyTo: { position: 1, text: 'said 1' } });
    expect(bench.asked[0]?.command).toEqual({ kind: 'send', text: 'hello', nonce: 'n0', reply_to: 1 });
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 3, at_ms: 3 } });
    await bench.says(3, { author: ANA, text: 'hello', nonce: 'n0' });
    expect(bench.talk.messages).toHaveLength(3);
    expect(bench.talk.messages.at(-1)).toMatchObject({ id: pending?.id, state: 'stored', position: 3 });
    expect(bench.said.at(-1)?.position).toBe(3);
  });

  test('what fails stays, and is tried again under the same name', async () => {
    const bench = await inside(0);
    bench.talk.send('hello', null);
    await bench.answer({ is: 'lost' });
    expect(bench.talk.messages[0]).toMatchObject({ state: 'failed', refusal: { reason: 'disconnected' } });
    bench.talk.retry(bench.talk.messages[0]?.id ?? '');
    await bench.settled();
    expect(bench.asked[0]?.command).toMatchObject({ nonce: 'n0' });
    await bench.answer({ is: 'rejected', rejection: { kind: 'busy' } });
    bench.talk.discard(bench.talk.messages[0]?.id ?? '');
    await bench.settled();
    expect(bench.talk.messages).toEqual([]);
    bench.talk.send('x'.repeat(MESSAGE_MAX_CHARS + 1), null);
    await bench.settled();
    expect([bench.talk.messages[0]?.refusal?.reason, bench.asked.length]).toEqual(['text_too_long', 0]);
  });

  test('survives a jump while it is on its way', async () => {
    const bench = await inside(1_000);
    bench.talk.send('hello', null);
    await bench.talk.goTo(100);
    await bench.settled();
    expect(bench.talk.messages.at(-1)).toMatchObject({ text: 'hello', state: 'pending' });
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 1_001, at_ms: 5 } });
    expect(bench.positions().at(-1), 'it is not beside what it is far from').toBe(125);
    bench.length = 1_001;
    bench.changes.set(1_001, { author: ANA, text: 'hello', nonce: 'n0' });
    await bench.talk.toNewest();
    expect(bench.talk.messages.filter((one) => one.text === 'hello')).toHaveLength(1);
  });
});

describe('going away while something is on its way', () => {
  test('one stays until it was stored', async () => {
    const bench = await inside(2);
    bench.talk.send('hello', null);
    bench.talk.close();
    expect(bench.left).toBe(0);
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 3, at_ms: 3 } });
    expect([bench.left, bench.unsent, bench.said.at(-1)?.position]).toEqual([1, [], 3]);
  });

  test('what could not be sent is handed over, and there again', async () => {
    const bench = await inside(2);
    for (const text of ['one', 'two']) bench.talk.send(text, null);
    await bench.answer({ is: 'rejected', rejection: { kind: 'busy' } });
    bench.talk.close();
    expect([bench.left, bench.unsent]).toEqual([0, []]);
    await bench.answer({ is: 'lost' });
    expect([bench.left, bench.unsent]).toEqual([1, ['one', 'two']]);
    const again = await inside(2);
    again.talk.adopt([{ nonce: 'n9', text: 'one', replyTo: null, mentions: [], at_ms: 1, refusal: { reason: 'disconnected' } }]);
    await again.settled();
    expect(again.talk.messages.at(-1)).toMatchObject({ text: 'one', state: 'failed' });
  });
});

describe('changing what was said', () => {
  test('other words, one’s own and another’s, and none', async () => {
    const bench = await inside(4);
    const editing = bench.talk.edit('p2', ' better ');
    expect(bench.asked[0]?.command).toEqual({ kind: 'dialogs', wants: { kind: 'edit', position: 2, text: 'better' } });
    await bench.answer({ is: 'ok', outcome: { kind: 'done' } });
    expect(await editing).toEqual({ ok: true });
    await bench.hear({ kind: 'dialogs', event: { kind: 'edited', position: 3, text: 'theirs', edited_ms: 9 } }, { kind: 'message_deleted', position: 4 });
    expect(bench.talk.messages.map((one) => [one.text, one.edited, one.state])).toEqual([
      ['said 1', false, 'stored'], ['better', true, 'stored'], ['theirs', true, 'stored'], ['', false, 'deleted'],
    ]);
    expect(bench.said.at(-1)).toMatchObject({ position: 4, deleted: true });
    await bench.hear({ kind: 'dialogs', event: { kind: 'edited', position: 4, text: 'back', edited_ms: 9 } });
    expect(bench.talk.messages.at(-1)?.state).toBe('deleted');
  });

  test('a refusal changes nothing, and no words are no edit', async () => {
    const bench = await inside(2);
    const editing = bench.talk.edit('p2', 'better');
    await bench.answer({ is: 'rejected', rejection: { kind: 'forbidden' } });
    expect(await editing).toMatchObject({ ok: false, refusal: { reason: 'not_allowed' } });
    expect(bench.talk.messages[1]).toMatchObject({ text: 'said 2', edited: false });
    expect(await bench.talk.edit('p2', '  ')).toMatchObject({ ok: false, refusal: { reason: 'text_empty' } });
    expect(bench.asked).toEqual([]);
  });
});

describe('coming back', () => {
  test('what was missed, changed and deleted meanwhile is right again', async () => {
    const bench = await inside(120);
    bench.talk.loadOlder();
    await bench.settled();
    bench.changes.set(60, { text: 'changed', edited_ms: 1 });
    bench.changes.set(30, { text: '', deleted: true });
    bench.length = 125;
    bench.snapshot();
    await vi.advanceTimersByTimeAsync(10);
    expect(bench.positions()).toEqual(Array.from({ length: 105 }, (_, at) => at + 21));
    expect(bench.talk.messages.find((one) => one.position === 60)?.text).toBe('changed');
    expect(bench.talk.messages.find((one) => one.position === 30)?.state).toBe('deleted');
  });

  test('after too much was missed: the newest for who is at the end, and the place for who is not', async () => {
    const atEnd = await inside(60);
    atEnd.length = 400;
    atEnd.snapshot();
    await atEnd.settled();
    expect([atEnd.positions()[0], atEnd.positions().at(-1), atEnd.talk.newer, atEnd.talk.older]).toEqual([351, 400, 'none', 'more']);
    const back = await inside(60);
    back.talk.setAtEnd(false);
    back.length = 400;
    back.snapshot();
    await back.settled();
    expect([back.positions()[0], back.positions().at(-1), back.talk.newer]).toEqual([11, 60, 'more']);
    back.talk.loadNewer();
    await back.settled();
    expect(back.positions().at(-1)).toBe(110);
  });

  test('says so while it is away, and tells nobody then that one writes', async () => {
    const bench = await inside(1);
    bench.status(false);
    expect(bench.talk.reconnecting_ms).not.toBeNull();
    bench.talk.typed();
    expect(bench.asked).toEqual([]);
    bench.status(true);
    expect(bench.talk.reconnecting_ms).toBeNull();
  });
});

describe('who reads and who writes', () => {
  test('reading is told at most once a second, and at last when one goes', async () => {
    const bench = await inside(3, { read_position: 1 });
    expect(bench.talk.unreadFrom).toBe('p3');
    bench.talk.markRead();
    expect(bench.ofKind('mark_read')).toEqual([{ kind: 'mark_read', position: 3 }]);
    for (const position of [5, 7]) {
      await bench.says(position);
      bench.talk.markRead();
    }
    expect(bench.ofKind('mark_read')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(READ_EVERY_MS);
    expect(bench.ofKind('mark_read').at(-1)).toEqual({ kind: 'mark_read', position: 7 });
    await bench.says(9);
    bench.talk.markRead();
    bench.talk.close();
    expect(bench.ofKind('mark_read').at(-1)).toEqual({ kind: 'mark_read', position: 9 });
    expect([bench.read, bench.left]).toEqual([[3, 5, 7, 9], 1]);
  });

  test('how far mine was read stands at the last one of mine that anybody has read', async () => {
    const bench = await inside(6, { dialog: stands({}, { [LIN.id]: 5 }) });
    expect(bench.talk.seen).toMatchObject({ id: 'p4', everybody: true, by: [{ id: LIN.id }] });
    const three = stands({ two: false });
    three.members.push({ profile: BO, here: false, read_position: 6 });
    await bench.hear({ kind: 'dialogs', event: { kind: 'state', state: three } });
    expect(bench.talk.seen).toMatchObject({ id: 'p6', everybody: false, by: [{ id: BO.id }] });
    await bench.hear({ kind: 'dialogs', event: { kind: 'state', state: stands() } });
    expect(bench.talk.seen).toBeNull();
  });

  test('writing is told seldom, and shown until it is over or was said', async () => {
    const bench = await inside(1);
    bench.talk.typed();
    bench.talk.typed();
    expect(bench.asked.map((one) => one.command)).toEqual([{ kind: 'dialogs', wants: { kind: 'typing' } }]);
    bench.now_ms += TYPED_EVERY_MS;
    bench.talk.typed();
    expect(bench.asked).toHaveLength(2);
    const writes = (user: string) => bench.hear({ kind: 'dialogs', event: { kind: 'typing', user } });
    await writes(ANA.id);
    expect(bench.talk.typing, 'not I myself').toEqual([]);
    await writes(LIN.id);
    expect(bench.talk.typing.map((one) => one.id)).toEqual([LIN.id]);
    await vi.advanceTimersByTimeAsync(TYPING_MS);
    expect(bench.talk.typing).toEqual([]);
    await writes(LIN.id);
    await bench.says(3);
    expect(bench.talk.typing).toEqual([]);
  });

  test('whom one blocked is silent among several, and stays to be read in a dialog of two', async () => {
    const bench = await inside(3);
    bench.blocked = [LIN];
    bench.talk.sessionChanged();
    await bench.settled();
    expect([bench.positions(), bench.talk.blocked]).toEqual([[1, 2, 3], true]);
    await bench.hear({ kind: 'dialogs', event: { kind: 'state', state: stands({ two: false }) } });
    bench.talk.sessionChanged();
    await bench.settled();
    expect([bench.positions(), bench.talk.blocked]).toEqual([[2], false]);
  });
});

describe('the end', () => {
  test('none of mine: the same as none at all', async () => {
    const bench = new Bench(0);
    bench.listener?.declined({ kind: 'not_found' });
    expect([bench.talk.state, bench.gone]).toEqual(['missing', 0]);
    const busy = new Bench(0);
    busy.listener?.declined({ kind: 'busy' });
    expect(busy.talk.state, 'it is tried again').toBe('entering');
  });

  test('leaving, here or on another device', async () => {
    const bench = await inside(1);
    const leaving = bench.talk.depart();
    await bench.answer({ is: 'ok', outcome: { kind: 'done' } });
    expect([await leaving, bench.talk.state, bench.gone, bench.left]).toEqual([{ ok: true }, 'gone', 1, 1]);
    const other = await inside(1);
    await other.hear({ kind: 'removed', reason: 'departed' });
    expect([other.talk.state, other.gone]).toEqual(['gone', 1]);
  });

  test('what is not stored is kept for another page until it is, or is given up', async () => {
    const bench = await inside(2);
    for (const text of ['one', 'two']) bench.talk.send(text, null);
    await bench.settled();
    expect([...bench.kept]).toEqual([['n0', 'one'], ['n1', 'two']]);
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 3, at_ms: 3 } });
    await bench.answer({ is: 'lost' });
    await bench.settled();
    expect([...bench.kept]).toEqual([['n1', 'two']]);
    bench.talk.retry('nn1');
    await bench.settled();
    expect([...bench.kept]).toEqual([['n1', 'two']]);
    await bench.answer({ is: 'lost' });
    bench.talk.discard('nn1');
    await bench.settled();
    expect(bench.kept.size).toBe(0);
  });

  test('what arrived although that was not known is there once, and kept no longer', async () => {
    const bench = await inside(2);
    bench.talk.adopt([{ nonce: 'n9', text: 'said', replyTo: null, mentions: [], at_ms: 1, refusal: { reason: 'disconnected' } }]);
    await bench.settled();
    expect(bench.kept.has('n9')).toBe(true);
    bench.listener?.event({ kind: 'message', message: message(3, { author: ANA, text: 'said', nonce: 'n9' }) });
    await bench.settled();
    expect([bench.kept.has('n9'), bench.talk.messages.filter((one) => one.text === 'said').map((one) => one.state)]).toEqual([false, ['stored']]);
  });
});
