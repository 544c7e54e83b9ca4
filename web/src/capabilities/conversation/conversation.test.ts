import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Command, Event, Message, MessagePage, Profile, Snapshot } from '../../protocol/generated/types';
import { Conversation, DIVIDER_STAYS_MS, GAP_PAGES_MAX, READ_EVERY_MS, UNSEEN_AFTER_MS } from './conversation.svelte';

const ANA: Profile = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const BO: Profile = { id: 'user_bo', name: null, display_name: 'Bo from afar' };
const ME = { id: 'user_bo', name: 'Bo_from_afar', displayName: 'Bo from afar', guest: true, administrator: false };
const message = (position: number, more: Partial<Message> = {}): Message =>
  ({ position, author: ANA, at_ms: position, text: `said ${position}`, ...more });
const snapshot = (messages: Message[], more: Partial<Snapshot> = {}): Snapshot => ({
  about: { title: '', category: '', language: '', tags: [], rules: '', entry: 'open' },
  host: ANA, broadcast: { state: 'off' }, publishers: [], audience: 2, messages, more_messages: false, read_position: 0,
  slow_mode_s: 0, you: { profile: BO, role: 'viewer' }, muted_until_ms: null,
  your_stage: { state: 'audience' }, recording: { wanted: false, video: null }, ...more,
});

/** A conversation whose server is played by the test: commands wait until they are answered. */
class Bench {
  asked: { command: Command; answer: (answer: Answer) => void }[] = [];
  history: Message[] = [];
  pages = 0;
  now_ms = 1_000;
  #nonces = 0;
  chat = new Conversation({
    command: (command) => new Promise((answer) => this.asked.push({ command, answer })),
    person: () => Promise.resolve({ is: 'ok', outcome: { kind: 'done' } }),
    before: (position) => {
      this.pages += 1;
      const found = this.history.filter((one) => one.position < position).slice(-2);
      const value: MessagePage = { messages: found, more: (found[0]?.position ?? 0) > (this.history[0]?.position ?? 0) };
      return Promise.resolve({ is: 'ok', value });
    },
    serverTime_ms: () => 5_000,
    now_ms: () => this.now_ms,
    nonce: () => `n${this.#nonces++}`,
  });

  constructor() {
    this.chat.setMe(ME, []);
  }
  async settled(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
  }
  async hear(...events: Event[]): Promise<void> {
    for (const event of events) this.chat.event(event);
    await this.settled();
  }
  async answer(answer: Answer): Promise<void> {
    this.asked.shift()?.answer(answer);
    await this.settled();
  }
  texts(): string[] { return this.chat.messages.map((one) => one.text); }
  states(): string[] { return this.chat.messages.map((one) => one.state); }
}

async function inside(messages: Message[] = [], more: Partial<Snapshot> = {}): Promise<Bench> {
  const bench = new Bench();
  bench.chat.snapshot(snapshot(messages, more));
  await bench.settled();
  return bench;
}

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('saying something', () => {
  test('shows it at once, marks it until stored, and keeps its row', async () => {
    const bench = await inside([message(1)]);
    bench.chat.send('  hello @ana ', 'p1');
    await bench.settled();
    const pending = bench.chat.messages[1];
    expect(pending).toMatchObject({ text: 'hello @ana', state: 'pending', mine: true, mentions: ['ana'], replyTo: { text: 'said 1' } });
    expect(bench.asked[0]?.command).toEqual({ kind: 'send', text: 'hello @ana', nonce: 'n0', reply_to: 1, mentions: ['user_ana'] });
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 4, at_ms: 4 } });
    expect(bench.chat.messages).toHaveLength(2);
    expect(bench.chat.messages[1]).toMatchObject({ id: pending?.id, state: 'stored', mentions: ['ana'] });
    await bench.hear({ kind: 'message', message: message(4, { author: BO, text: 'hello @ana', nonce: 'n0' }) });
    expect(bench.texts()).toEqual(['said 1', 'hello @ana']);
  });

  test('a refusal leaves it there to be tried again under the same name', async () => {
    const bench = await inside();
    bench.chat.send('hello', null);
    await bench.answer({ is: 'rejected', rejection: { kind: 'storage' } });
    expect(bench.chat.messages[0]).toMatchObject({ state: 'failed', refusal: { reason: 'server_busy' } });
    bench.chat.retry(bench.chat.messages[0]?.id ?? '');
    await bench.settled();
    expect(bench.states()).toEqual(['pending']);
    expect(bench.asked[0]?.command).toMatchObject({ nonce: 'n0' });
    await bench.answer({ is: 'lost' });
    expect(bench.chat.messages[0]?.refusal).toEqual({ reason: 'disconnected' });
    bench.chat.discard(bench.chat.messages[0]?.id ?? '');
    await bench.settled();
    expect(bench.chat.messages).toEqual([]);
  });

  test('too long is told here; nothing is nothing', async () => {
    const bench = await inside();
    bench.chat.send('😀'.repeat(2_000), null);
    bench.chat.send('😀'.repeat(2_001), null);
    bench.chat.send(' \n ', null);
    await bench.settled();
    expect(bench.states()).toEqual(['pending', 'failed']);
    expect(bench.asked).toHaveLength(1);
  });

  test('slow mode holds viewers, by the rule or by the server, and no moderator', async () => {
    const bench = await inside([], { slow_mode_s: 5 });
    bench.chat.send('one', null);
    expect(bench.chat.mayWriteAt_ms).toBe(6_000);
    await bench.answer({ is: 'rejected', rejection: { kind: 'slow_mode', retry_after_ms: 1_500 } });
    expect(bench.chat.mayWriteAt_ms).toBe(2_500);
    await bench.hear({ kind: 'slow_mode', interval_s: 0 });
    expect(bench.chat.mayWriteAt_ms).toBe(0);
    bench.chat.send('two', null);
    await bench.answer({ is: 'ok', outcome: { kind: 'sent', position: 1, at_ms: 1 } });
    await bench.hear({ kind: 'slow_mode', interval_s: 30 });
    expect(bench.chat.mayWriteAt_ms, 'counted from what was said before it began').toBe(31_000);
    const host = await inside([], { slow_mode_s: 5, you: { profile: BO, role: 'moderator' } });
    host.chat.send('one', null);
    expect(host.chat.mayWriteAt_ms).toBe(0);
  });
});

