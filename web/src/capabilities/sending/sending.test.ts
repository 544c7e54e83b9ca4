import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { UploadEnd, UploadListener, WhatIsSent } from '../../engines/http/resumable';
import type { Locks } from '../../engines/locks';
import type { OwnVideo, Rejection, SentImage, Upload, Video, VideoFailure } from '../../protocol/generated/types';
import { KEPT_MAX_BYTES, kindOf, sameFile } from './files';
import { Films, FRESH_MS, KNOWN_MAX } from './films.svelte';
import { frameOf } from './frame';
import { Pace } from './pace';
import { LOOK_EVERY_MS, Sending, STOPPED_AFTER_MS, TRY_EVERY_MS, type Kept, type TabWord } from './sending.svelte';

const ok = <T>(value: T): Reply<T> => ({ is: 'ok', value });
const NOT_FOUND: Reply<never> = { is: 'rejected', rejection: { kind: 'not_found' } };
const DAY_MS = 86_400_000;
const DIALOG = 'dialog_1';

const video = (id: string, state: Video['state'], own: Partial<OwnVideo> = {}, more: Partial<Video> = {}): Video => ({
  id, owner: { id: 'user_ana', name: 'ana', display_name: 'Ana' }, title: 'A film', room: null, state, duration_ms: 0, width: 0, height: 0, bytes: 10, created_ms: 1,
  hls: null, poster: null, tiny: '', previews: null, subtitles: [], chapters: [], downloads: [], may_change: true, position_ms: 0, seen: false,
  own: { audience: 'dialog', link: null, upload: null, dialog: DIALOG, conversion: null, failure: null, ...own }, ...more,
});
const upload = (id: string, received_bytes: number, more: Partial<Upload> = {}): Upload => ({ id, video: `video_${id}`, name: 'kiln.mp4', bytes: 10, received_bytes, dialog: DIALOG, expires_ms: 9e15, ...more });
const file = (name = 'kiln.mp4', type = 'video/mp4', bytes = 10, lastModified = 5) => new File([new Uint8Array(bytes)], name, { type, lastModified });

/** What several tabs of one browser share. */
class Browser {
  records = new Map<string, Kept>();
  files = new Map<string, Blob>();
  held = new Map<string, Promise<void>>();
  tabs: { hear: (word: TabWord) => void; from: symbol }[] = [];
  ends: (() => void)[] = [];

  /** The first tab is closed: it lets go of what it holds. */
  closes(): void {
    this.tabs.splice(0, 1);
    this.ends.splice(0).forEach((end) => end());
  }

  locks: Locks = {
    unlessHeld: async (name, what) => {
      if (this.held.has(name)) return false;
      const closed = new Promise<void>((end) => this.ends.push(end));
      const doing = Promise.race([what(), closed]).finally(() => this.held.delete(name));
      this.held.set(name, doing);
      await doing;
      return true;
    },
    free: (name) => this.held.get(name) ?? Promise.resolve(),
  };
}

/** One tab, whose server is played by the test. */
class Bench {
  started: { what: WhatIsSent; listener: UploadListener; end: (how: UploadEnd) => void; stopped: boolean }[] = [];
  uploads: Upload[] = [];
  films: Video[] = [];
  known = new Map<string, Reply<Video>>();
  asked: string[] = [];
  sent: { done: (reply: Reply<SentImage>) => void }[] = [];
  said: { dialog: string; text: string; nonce: string; image: string; answer: (answer: Answer) => void }[] = [];
  remembered: boolean[] = [];
  online = true;
  readable = true;
  me: { id: string; guest: boolean } | null = { id: 'user_ana', guest: false };
  status: (open: boolean) => void = () => {};
  backOnline: () => void = () => {};
  changed: () => void = () => {};
  sending!: Sending;
  #nonces = 0;

  constructor(readonly browser = new Browser()) {}

