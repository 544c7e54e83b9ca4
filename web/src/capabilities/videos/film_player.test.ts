import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../engines/http/http';
import type { Video, Watched } from '../../protocol/generated/types';

/** The player, as the model sees it. */
class Played {
  static last: Played | null = null;
  state: string = 'playing';
  levels = [];
  sounds = [];
  sound = null;
  media_ms: number | null;
  ended = false;
  constructor(readonly video: HTMLVideoElement, readonly source: { address(): Promise<unknown>; from_ms: number | null }, readonly changed: () => void) {
    this.media_ms = source.from_ms ?? 0;
    Played.last = this;
  }
  play() { this.state = 'playing'; }
  pause() { this.state = 'paused'; }
  end() { this.ended = true; this.state = 'gone'; }
  seek(ms: number) { this.media_ms = ms; }
  setLevel() {}
  setSound() {}
  retry() {}
  close() {}
}
vi.mock('../../engines/media/hls/player', () => ({ HlsPlayer: Played }));
const { FilmPlayer, TELL_EVERY_MS } = await import('./film_player.svelte');

const ANA = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const wire = (more: Partial<Video> = {}): Video => ({
  id: 'video_1', title: 'Rain', owner: ANA, room: null, state: 'ready', duration_ms: 100_000, width: 320, height: 180, bytes: 1, created_ms: 1, hls: '/videos/video_1/a/index.m3u8', poster: null, tiny: '', previews: null,
  subtitles: [], chapters: [], position_ms: 0, seen: false, downloads: [], may_change: false, ...more,
});
const GONE: Reply<never> = { is: 'rejected', rejection: { kind: 'not_found' } };
const element = () => ({ buffered: { length: 0 }, currentTime: 0, duration: 100, videoHeight: 180 }) as unknown as HTMLVideoElement;

function playing(more: Partial<Video> = {}, { remembers = true, link = null as string | null, from_ms = null as number | null } = {}) {
  const told: Watched[] = [];
  const leaving: Watched[] = [];
  const happened: string[] = [];
  const server = { watched: { is: 'ok', value: undefined } as Reply<void>, video: { is: 'ok', value: wire(more) } as Reply<Video>, asked: 0 };
  const player = new FilmPlayer('video_1', {
    api: {
      video: () => { server.asked += 1; return Promise.resolve(server.video); },
      watched: (_id, body) => { told.push(body); return Promise.resolve(server.watched); },
      watchedOnLeaving: (_id, body) => { leaving.push(body); },
    },
    remembers: () => remembers, link,
  }, from_ms, (what) => happened.push(what));
  player.told(wire(more));
  player.attach(element());
  player.play();
  return { player, told, leaving, happened, server, its: Played.last as Played };
}

