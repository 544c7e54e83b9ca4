/** The HLS player in real Chromium, with films that ffmpeg makes and a server that plays a broadcast's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HlsPlayer } from '../src/engines/media/hls/player';
import { openGallery, type Gallery } from './gallery';

const SEGMENT_S = 1;
const SEGMENTS = 40;
/** When the live broadcast began, by its playlist's dates. */
const BEGAN_MS = 1_800_000_000_000;
/** Segments of the live one that there are when it is first asked for. */
const AT_FIRST = 16;

let gallery: Gallery;
let folder: string;
let server: Server;
let base: string;
let firstAsked_ms: number | null = null;
/** Requests that the server declines, to see what is made of it. */
let declined = 0;

/** A picture whose brightness tells the second it belongs to, with a tone. */
function makeFilm(): void {
  const made = spawnSync('ffmpeg', ['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=size=320x180:rate=15:duration=${SEGMENT_S * SEGMENTS}`,
    '-f', 'lavfi', '-i', `sine=frequency=440:duration=${SEGMENT_S * SEGMENTS}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '15', '-keyint_min', '15', '-sc_threshold', '0',
    '-c:a', 'aac', '-b:a', '64k', '-f', 'hls', '-hls_time', String(SEGMENT_S), '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4',
    '-hls_segment_filename', join(folder, 's%d.m4s'), join(folder, 'film.m3u8')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`);
}

function livePlaylist(): string {
  firstAsked_ms ??= performance.now();
  const count = Math.min(SEGMENTS, AT_FIRST + Math.floor((performance.now() - firstAsked_ms) / (1_000 * SEGMENT_S)));
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${SEGMENT_S}`, '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-MAP:URI="init.mp4"'];
  for (let at = 0; at < count; at += 1) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(BEGAN_MS + at * 1_000 * SEGMENT_S).toISOString()}`, `#EXTINF:${SEGMENT_S},`, `s${at}.m4s`);
  }
  return `${lines.join('\n')}\n`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-hls-'));
  makeFilm();
  server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
    response.setHeader('access-control-allow-origin', '*');
    if (declined > 0 && name.endsWith('.m4s')) {
      declined -= 1;
      response.writeHead(503).end();
    } else if (name === 'live.m3u8') response.setHeader('content-type', 'application/vnd.apple.mpegurl').end(livePlaylist());
    else if (/^(film\.m3u8|init\.mp4|s\d+\.m4s)$/.test(name)) response.end(readFileSync(join(folder, name)));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gallery = await openGallery();
}, 120_000);
afterAll(async () => {
  await gallery.close();
  server.close();
  rmSync(folder, { recursive: true });
});

interface Bench { player: HlsPlayer; address: string; asked: number }
type BenchWindow = Window & { bench: Bench };

/** A page with a player on it, and nothing else that matters. */
async function play(source: { file: string; began_ms: number | null; from_ms?: number }): Promise<Page> {
  const page = await gallery.open('nowhere');
  await page.addScriptTag({ type: 'module', content: "import { HlsPlayer } from '/src/engines/media/hls/player.ts'; window.HlsPlayer = HlsPlayer;" });
  await page.waitForFunction(() => 'HlsPlayer' in window);
  await page.evaluate(({ address, began_ms, from_ms }) => {
    const { HlsPlayer: Player } = window as unknown as { HlsPlayer: typeof HlsPlayer };
    const video = document.createElement('video');
    video.style.cssText = 'position:fixed;inset:0;width:320px;height:180px';
    document.body.append(video);
    const bench = { asked: 0, address } as Bench;
    bench.player = new Player(video, { address: () => { bench.asked += 1; return Promise.resolve(bench.address); }, began_ms, from_ms }, () => {});
    (window as unknown as BenchWindow).bench = bench;
  }, { address: `${base}/${source.file}`, began_ms: source.began_ms, from_ms: source.from_ms ?? null });
  return page;
}

/** What the player says of itself. */
const told = (page: Page) => page.evaluate(() => {
  const { player } = (window as unknown as BenchWindow).bench;
  const { state, media_ms, window: span, behind_ms, atLiveEdge, levels } = player;
  return { state, media_ms, window: span, behind_ms, atLiveEdge, heights: levels.map((one) => one.height_px), position_s: player.video.currentTime };
});
const until = (page: Page, what: (player: HlsPlayer, than: number) => boolean, than = 0) =>
  page.waitForFunction(`(${String(what)})(window.bench.player, ${than})`, null, { polling: 50, timeout: 20_000 });