  start(): Sending {
    const bench = this;
    const { browser } = this;
    const me = Symbol('tab');
    return (this.sending = new Sending({
      api: {
        uploads: () => { this.asked.push('uploads'); return Promise.resolve(ok({ uploads: this.uploads })); },
        films: () => Promise.resolve(ok({ videos: this.films, more: false })),
        film: (id) => { this.asked.push(`film ${id}`); return Promise.resolve(this.known.get(id) ?? NOT_FOUND); },
        convert: (id) => { this.asked.push(`convert ${id}`); return Promise.resolve(ok(undefined)); },
        remove: (id) => { this.asked.push(`remove ${id}`); return Promise.resolve(ok(undefined)); },
        giveUp: (id) => { this.asked.push(`give up ${id}`); return Promise.resolve(ok(undefined)); },
        sendImage: () => new Promise((done) => this.sent.push({ done })),
      },
      kept: {
        all: () => Promise.resolve([...browser.records.values()]),
        file: (key) => Promise.resolve(browser.files.get(key) ?? null),
        put: (record) => { browser.records.set(record.key, record); return Promise.resolve(); },
        putFile: (key, blob) => { browser.files.set(key, blob); return Promise.resolve(true); },
        dropFile: (key) => { browser.files.delete(key); return Promise.resolve(); },
        remove: (key) => { browser.records.delete(key); browser.files.delete(key); return Promise.resolve(); },
      },
      locks: browser.locks,
      tabs: {
        tell: (word) => { for (const one of browser.tabs) if (one.from !== me) one.hear(word); },
        onWord: (hear) => browser.tabs.push({ hear, from: me }),
      },
      session: { get me() { return bench.me; }, onChange: (listener) => { this.changed = listener; return () => {}; } },
      upload: (_file, what, listener) => {
        const one = { what, listener, end: (_: UploadEnd) => {}, stopped: false };
        const ended = new Promise<UploadEnd>((settle) => { one.end = settle; });
        this.started.push(one);
        let begun = what.upload !== null;
        const { created } = listener;
        listener.created = (...names) => { begun = true; created(...names); if (one.stopped) one.end({ is: 'stopped' }); };
        return { ended, stop: () => { one.stopped = true; if (begun) one.end({ is: 'stopped' }); } };
      },
      still: () => Promise.resolve({ picture: 'data:still', width: 16, height: 9 }),
      image: (blob) => Promise.resolve(this.readable ? { file: blob, width: 4, height: 3, picture: 'data:small' } : null),
      say: (dialog, text, nonce, image) => new Promise((answer) => this.said.push({ dialog, text, nonce, image, answer })),
      onStatus: (listener) => { this.status = listener; return () => {}; },
      onOnline: (listener) => { this.backOnline = listener; },
      online: () => this.online,
      nonce: () => `key${browser.tabs.length}${(this.#nonces += 1)}`,
      remember: (something) => this.remembered.push(something),
    }));
  }

  get states() { return this.sending.items.map((one) => one.state.is); }
  last() { const last = this.started.at(-1); if (!last) throw new Error('nothing was begun'); return last; }
}

const settle = () => vi.advanceTimersByTimeAsync(0);
beforeEach(() => { vi.useFakeTimers(); vi.setSystemTime(1_000_000_000_000); });
afterEach(() => { vi.useRealTimers(); });

