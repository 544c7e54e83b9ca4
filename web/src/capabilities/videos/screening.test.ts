import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../engines/http/http';
import type { DialogVideo, DialogVideos, Video } from '../../protocol/generated/types';
import { ROW_MAX, Screening } from './screening.svelte';

const profile = (name: string) => ({ id: `user_${name}`, name, display_name: name });
const shared = (at: number, more: Partial<Video> = {}): DialogVideo => ({
  video: {
    id: `video_${at}`, title: `${at}`, owner: profile('bo'), room: null, state: 'ready', duration_ms: 100_000, width: 320, height: 180, bytes: 1, created_ms: at, hls: `/videos/video_${at}/a/index.m3u8`, poster: null, tiny: '',
    previews: null, subtitles: [], chapters: [], position_ms: 0, seen: false, downloads: [], may_change: false, ...more,
  },
  position: at, shared_ms: at * 1_000,
});
const settled = () => vi.advanceTimersByTimeAsync(0);

function screening(first: DialogVideo[]) {
  const server = { videos: first, reply: null as Reply<DialogVideos> | null, watched: [] as unknown[] };
  const listeners = new Set<() => void>();
  const goneListeners = new Set<(video: string) => void>();
  const preferred = { muted: false, volume: 1 };
  const one = new Screening('dialog_1', {
    api: {
      ofDialog: (_id, before) => {
        const page = server.videos.filter((each) => before === null || each.position < before).sort((a, b) => b.position - a.position).slice(0, 50);
        return Promise.resolve(server.reply ?? { is: 'ok', value: { videos: page, more: page.length === 50 } });
      },
      video: (id) => {
        const found = server.videos.find((each) => each.video.id === id);
        return Promise.resolve(found ? { is: 'ok', value: found.video } : { is: 'rejected', rejection: { kind: 'not_found' } });
      },
      watched: (id, body) => { server.watched.push([id, body]); return Promise.resolve({ is: 'ok', value: undefined }); },
      watchedOnLeaving: () => {},
      messages: () => Promise.resolve({ is: 'ok', value: { messages: [], more: false } }),
    },
    me: () => 'user_ana', blocked: () => new Set(), sounding: preferred,
    onShared: (listener) => { listeners.add(listener); return () => listeners.delete(listener); },
    onGone: (listener) => { goneListeners.add(listener); return () => goneListeners.delete(listener); },
  });
  return { one, server, preferred, told: async () => { for (const listener of listeners) listener(); await settled(); }, listeners, gone: (video: string) => { for (const listener of goneListeners) listener(video); }, goneListeners };
}
const ids = (one: Screening) => one.row.map((each) => each.film.id);

