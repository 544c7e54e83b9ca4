import { describe, expect, it } from 'vitest';
import type { Reply } from '../../engines/http/http';
import type { MediaMessages, Message, Video } from '../../protocol/generated/types';
import { AGAIN_MS, AHEAD_MS, BEFORE_MS, ChatWindow, HELD_MAX } from '../conversation/chat_window';
import { replayAct } from './replay_keys';
import { Videos } from './videos.svelte';

const PAGE = 100;
const ANA = { id: 'user_ana', name: 'ana', display_name: 'Ana' };

/** A server with a film's whole chat, that answers as the real one does: after a time, and after a position at that time. */
class Server {
  asked: ({ ms: number; position: number } | null)[] = [];
  fails = false;
  constructor(private readonly all: readonly Message[]) {}
  read = (after: { readonly ms: number; readonly position: number } | null): Promise<Reply<MediaMessages>> => {
    this.asked.push(after);
    if (this.fails) return Promise.resolve({ is: 'unreachable' });
    const rest = this.all.filter((one) => after === null || (one.media_ms ?? 0) > after.ms || ((one.media_ms ?? 0) === after.ms && one.position > after.position));
    return Promise.resolve({ is: 'ok', value: { messages: rest.slice(0, PAGE), more: rest.length > PAGE } });
  };
}

/** As of a film in which 16,000 messages an hour were said. */
const film = (hours: number): Message[] => Array.from({ length: 16_000 * hours }, (_, at) => ({ position: at + 1, author: ANA, at_ms: 0, text: `m${at}`, media_ms: Math.floor(at * 225) }));
const settled = () => new Promise<void>((done) => setTimeout(done, 0));

describe('the chat of a film', () => {
  it('is held around the picture, without a gap, and read ahead of it', async () => {
    const server = new Server(film(1));
    const chat = new ChatWindow(server.read, () => {});
    chat.need(0, 0);
    await settled();
    for (let at = 0; at <= 600_000; at += 250) {
      chat.need(at, at);
      await settled();
      const due = chat.messages.filter((one) => (one.media_ms ?? 0) <= at).length;
      expect(due, `at ${at}`).toBe(Math.floor(at / 225) + 1);
    }
    expect(chat.state).toBe('ready');
    // No more than what has been played and a minute ahead was asked for.
    expect(server.asked.length).toBeLessThan((600_000 + AHEAD_MS) / 225 / PAGE + 3);
    expect(chat.messages.map((one) => one.position)).toEqual(Array.from(chat.messages, (_, at) => at + 1));
    // Ten minutes are gone through in steps, and each waits for the event loop.
  }, 30_000);

  it('begins anew where the picture jumps, with what was said before', async () => {
    const server = new Server(film(2));
    const chat = new ChatWindow(server.read, () => {});
    chat.need(0, 0);
    await settled();
    chat.need(5_400_000.4, 0);
    expect(chat.state).toBe('loading');
    await settled();
    expect(server.asked.filter((one) => one === null)).toHaveLength(1);
    expect(server.asked.every((one) => one === null || Number.isInteger(one.ms))).toBe(true);
    expect(chat.messages[0]?.media_ms).toBeGreaterThan(5_400_000 - BEFORE_MS - 1);
    expect(chat.messages.at(-1)?.media_ms).toBeGreaterThanOrEqual(5_400_000 + AHEAD_MS);
    // A small step back stays within.
    const asked = server.asked.length;
    chat.need(5_390_000, 0);
    await settled();
    expect(server.asked).toHaveLength(asked);
  });

  it('holds so many messages and no more', async () => {
    const chat = new ChatWindow(new Server(film(1)).read, () => {});
    for (let at = 0; at < 3_600_000; at += 30_000) {
      chat.need(at, at);
      await settled();
      expect(chat.messages.length).toBeLessThanOrEqual(HELD_MAX);
    }
    expect(chat.messages.length).toBeGreaterThan(HELD_MAX / 2);
    expect(chat.messages.at(-1)?.position).toBe(16_000);
  });

  it('ends at the end, and asks no more', async () => {
    const server = new Server(film(1).slice(0, 30));
    const chat = new ChatWindow(server.read, () => {});
    for (let at = 0; at < 3_600_000; at += 60_000) { chat.need(at, at); await settled(); }
    expect(server.asked).toHaveLength(1);
    expect(chat.messages).toHaveLength(30);
  });

  it('tells many of one moment apart', async () => {
    const all = film(1).slice(0, 350).map((one) => ({ ...one, media_ms: 7_000 }));
    const chat = new ChatWindow(new Server(all).read, () => {});
    chat.need(0, 0);
    await settled();
    expect(chat.messages.map((one) => one.position)).toEqual(all.map((one) => one.position));
  });

  it('is asked for again after a failure, not at once', async () => {
    const server = new Server(film(1));
    server.fails = true;
    const chat = new ChatWindow(server.read, () => {});
    chat.need(0, 10_000);
    await settled();
    expect(chat.state).toBe('failed');
    chat.need(0, 10_000 + AGAIN_MS - 1);
    await settled();
    expect(server.asked).toHaveLength(1);
    server.fails = false;
    chat.need(0, 10_000 + AGAIN_MS);
    await settled();
    expect(chat.state).toBe('ready');
  });

  it('takes no answer to a question that is no longer asked', async () => {
    const answers: ((reply: Reply<MediaMessages>) => void)[] = [];
    const chat = new ChatWindow(() => new Promise((answer) => answers.push(answer)), () => {});
    chat.need(0, 0);
    chat.need(3_000_000, 0);
    answers[0]?.({ is: 'ok', value: { messages: film(1).slice(0, 3), more: false } });
    await settled();
    expect(chat.messages).toHaveLength(0);
    expect(chat.state).toBe('loading');
  });
});