describe('a film', () => {
  test('is uploaded with its words, prepared, and gone from here once it is said', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file()], '  look  ');
    await settle();
    expect(bench.last().what).toEqual({ upload: null, metadata: { filename: 'kiln.mp4', dialog: DIALOG, text: 'look' } });
    expect(bench.sending.items).toMatchObject([{ still: 'data:still', width: 16, text: 'look', bytes: 10 }]);
    bench.last().listener.created('u', 'video_u');
    bench.last().listener.progress(4);
    await settle();
    expect(bench.sending.items).toMatchObject([{ becomes: 'video_u', state: { is: 'uploading', sent_bytes: 4 } }]);
    bench.known.set('video_u', ok(video('video_u', 'converting', { conversion: { before: 0, done: 0.25, left_ms: 9_000 } })));
    bench.last().end({ is: 'whole' });
    await settle();
    expect(bench.sending.items).toMatchObject([{ state: { is: 'preparing', before: 0, done: 0.25, left_ms: 9_000 } }]);
    expect(bench.browser.files.size, 'its file is kept no longer').toBe(0);
    bench.sending.heard(video('video_u', 'converting', { dialog: null }));
    await settle();
    expect(bench.sending.items).toEqual([]);
    expect(bench.browser.records.size).toBe(0);
    expect(bench.remembered.at(-1)).toBe(false);
  });

  test('that is deleted elsewhere is gone from here, whether it is still sent, prepared, or failed', async () => {
    const bench = new Bench();
    bench.films = [video('video_p', 'converting', { conversion: { before: 0, done: 0.5, left_ms: 1 } }), video('video_f', 'failed', { failure: { kind: 'failed' } })];
    bench.start().send(DIALOG, [file()], '');
    await settle();
    bench.last().listener.created('u', 'video_u');
    await settle();
    expect(bench.sending.items.map((one) => one.becomes).sort()).toEqual(['video_f', 'video_p', 'video_u']);
    for (const id of ['video_p', 'video_f', 'video_u']) bench.sending.gone(id);
    await settle();
    expect(bench.sending.items).toEqual([]);
    expect(bench.last().stopped).toBe(true);
    expect(bench.asked.filter((one) => one.startsWith('remove'))).toEqual([]);
    expect(bench.browser.records.size).toBe(0);
  });

  test('that a message carries is said to be gone as soon as it is deleted', async () => {
    const bench = new Bench();
    bench.known.set('video_a', ok(video('video_a', 'ready', { dialog: null })));
    const { films } = bench.start();
    films.look('video_a');
    await settle();
    expect(films.of('video_a')?.is).toBe('here');
    bench.sending.gone('video_a');
    bench.sending.gone('video_b');
    expect([films.of('video_a')?.is, films.of('video_b')]).toEqual(['gone', null]);
  });

  test('of several, one is sent at a time, in their order, and the words go with the first', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file('1.mp4'), file('2.mp4'), file('3.mp4')], 'three');
    await settle();
    expect(bench.started).toHaveLength(1);
    expect(bench.states).toEqual(['uploading', 'waiting', 'waiting']);
    bench.last().listener.created('u', 'video_u');
    bench.last().end({ is: 'whole' });
    await settle();
    expect(bench.started.map((one) => one.what.metadata)).toEqual([{ filename: '1.mp4', dialog: DIALOG, text: 'three' }, { filename: '2.mp4', dialog: DIALOG, text: '' }]);
  });

  test('waits where the server can’t be reached, and goes on from where it was: when the network is back, when the connection stands, or after a while', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file()], '');
    await settle();
    bench.last().listener.created('u', 'video_u');
    for (const again of [() => bench.backOnline(), () => bench.status(true), () => vi.advanceTimersByTime(TRY_EVERY_MS)]) {
      bench.last().listener.progress(6);
      bench.last().end({ is: 'cut' });
      await settle();
      expect(bench.sending.items).toMatchObject([{ state: { is: 'paused', sent_bytes: 6 } }]);
      const before = bench.started.length;
      again();
      await settle();
      expect(bench.started).toHaveLength(before + 1);
      expect(bench.last().what.upload).toBe('u');
    }
    bench.online = false;
    bench.last().end({ is: 'cut' });
    const before = bench.started.length;
    await vi.advanceTimersByTimeAsync(TRY_EVERY_MS * 3);
    expect(bench.started, 'without a network nothing is tried').toHaveLength(before);
  });

  test('goes on by itself after the page was loaded anew, and asks for its file where it was too large to be kept', async () => {
    const bench = new Bench();
    bench.start();
    const large = file('large.mp4');
    Object.defineProperty(large, 'size', { value: KEPT_MAX_BYTES + 1 });
    const justFits = file('fits.mp4');
    Object.defineProperty(justFits, 'size', { value: KEPT_MAX_BYTES });
    bench.sending.send(DIALOG, [justFits, large], 'first');
    await settle();
    bench.last().listener.created('u', 'video_u');
    await settle();
    const { records, files } = bench.browser;
    const next = new Bench(Object.assign(new Browser(), { records, files }));
    next.start();
    await settle();
    expect(next.states).toEqual(['uploading', 'needs_file']);
    expect(next.last().what).toMatchObject({ upload: 'u', metadata: { text: 'first' } });
    next.last().end({ is: 'whole' });
    await settle();
    const key = next.sending.items.at(-1)?.key ?? '';
    expect(next.sending.pick(key, file('other.mp4'))).toBe('another_file');
    const changed = file('large.mp4', 'video/mp4', 10, 6);
    Object.defineProperty(changed, 'size', { value: KEPT_MAX_BYTES + 1 });
    expect(next.sending.pick(key, changed), 'it was changed since').toBe('another_file');
    expect(next.sending.pick(key, large)).toBe('goes_on');
    await settle();
    expect(next.last().what.metadata).toMatchObject({ filename: 'large.mp4' });
  });

  test('that the server has forgotten after a day is begun anew; one that was given up elsewhere is gone', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file()], '');
    await settle();
    bench.last().listener.created('u', 'video_u');
    vi.setSystemTime(Date.now() + DAY_MS);
    bench.last().end({ is: 'gone' });
    await settle();
    expect(bench.last().what.upload).toBeNull();
    bench.last().listener.created('v', 'video_v');
    bench.last().end({ is: 'gone' });
    await settle();
    expect(bench.sending.items).toEqual([]);
  });

  test.each<[Rejection, object, boolean]>([
    [{ kind: 'limit', limit: 'upload_bytes', max: 9, retry_after_ms: null }, { is: 'limit', limit: 'upload_bytes', max: 9 }, false],
    [{ kind: 'limit', limit: 'storage_bytes', max: 9, retry_after_ms: null }, { is: 'limit', limit: 'storage_bytes', max: 9 }, true],
    [{ kind: 'limit', limit: 'uploads', max: 20, retry_after_ms: null }, { is: 'limit', limit: 'uploads', max: 20 }, true],
    [{ kind: 'storage' }, { is: 'disk_full' }, true],
    [{ kind: 'not_found' }, { is: 'dialog_gone' }, false],
    [{ kind: 'invalid', field: 'image', reason: 'no picture' }, { is: 'image_unreadable' }, false],
    [{ kind: 'forbidden' }, { is: 'refused', refusal: { reason: 'not_allowed' } }, false],
  ])('that is declined says why, and whether another try may help: %j', async (rejection, why, again) => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file()], '');
    await settle();
    bench.last().end({ is: 'rejected', rejection });
    await settle();
    expect(bench.sending.items).toMatchObject([{ state: { is: 'failed', why, again } }]);
    bench.sending.retry(bench.sending.items[0]?.key ?? '');
    await settle();
    expect(bench.started).toHaveLength(2);
  });

  test.each<[VideoFailure, boolean]>([
    [{ kind: 'unreadable' }, false], [{ kind: 'no_picture' }, false], [{ kind: 'codec', codec: 'x' }, false], [{ kind: 'pixels', width: 1, height: 1 }, false], [{ kind: 'too_long' }, false],
    [{ kind: 'one_frame' }, false], [{ kind: 'truncated' }, false], [{ kind: 'too_many_streams' }, false], [{ kind: 'too_much' }, true], [{ kind: 'no_room' }, true], [{ kind: 'failed' }, true],
  ])('that can’t be prepared is tried again where that may help: %j', async (failure, again) => {
    const bench = new Bench();
    bench.films = [video('video_u', 'failed', { failure })];
    bench.start();
    await settle();
    expect(bench.sending.items).toMatchObject([{ dialog: DIALOG, state: { is: 'failed', why: { is: 'film', failure }, again } }]);
    bench.sending.retry('video_u');
    await settle();
    expect(bench.asked).toContain('convert video_u');
    expect(bench.states).toEqual(['preparing']);
    bench.sending.discard('video_u');
    await settle();
    expect(bench.asked).toContain('remove video_u');
    expect(bench.sending.items).toEqual([]);
  });

  test('that is cancelled is given up there too, also when its name comes after that', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file('1.mp4'), file('2.mp4')], '');
    await settle();
    bench.last().listener.created('u', 'video_u');
    bench.sending.discard(bench.sending.items[0]?.key ?? '');
    await settle();
    expect(bench.started[0]?.stopped).toBe(true);
    expect(bench.asked).toContain('give up u');
    expect(bench.browser.records.size).toBe(1);
    expect(bench.states).toEqual(['uploading']);
    // Its answer is on the way still.
    const second = bench.last();
    bench.sending.discard(bench.sending.items[0]?.key ?? '');
    second.listener.created('v', 'video_v');
    await settle();
    expect(bench.asked).toContain('give up v');
    expect(bench.sending.items).toEqual([]);
  });

  test('of another device is shown as it goes, and asks for its file once it has stopped', async () => {
    const bench = new Bench();
    bench.uploads = [upload('far', 2), upload('no_dialog', 3, { dialog: null })];
    bench.start();
    await settle();
    expect(bench.sending.items).toMatchObject([{ key: 'far', state: { is: 'remote', sent_bytes: 2 } }]);
    bench.uploads = [upload('far', 5)];
    await vi.advanceTimersByTimeAsync(LOOK_EVERY_MS);
    expect(bench.sending.items).toMatchObject([{ state: { is: 'remote', sent_bytes: 5 } }]);
    await vi.advanceTimersByTimeAsync(STOPPED_AFTER_MS + LOOK_EVERY_MS);
    expect(bench.sending.items).toMatchObject([{ state: { is: 'needs_file', sent_bytes: 5 } }]);
    expect(bench.sending.pick('far', file('kiln.mp4', 'video/mp4', 10, 77)), 'when it was changed isn’t known of it').toBe('goes_on');
    await settle();
    expect(bench.last().what.upload).toBe('far');
  });

  test('of another device goes when it is said, or was given up', async () => {
    const bench = new Bench();
    bench.uploads = [upload('a', 2), upload('b', 2)];
    bench.known.set('video_a', ok(video('video_a', 'converting')));
    bench.start();
    await settle();
    bench.uploads = [];
    await vi.advanceTimersByTimeAsync(LOOK_EVERY_MS);
    expect(bench.sending.items).toMatchObject([{ key: 'a', state: { is: 'preparing' } }]);
    bench.sending.heard(video('video_a', 'ready', { dialog: null }));
    await settle();
    expect(bench.sending.items).toEqual([]);
  });

  test('that is for no dialog is nothing to be shown', async () => {
    const bench = new Bench();
    bench.films = [video('video_x', 'failed', { dialog: null, failure: { kind: 'failed' } }), video('video_y', 'converting', { dialog: null }), { ...video('video_z', 'ready'), own: undefined } as unknown as Video];
    bench.start();
    await settle();
    expect(bench.sending.items).toEqual([]);
  });

  test('is nobody else’s: what is kept of another account isn’t shown, and stays', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file()], '');
    await settle();
    bench.me = { id: 'user_bo', guest: false };
    bench.changed();
    await settle();
    expect(bench.started[0]?.stopped).toBe(true);
    expect(bench.sending.items).toEqual([]);
    expect(bench.browser.records.size).toBe(1);
  });
});