describe('what is watched in a dialog', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('is nothing where nobody else shared anything', async () => {
    const { one } = screening([shared(1, { owner: profile('ana') }), shared(2, { hls: null, state: 'converting' })]);
    await settled();
    expect([one.state, one.row, one.player]).toEqual(['none', [], null]);
    one.close();
  });

  it('is the others’ films, unseen before seen, the newest first within each, and the first of them', async () => {
    const { one, listeners } = screening([shared(1), shared(2, { seen: true }), shared(3), shared(4, { owner: profile('ana') }), shared(5, { seen: true })]);
    await settled();
    expect(ids(one)).toEqual(['video_3', 'video_1', 'video_5', 'video_2']);
    expect([one.state, one.current?.film.id, one.unseen]).toEqual(['ready', 'video_3', 2]);
    one.close();
    expect(listeners.size).toBe(0);
  });

  it('is no film that was deleted; what plays stops and says so', async () => {
    const { one, gone, goneListeners } = screening([shared(1), shared(2), shared(3)]);
    await settled();
    gone('video_2');
    expect([ids(one), one.current?.film.id, one.player?.playback === 'gone']).toEqual([['video_3', 'video_1'], 'video_3', false]);
    gone('video_3');
    expect([ids(one), one.current?.film.id, one.player?.playback]).toEqual([['video_3', 'video_1'], 'video_3', 'gone']);
    one.next();
    expect([one.current?.film.id, one.player?.playback === 'gone']).toEqual(['video_1', false]);
    one.close();
    expect(goneListeners.size).toBe(0);
  });

  it('has one that is shared meanwhile at once, before those that were seen, and plays on what plays', async () => {
    const { one, server, told } = screening([shared(1), shared(2, { seen: true })]);
    await settled();
    server.videos = [...server.videos, shared(3)];
    await told();
    expect(ids(one)).toEqual(['video_3', 'video_1', 'video_2']);
    expect(one.current?.film.id).toBe('video_1');
    // What has been seen since stays where it is.
    server.videos = server.videos.map((each) => (each.video.id === 'video_1' ? shared(1, { seen: true }) : each));
    await told();
    expect(ids(one)).toEqual(['video_3', 'video_1', 'video_2']);
    expect(one.unseen).toBe(1);
    one.close();
  });

  it('begins with the first that comes where there was none', async () => {
    const { one, server, told } = screening([]);
    await settled();
    expect(one.state).toBe('none');
    server.videos = [shared(1)];
    await told();
    expect([one.state, one.current?.film.id]).toEqual(['ready', 'video_1']);
    one.close();
  });

  it('goes to the next and the one before, around the end', async () => {
    const { one } = screening([shared(1), shared(2), shared(3)]);
    await settled();
    one.next();
    expect(one.current?.film.id).toBe('video_2');
    one.previous();
    one.previous();
    expect(one.current?.film.id).toBe('video_1');
    one.next();
    expect(one.current?.film.id).toBe('video_3');
    one.close();
  });

  it('plays one of one’s own when it is asked for, and says why it can’t', async () => {
    const { one } = screening([shared(1), shared(2, { owner: profile('ana') })]);
    await settled();
    expect(await one.play('video_2', 12_000)).toEqual({ ok: true });
    expect([one.current?.film.id, one.player?.media_ms]).toEqual(['video_2', 12_000]);
    expect(await one.play('video_9')).toMatchObject({ ok: false, refusal: { reason: 'not_found' } });
    one.close();
  });

  it('stops what was taken back', async () => {
    const { one, server, told } = screening([shared(1), shared(2)]);
    await settled();
    server.videos = [shared(1)];
    await told();
    expect(one.player?.playback).toBe('gone');
    // It stays where it was until it is left.
    expect(ids(one)).toEqual(['video_2', 'video_1']);
    one.next();
    expect([one.current?.film.id, ids(one)]).toEqual(['video_1', ['video_1']]);
    one.close();
  });

  it('leaves behind what was taken back when it is closed, and is nothing where nothing else is there', async () => {
    const { one, server, told } = screening([shared(1), shared(2)]);
    await settled();
    server.videos = [shared(1)];
    await told();
    one.hide();
    expect([one.closed, one.player, ids(one)]).toEqual([true, null, ['video_1']]);
    one.show();
    expect([one.closed, one.current?.film.id]).toEqual([false, 'video_1']);
    server.videos = [];
    await told();
    expect(one.player?.playback).toBe('gone');
    one.hide();
    expect([one.state, one.closed, one.player, one.row]).toEqual(['none', false, null, []]);
    one.close();
  });

  it('is silent until somebody asks for sound; then it is as loud as they like films', async () => {
    const { one, preferred } = screening([shared(1)]);
    expect([one.hushed, one.sounding.muted]).toEqual([true, true]);
    one.sounding.muted = false;
    expect([one.hushed, one.sounding.muted, preferred.muted]).toEqual([false, false, false]);
    one.sounding.muted = true;
    expect([one.hushed, preferred.muted]).toEqual([false, true]);
    one.close();
  });

  it('is closed for now, and comes back', async () => {
    const { one, server, told } = screening([shared(1)]);
    await settled();
    one.hide();
    server.videos = [shared(1), shared(2)];
    await told();
    expect([one.closed, one.current?.film.id]).toEqual([true, 'video_1']);
    one.show();
    expect(one.closed).toBe(false);
    one.close();
  });

  it(`holds ${ROW_MAX} and no more`, async () => {
    const { one } = screening(Array.from({ length: ROW_MAX + 1 }, (_, at) => shared(at + 1)));
    await settled();
    expect(one.row).toHaveLength(ROW_MAX);
    expect(one.row[0]?.film.id).toBe(`video_${ROW_MAX + 1}`);
    one.close();
  });

  it('asks again where the server can’t be reached', async () => {
    const { one, server } = screening([shared(1)]);
    server.reply = { is: 'unreachable' };
    const other = screening([shared(1)]);
    other.server.reply = { is: 'unreachable' };
    await settled();
    other.server.reply = null;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(other.one.state).toBe('ready');
    one.close();
    other.one.close();
  });

  it('says what was said at its moments once, by the film’s chat and by the talk', async () => {
    const { one } = screening([shared(1), shared(2)]);
    await settled();
    one.heard([
      { id: 'p1', text: 'here', mine: false, at_ms: 5, moment: { video: 'video_2', at_ms: 1_000 } },
      { id: 'p2', text: 'elsewhere', mine: false, at_ms: 6, moment: { video: 'video_1', at_ms: 1_000 } },
    ]);
    expect(one.said.map(({ text, media_ms }) => [text, media_ms])).toEqual([['here', 1_000]]);
    one.close();
  });
});