describe('where one is in a film', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] }); });
  afterEach(() => { vi.useRealTimers(); });

  it('is where one stopped, on whichever device; after its end, the beginning', () => {
    const one = playing({ position_ms: 41_000 });
    expect(one.its.source.from_ms).toBe(41_000);
    expect(playing({ position_ms: 99_000, seen: true }).its.source.from_ms).toBeNull();
    expect(playing({ position_ms: 50_000, seen: true }).its.source.from_ms).toBe(50_000);
    expect(playing({ position_ms: 41_000 }, { from_ms: 7_000 }).its.source.from_ms).toBe(7_000);
  });

  it('is told every few seconds, when it stands, and as one leaves', async () => {
    const { player, told, leaving, its } = playing();
    its.media_ms = 4_000;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS - 300);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(600);
    expect(told).toEqual([{ position_ms: 4_000, seen: false }]);
    its.media_ms = 6_000.7;
    its.state = 'paused';
    await vi.advanceTimersByTimeAsync(300);
    expect(told.at(-1)).toEqual({ position_ms: 6_000, seen: false });
    its.media_ms = 7_000;
    await vi.advanceTimersByTimeAsync(300);
    player.close();
    expect(leaving).toEqual([{ position_ms: 7_000, seen: false }]);
  });

  it('counts as seen from 95 % on, and that is told at once, once', async () => {
    const { told, its, happened } = playing();
    its.media_ms = 94_900;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    its.media_ms = 95_000;
    await vi.advanceTimersByTimeAsync(600);
    expect(told).toEqual([{ position_ms: 95_000, seen: true }]);
    expect(happened).toEqual(['seen']);
    its.state = 'ended';
    await vi.advanceTimersByTimeAsync(300);
    expect(happened).toEqual(['seen', 'ended']);
  });

  it('is no end of a film that still grows', async () => {
    const { told, its } = playing({ state: 'converting' });
    its.media_ms = 99_000;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(told).toEqual([{ position_ms: 99_000, seen: false }]);
  });

  it('ends, and says so, where it may not be watched any more', async () => {
    const { player, its, server, happened } = playing();
    server.watched = GONE;
    its.media_ms = 4_000;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(player.playback).toBe('gone');
    expect(its.ended).toBe(true);
    expect(happened).toEqual(['gone']);
  });

  it('hears it within seconds while it stands, and before it is played; what was told is not told again', async () => {
    const { player, its, server, told } = playing();
    its.media_ms = 4_000;
    its.state = 'paused';
    await vi.advanceTimersByTimeAsync(300);
    expect(told).toEqual([{ position_ms: 4_000, seen: false }]);
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect([told.length, server.asked, player.playback]).toEqual([1, 1, 'paused']);
    server.video = GONE;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(player.playback).toBe('gone');
    const asked = server.asked;
    await vi.advanceTimersByTimeAsync(2 * TELL_EVERY_MS);
    expect(server.asked).toBe(asked);
    let idle_asked = 0;
    const idle = new FilmPlayer('video_1', { api: { video: () => { idle_asked += 1; return Promise.resolve(GONE); }, watched: () => Promise.resolve(GONE), watchedOnLeaving: () => {} }, remembers: () => true, link: null }, null);
    idle.told(wire());
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect([idle.playback, idle_asked]).toEqual(['gone', 1]);
  });

  it('asks nothing while it stands where nobody looks', async () => {
    const looks = { visibilityState: 'hidden' };
    vi.stubGlobal('document', looks);
    const { its, server } = playing();
    its.state = 'paused';
    await vi.advanceTimersByTimeAsync(300);
    const asked = server.asked;
    await vi.advanceTimersByTimeAsync(3 * TELL_EVERY_MS);
    expect(server.asked).toBe(asked);
    looks.visibilityState = 'visible';
    await vi.advanceTimersByTimeAsync(300);
    expect(server.asked).toBe(asked + 1);
    vi.unstubAllGlobals();
  });

  it('asks for a new address, and hears there that there is none any more', async () => {
    const { its, server } = playing();
    server.video = { is: 'ok', value: wire({ hls: '/videos/video_1/b/index.m3u8' }) };
    expect(await its.source.address()).toBe('/videos/video_1/b/index.m3u8');
    server.video = { is: 'unreachable' };
    expect(await its.source.address()).toBe('/videos/video_1/b/index.m3u8');
    server.video = GONE;
    expect(await its.source.address()).toEqual({ gone: true });
  });

  it('isn’t remembered for who has it by its link only, or has no account; they hear all the same that it is over', async () => {
    const linked = playing({}, { link: 'secret' });
    linked.server.watched = GONE;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(linked.player.playback).toBe('playing');
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(linked.told).toHaveLength(1);
    linked.server.video = GONE;
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect(linked.player.playback).toBe('gone');
    const nobody = playing({}, { remembers: false });
    await vi.advanceTimersByTimeAsync(TELL_EVERY_MS + 300);
    expect([nobody.told, nobody.server.asked]).toEqual([[], 1]);
    nobody.player.close();
    expect(nobody.leaving).toEqual([]);
  });
});