describe('of two tabs', () => {
  test('one sends, the other shows, and goes on when the first is done for', async () => {
    const first = new Bench();
    const second = new Bench(first.browser);
    first.start();
    second.start();
    await settle();
    first.sending.send(DIALOG, [file()], 'x');
    await settle();
    expect([first.states, second.states]).toEqual([['uploading'], ['remote']]);
    first.last().listener.created('u', 'video_u');
    first.last().listener.progress(5);
    await vi.advanceTimersByTimeAsync(300);
    first.last().listener.progress(7);
    await settle();
    expect(second.sending.items).toMatchObject([{ state: { is: 'remote', sent_bytes: 7 } }]);
    expect(second.started).toHaveLength(0);
    first.browser.closes();
    await settle();
    expect(second.started).toHaveLength(1);
    expect(second.last().what.upload).toBe('u');
  });

  test('what waits in the tab in which it was chosen is not taken by the other', async () => {
    const first = new Bench();
    const second = new Bench(first.browser);
    first.start();
    second.start();
    await settle();
    first.sending.send(DIALOG, [file(), file('other.mp4')], '');
    await settle();
    expect([first.states, second.states]).toEqual([['uploading', 'waiting'], ['remote', 'remote']]);
    expect(second.started).toHaveLength(0);
  });

  test('what is cancelled in one is gone from the other', async () => {
    const first = new Bench();
    const second = new Bench(first.browser);
    first.start();
    second.start();
    await settle();
    first.sending.send(DIALOG, [file()], '');
    await settle();
    first.sending.discard(first.sending.items[0]?.key ?? '');
    await settle();
    expect([first.states, second.states]).toEqual([[], []]);
    expect(second.started).toHaveLength(0);
  });
});

