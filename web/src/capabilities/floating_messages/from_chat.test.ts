import { describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Command, Message, Profile } from '../../protocol/generated/types';
import { AGAIN_MS, type ReadMessages } from '../conversation/chat_window';
import { Conversation } from '../conversation/conversation.svelte';
import { floatingOf } from './from_chat';

const ANA: Profile = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const ME = { id: 'user_bo', name: 'bo', displayName: 'Bo', guest: false, administrator: false };
const STYLE = { color: '#ffd84d', place: 'top' as const };
const BEGAN_MS = 1_000_000;
const message = (position: number, more: Partial<Message> = {}): Message =>
  ({ position, author: ANA, at_ms: BEGAN_MS + position * 1_000, text: `said ${position}`, float: STYLE, media_ms: position * 1_000, ...more });

function bench(media_ms: number | null, ofBroadcast?: ReadMessages) {
  const asked: { command: Command; answer: (answer: Answer) => void }[] = [];
  const chat = new Conversation({
    command: (command) => new Promise((answer) => asked.push({ command, answer })),
    person: () => Promise.resolve({ is: 'ok', outcome: { kind: 'done' } }),
    before: () => Promise.resolve({ is: 'unreachable' }),
    serverTime_ms: () => BEGAN_MS + 60_000,
    now_ms: () => clock_ms,
    nonce: () => 'n0',
    media_ms: () => media_ms,
    ...(ofBroadcast && { ofBroadcast }),
  });
  chat.setMe(ME, []);
  return { chat, asked };
}
let clock_ms = 0;
const settled = () => new Promise<void>((done) => queueMicrotask(() => queueMicrotask(done)));
const shown = (chat: Conversation) => floatingOf(chat.messages, BEGAN_MS).map((one) => one.id);

describe('what of a chat floats', () => {
  it('is what was said to float in this broadcast', async () => {
    const { chat } = bench(null);
    chat.event({ kind: 'message', message: message(1) });
    chat.event({ kind: 'message', message: { ...message(2), float: undefined } as unknown as Message });
    chat.event({ kind: 'message', message: message(3, { at_ms: BEGAN_MS - 3_600_000 }) });
    await settled();
    expect(floatingOf(chat.messages, BEGAN_MS)).toEqual([{ id: 'p1', text: 'said 1', mine: false, style: STYLE, media_ms: 1_000 }]);
  });

  it('vanishes with what is deleted, and with whom I blocked', async () => {
    const { chat } = bench(null);
    for (const one of [message(1), message(2), message(3, { author: { id: 'user_zed', name: 'zed', display_name: 'Zed' } })]) chat.event({ kind: 'message', message: one });
    await settled();
    expect(shown(chat)).toEqual(['p1', 'p2', 'p3']);
    chat.event({ kind: 'message_deleted', position: 1 });
    chat.setMe(ME, [{ id: 'user_zed', name: 'zed', display_name: 'Zed' }]);
    await settled();
    expect(shown(chat)).toEqual(['p2']);
  });

  it('is mine at once, at the time of the picture I see, and the same one once it is stored', async () => {
    const { chat, asked } = bench(12_345.6);
    chat.send('hello', null, STYLE);
    await settled();
    expect(floatingOf(chat.messages, BEGAN_MS)).toEqual([{ id: 'nn0', text: 'hello', mine: true, style: STYLE, media_ms: 12_346 }]);
    expect(asked[0]?.command).toEqual({ kind: 'send', text: 'hello', nonce: 'n0', media_ms: 12_346, float: STYLE });
    asked[0]?.answer({ is: 'ok', outcome: { kind: 'sent', position: 9, at_ms: BEGAN_MS + 13_000 } });
    await settled();
    await settled();
    expect(floatingOf(chat.messages, BEGAN_MS)).toMatchObject([{ id: 'nn0', mine: true, media_ms: 12_346 }]);
  });

  it('vanishes again when it could not be stored', async () => {
    const { chat, asked } = bench(12_000);
    chat.send('hello', null, STYLE);
    asked[0]?.answer({ is: 'rejected', rejection: { kind: 'muted', until_ms: null } });
    await settled();
    await settled();
    expect(chat.messages.at(-1)?.state).toBe('failed');
    expect(shown(chat)).toEqual([]);
  });

  it('is nothing where only the chat was wished for, or where there is no picture', async () => {
    const chatOnly = bench(12_000);
    chatOnly.chat.send('hello', null, null);
    expect(chatOnly.asked[0]?.command).toEqual({ kind: 'send', text: 'hello', nonce: 'n0', media_ms: 12_000 });
    const noPicture = bench(null);
    noPicture.chat.send('hello', null, STYLE);
    expect(noPicture.asked[0]?.command).toEqual({ kind: 'send', text: 'hello', nonce: 'n0' });
    await settled();
    expect(shown(noPicture.chat)).toEqual([]);
  });

  it('is of the time that one looks back to, beyond what the chat holds, without what is deleted or blocked', async () => {
    const asked: unknown[] = [];
    const BO: Profile = { id: 'user_zed', name: 'zed', display_name: 'Zed' };
    const all = [...Array.from({ length: 250 }, (_, at) => message(at + 1)), message(251, { author: BO })];
    const { chat } = bench(null, (after) => {
      asked.push(after);
      const rest = all.filter((one) => one.media_ms! > (after?.ms ?? -1) || (one.media_ms === after?.ms && one.position > (after?.position ?? 0)));
      return Promise.resolve({ is: 'ok', value: { messages: rest.slice(0, 100), more: rest.length > 100 } });
    });
    chat.setMe(ME, [BO]);
    // What the chat holds itself comes once.
    for (const position of [248, 249, 250]) chat.event({ kind: 'message', message: message(position) });
    await settled();
    expect(chat.past).toEqual([]);
    chat.lookBack(200_000);
    await vi.waitFor(() => expect(chat.past.map((one) => one.id)).toContain('p247'));
    const ids = () => [...chat.past, ...chat.messages].map((one) => one.id);
    expect(ids()).toEqual(Array.from({ length: 250 - 80 + 1 }, (_, at) => `p${at + 80}`));
    chat.event({ kind: 'message_deleted', position: 100 });
    await settled();
    expect(ids()).not.toContain('p100');
    // More was said meanwhile: the end is looked at again, not at once.
    const before = asked.length;
    all.push(message(252));
    chat.lookBack(200_500);
    await settled();
    expect(asked).toHaveLength(before);
    clock_ms += AGAIN_MS;
    chat.lookBack(201_000);
    await vi.waitFor(() => expect(ids()).toContain('p252'));
    expect(ids()).not.toContain('p251');
    chat.forgetPast();
    expect(chat.past).toEqual([]);
  });
});