describe('a film', () => {
  it('plays from its beginning, seeks, and ends', async () => {
    const page = await play({ file: 'film.m3u8', began_ms: null });
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 0.3);
    expect(await told(page)).toMatchObject({ behind_ms: 0, window: { from_ms: 0 } });
    expect((await told(page)).window?.to_ms).toBeCloseTo(1_000 * SEGMENT_S * SEGMENTS, -3);
    await page.evaluate(() => { (window as unknown as BenchWindow).bench.player.seek(25_500); });
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 25.6);
    expect((await told(page)).media_ms).toBeGreaterThan(25_500);
    await page.evaluate(() => { (window as unknown as BenchWindow).bench.player.seek(1e9); });
    await until(page, (player) => player.state === 'ended');
    await page.context().close();
  });

  it('begins where it is told to', async () => {
    const page = await play({ file: 'film.m3u8', began_ms: null, from_ms: 12_000 });
    expect((await told(page)).media_ms).toBe(12_000);
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 12);
    expect((await told(page)).position_s).toBeLessThan(15);
    await page.context().close();
  });

  it('goes on after segments that could not be had', async () => {
    declined = 12;
    const page = await play({ file: 'film.m3u8', began_ms: null });
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 1);
    expect(declined).toBe(0);
    await page.context().close();
  });

  it('is asked for anew where its address no longer works', async () => {
    const page = await play({ file: 'nothing.m3u8', began_ms: null });
    await page.waitForFunction(() => (window as unknown as BenchWindow).bench.asked >= 3, null, { timeout: 20_000 });
    await page.evaluate((address) => { (window as unknown as BenchWindow).bench.address = address; }, `${base}/film.m3u8`);
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 0.3);
    await page.context().close();
  });
});

describe('a broadcast', () => {
  it('plays at the live edge, at the media time of its dates', async () => {
    firstAsked_ms = null;
    const page = await play({ file: 'live.m3u8', began_ms: BEGAN_MS });
    await until(page, (player) => player.state === 'playing' && player.media_ms !== null && player.atLiveEdge);
    const first = await told(page);
    expect(first.media_ms).toBeGreaterThan((AT_FIRST - 6) * 1_000 * SEGMENT_S);
    expect(Math.abs((first.media_ms ?? 0) - first.position_s * 1_000)).toBeLessThan(150);
    // By a server's clock that says how long the broadcast has been on.
    const latency_ms = await page.evaluate((now_ms) => (window as unknown as BenchWindow).bench.player.latency_ms(now_ms), BEGAN_MS + (first.media_ms ?? 0) + 2_345);
    expect(Math.abs((latency_ms ?? 0) - 2_345)).toBeLessThan(600);

    // Back in the window, and live again.
    await page.evaluate(() => { (window as unknown as BenchWindow).bench.player.seek(3_000); });
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 3.2 && player.video.currentTime < 8);
    const back = await told(page);
    expect(back.atLiveEdge).toBe(false);
    expect(back.behind_ms).toBeGreaterThan(5_000);
    expect(back.window?.from_ms).toBeCloseTo(0, -2);
    await page.evaluate(() => { (window as unknown as BenchWindow).bench.player.goLive(); });
    await until(page, (player, than) => player.atLiveEdge && player.state === 'playing' && (player.media_ms ?? 0) > than, first.media_ms ?? 0);
    await page.context().close();
  });

  it.each([4_000, 0])('begins back in its window where it is told to: at %i ms', async (from_ms) => {
    firstAsked_ms = null;
    const page = await play({ file: 'live.m3u8', began_ms: BEGAN_MS, from_ms });
    await until(page, (player) => player.state === 'playing' && player.video.currentTime > 0.1);
    const at = await told(page);
    expect(at.media_ms).toBeGreaterThan(from_ms);
    expect(at.media_ms).toBeLessThan(from_ms + 5_000);
    expect(at.atLiveEdge).toBe(false);
    await page.context().close();
  });
});