describe('an image', () => {
  test('is sent, said with its words, and gone from here', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file('a.jpg', 'image/jpeg'), file('b.jpg', 'image/jpeg')], 'two');
    await settle();
    expect(bench.sent).toHaveLength(1);
    bench.sent[0]?.done(ok({ image: 'image_1', width: 3, height: 4, tiny: '', moving: false }));
    await settle();
    expect(bench.said).toMatchObject([{ dialog: DIALOG, text: 'two', image: 'image_1' }]);
    expect(bench.sending.items[0]).toMatchObject({ becomes: 'image_1', width: 3, height: 4 });
    bench.said[0]?.answer({ is: 'ok', outcome: { kind: 'sent', position: 1, at_ms: 1 } });
    await settle();
    expect(bench.sending.items).toHaveLength(1);
    expect(bench.sent, 'then the next').toHaveLength(2);
  });

  test('whose answer was lost is said again by the same name, and not sent again', async () => {
    const bench = new Bench();
    bench.start().send(DIALOG, [file('a.jpg', 'image/jpeg')], '');
    await settle();
    bench.sent[0]?.done({ is: 'unreachable' });
    await settle();
    expect(bench.states).toEqual(['paused']);
    bench.status(true);
    await settle();
    bench.sent[1]?.done(ok({ image: 'image_1', width: 3, height: 4, tiny: '', moving: false }));
    await settle();
    bench.said[0]?.answer({ is: 'lost' });
    await settle();
    bench.backOnline();
    await settle();
    expect(bench.sent).toHaveLength(2);
    expect(bench.said.map((one) => one.nonce)).toEqual([bench.said[0]?.nonce, bench.said[0]?.nonce]);
  });

  test('that can’t be read, or is no image and no film, or is empty, fails at once', async () => {
    const bench = new Bench();
    bench.readable = false;
    bench.start().send(DIALOG, [file('a.heic', 'image/heic'), file('a.pdf', 'application/pdf'), file('a.mp4', 'video/mp4', 0)], '');
    await settle();
    expect(bench.sending.items.map((one) => (one.state.is === 'failed' ? one.state.why.is : ''))).toEqual(['image_unreadable', 'not_media', 'empty']);
    expect(bench.started).toHaveLength(0);
  });
});