describe('what others do', () => {
  test('deletions, bans and blocks take messages away', async () => {
    const bench = await inside([message(1), message(2, { author: BO }), message(3)]);
    await bench.hear({ kind: 'message_deleted', position: 1 });
    expect(bench.chat.messages[0]).toMatchObject({ state: 'deleted', text: '' });
    await bench.hear({ kind: 'user_removed', user: 'user_ana' });
    expect(bench.texts()).toEqual(['said 2']);
    bench.chat.setMe(ME, [BO]);
    await bench.settled();
    expect(bench.texts()).toEqual([]);
    bench.chat.setMe(ME, []);
    await bench.settled();
    expect(bench.texts()).toEqual(['said 2']);
  });

  test('a mute for a time ends by itself', async () => {
    const bench = await inside();
    expect(bench.chat.writing).toEqual({ may: 'write' });
    await bench.hear({ kind: 'you', member: { profile: BO, role: 'viewer', muted: true }, muted_until_ms: 8_000 });
    expect(bench.chat.writing).toEqual({ may: 'muted', until_ms: 8_000 });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(bench.chat.writing.may).toBe('muted');
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.chat.writing.may).toBe('write');
  });

  test('a mention or an answer to me is marked', async () => {
    const bench = await inside([
      message(1, { mentions: [BO] }), message(2), message(3, { reply_to: { position: 9, author: BO, text: 'x' } }),
    ]);
    expect(bench.chat.messages.map((one) => one.mentionsMe)).toEqual([true, false, true]);
  });
});

describe('history', () => {
  test('pages back until there is no more', async () => {
    const bench = new Bench();
    bench.history = [1, 2, 3, 4].map((one) => message(one));
    bench.chat.snapshot(snapshot([message(5)], { more_messages: true }));
    expect(bench.chat.older).toBe('more');
    bench.chat.loadOlder();
    bench.chat.loadOlder();
    await bench.settled();
    expect(bench.pages, 'one page at a time').toBe(1);
    expect(bench.texts()).toEqual(['said 3', 'said 4', 'said 5']);
    bench.chat.loadOlder();
    await bench.settled();
    expect(bench.chat.older).toBe('none');
    expect(bench.texts()).toEqual([1, 2, 3, 4, 5].map((one) => `said ${one}`));
  });

  test('what was missed between two snapshots is read', async () => {
    const bench = new Bench();
    bench.chat.snapshot(snapshot([message(1), message(2)]));
    bench.history = [1, 2, 3, 4, 5, 6].map((one) => message(one));
    bench.chat.snapshot(snapshot([message(7)], { more_messages: true }));
    await bench.settled();
    expect(bench.texts()).toEqual([1, 2, 3, 4, 5, 6, 7].map((one) => `said ${one}`));
  });

  test('a gap too long to read at once leaves no hole', async () => {
    const bench = new Bench();
    bench.chat.snapshot(snapshot([message(1)]));
    bench.history = Array.from({ length: 50 }, (_, i) => message(i + 1));
    bench.chat.snapshot(snapshot([message(51)], { more_messages: true }));
    await bench.settled();
    expect(bench.pages).toBe(GAP_PAGES_MAX);
    const first = 51 - 2 * GAP_PAGES_MAX;
    expect(bench.texts()).toEqual(Array.from({ length: 52 - first }, (_, i) => `said ${first + i}`));
    expect(bench.chat.older).toBe('more');
  });
});

describe('unread', () => {
  test('begins behind what was read, and goes after everything was seen', async () => {
    const bench = await inside([message(1), message(2), message(3)], { read_position: 1 });
    expect(bench.chat.unreadFrom).toBe('p2');
    bench.chat.markRead();
    await vi.advanceTimersByTimeAsync(READ_EVERY_MS);
    expect(bench.asked[0]?.command).toEqual({ kind: 'mark_read', position: 3 });
    await vi.advanceTimersByTimeAsync(DIVIDER_STAYS_MS);
    expect(bench.chat.unreadFrom).toBeNull();
  });

  test('a first visit has nothing unread, a message that is seen at once neither', async () => {
    const bench = await inside([message(1)]);
    expect(bench.chat.unreadFrom).toBeNull();
    await bench.hear({ kind: 'message', message: message(2) });
    bench.chat.markRead();
    await vi.advanceTimersByTimeAsync(UNSEEN_AFTER_MS);
    expect(bench.chat.unreadFrom).toBeNull();
    await bench.hear({ kind: 'message', message: message(3) });
    await vi.advanceTimersByTimeAsync(UNSEEN_AFTER_MS);
    expect(bench.chat.unreadFrom).toBe('p3');
  });
});