describe('the films of a room', () => {
  const wire = (id: string, title: string): Video => ({
    id, title, owner: ANA, room: null, state: 'ready', duration_ms: 1, width: 0, height: 0, bytes: 1, created_ms: 1, hls: null, poster: null, tiny: '', previews: null, subtitles: [], chapters: [], position_ms: 0, seen: false, downloads: [`/videos/${id}/0.mp4`], may_change: true,
  });
  it('are renamed and deleted where the server did so, and stay where it did not', async () => {
    let answer: Reply<never> | null = null;
    const asked: unknown[] = [];
    const films = new Videos(() => Promise.resolve({ is: 'ok', value: { videos: [wire('a', 'One'), wire('b', 'Two')], more: false } }), {
      change: (id, body) => { asked.push([id, body]); return Promise.resolve(answer ?? { is: 'ok', value: wire(id, 'Renamed') }); },
      remove: (id) => { asked.push(id); return Promise.resolve(answer ?? { is: 'ok', value: undefined }); },
    });
    await settled();
    expect(films.videos.map(({ title, mayChange, downloads }) => [title, mayChange, downloads])).toEqual([['One', true, ['/videos/a/0.mp4']], ['Two', true, ['/videos/b/0.mp4']]]);
    answer = { is: 'rejected', rejection: { kind: 'limit', limit: 'title_chars', max: 140, retry_after_ms: null } };
    expect(await films.rename('a', 'Renamed')).toMatchObject({ ok: false, refusal: { reason: 'text_too_long' } });
    answer = { is: 'unreachable' };
    expect(await films.remove('a')).toMatchObject({ ok: false, refusal: { reason: 'disconnected' } });
    expect(films.videos.map((one) => one.title)).toEqual(['One', 'Two']);
    answer = null;
    expect(await films.rename('b', 'Renamed')).toEqual({ ok: true });
    expect(await films.remove('a')).toEqual({ ok: true });
    expect(films.videos.map((one) => one.title)).toEqual(['Renamed']);
    expect(asked.slice(-2)).toEqual([['b', { title: 'Renamed' }], 'a']);
    films.close();
  });
});

describe('the keys of a film', () => {
  const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false, ...more });
  const free = { inText: false, inControl: false };
  it.each([['k', { do: 'play' }], ['J', { do: 'step', by_ms: -10_000 }], ['ArrowRight', { do: 'step', by_ms: 5_000 }], ['7', { do: 'share', share: 0.7 }], ['>', { do: 'faster' }], ['x', null]])('%s', (key, act) => {
    expect(replayAct(press(key), free)).toEqual(act);
  });
  it('leave text and controls what they use themselves', () => {
    expect(replayAct(press('k'), { ...free, inText: true })).toBeNull();
    expect(replayAct(press('ArrowLeft'), { ...free, inControl: true })).toBeNull();
    expect(replayAct(press(' '), { ...free, inControl: true })).toBeNull();
    expect(replayAct(press('m'), { ...free, inControl: true })).toEqual({ do: 'mute' });
    expect(replayAct(press('f', { ctrlKey: true }), free)).toBeNull();
  });
});