test('files are told apart by type, and where a browser knows none by name', () => {
  expect(['a.mkv', 'a.MOV', 'a.txt', 'mkv'].map((name) => kindOf({ name, type: '' }))).toEqual(['video', 'video', null, null]);
  expect(kindOf({ name: 'a.txt', type: 'image/png' })).toBe('image');
  expect(sameFile({ name: 'a', size: 1, lastModified: 2 }, { name: 'a', bytes: 1, modified_ms: 3 })).toBe(false);
});

test('a pace is known after a moment, forgets what is long ago, and begins anew where something goes on', () => {
  const pace = new Pace();
  expect([pace.mark(0, 0), pace.mark(500, 500), pace.mark(1_000, 1_000)]).toEqual([null, null, 1_000]);
  for (let at_ms = 2_000; at_ms <= 20_000; at_ms += 1_000) pace.mark(1_000 + (at_ms - 1_000) / 10, at_ms);
  expect(pace.mark(3_000, 21_000)).toBeCloseTo(100, -1);
  expect(pace.mark(10, 22_000)).toBeNull();
});

test('a frame has its picture’s own shape, within bounds', () => {
  expect(frameOf(1600, 900).ratio).toBeCloseTo(16 / 9, 3);
  expect(frameOf(100, 5_000).ratio).toBe(0.5);
  expect(frameOf(5_000, 100).ratio).toBe(2.4);
  expect(frameOf(0, 0).ratio).toBeCloseTo(16 / 9, 3);
  expect(frameOf(900, 900, true).width_rem).toBeLessThan(frameOf(900, 900).width_rem);
});

describe('films that are looked at', () => {
  test('are asked for once while their poster’s address lets in, and told gone when they are', async () => {
    let now_ms = 0;
    const asked: string[] = [];
    const films = new Films((id) => { asked.push(id); return Promise.resolve(id === 'gone' ? NOT_FOUND : id === 'away' ? { is: 'unreachable' } : ok(video(id, 'ready', {}, { poster: '/p.jpg' }))); }, () => now_ms);
    for (const id of ['a', 'a', 'gone', 'away']) films.look(id);
    await settle();
    films.look('away');
    expect(asked).toEqual(['a', 'gone', 'away', 'away']);
    expect(films.of('a')).toEqual({ is: 'here', title: 'A film', poster: '/p.jpg' });
    expect(films.of('gone')?.is).toBe('gone');
    expect(films.of('away')).toBeNull();
    now_ms = FRESH_MS;
    films.look('a');
    films.look('gone', true);
    expect(asked.slice(4)).toEqual(['a', 'gone']);
  });

  test('are held up to so many', async () => {
    const films = new Films((id) => Promise.resolve(ok(video(id, 'ready'))));
    for (let at = 0; at <= KNOWN_MAX; at += 1) {
      films.look(`${at}`);
      await settle();
    }
    expect(films.of('0')).toBeNull();
    expect(films.of('1')).not.toBeNull();
    expect(films.of(`${KNOWN_MAX}`)).not.toBeNull();
  });
});
