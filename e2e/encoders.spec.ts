/** Live rooms by other programs: encoders send by RTMP and WHIP, players watch by WHEP and HLS, beside browsers. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, type Page } from '@playwright/test';
import { test as base } from './cast';
import { playWhep, pushRtmp, pushWhip, type Encoder } from './encoder';
import { startHearth } from './hearth';
import { comeAsGuest, composer, seesPicture, texts, say } from './people';

const test = base.extend<{ encoders: Encoder[] }>({
  hearth: async ({}, use, info) => {
    const hearth = await startHearth({}, { rtmp: true });
    await use(hearth);
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
  encoders: async ({}, use, info) => {
    const encoders: Encoder[] = [];
    await use(encoders);
    for (const one of encoders) {
      await one.kill();
      if (info.status !== info.expectedStatus) await info.attach('encoder.log', { body: one.log(), contentType: 'text/plain' });
    }
  },
});

interface Keys { keys: { id: string; secret?: string }[]; rtmp: string | null; whip: string }

/** Asks the interface for programs, as the person whose page it is. */
async function api<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  return page.evaluate(async ({ method, path, body }) => {
    const answer = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }, { method, path, body }) as Promise<T>;
}

async function streamKey(host: Page): Promise<{ secret: string; rtmp: string; whip: string }> {
  const { secret } = await api<{ secret: string }>(host, 'POST', '/api/rooms/@ana/stream-keys', { label: 'OBS' });
  const { rtmp, whip } = await api<Keys>(host, 'GET', '/api/rooms/@ana/stream-keys');
  expect(rtmp, 'the server takes RTMP').not.toBeNull();
  return { secret, rtmp: rtmp!, whip };
}

const ages = (player: Encoder) => [...player.log().matchAll(/age_ms (\d+)/g)].map((found) => Number(found[1]));

test('an encoder goes live by RTMP, browsers watch, and it may come back', async ({ cast, encoders }) => {
  const { host, bo, guest, way, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  const { secret, rtmp } = await streamKey(host);
  await bo.goto(`${hearth.url}/@ana`);
  await guest.goto(`${way.url}/@ana`);
  await comeAsGuest(guest, 'Passer-by');
  encoders.push(pushRtmp(`${rtmp}/${secret}`));
  await Promise.all([seesPicture(bo, 1_500, 30_000), seesPicture(guest, 1_500, 30_000)]);
  await seesPicture(host, 1_500);
  console.log(`RTMP in, WebRTC out: ${await seesPicture(bo, 1_500)} ms behind the encoder`);
  await say(guest, 'hello from the crowd');
  await expect.poll(() => texts(bo)).toContain('hello from the crowd');

  await encoders[0]!.kill();
  encoders.push(pushRtmp(`${rtmp}/${secret}`));
  await seesPicture(bo, 1_500, 30_000);
  await expect(bo.getByText('has ended the broadcast')).toHaveCount(0);

  // Somebody without the key disturbs nobody.
  const stranger = pushRtmp(`${rtmp}/not-the-key`);
  encoders.push(stranger);
  expect(await stranger.ended).not.toBe(0);
  await seesPicture(bo, 1_500);
});

test('an encoder that sends B-frames is converted, and its host is told', async ({ cast, encoders }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  const { secret, rtmp } = await streamKey(host);
  await bo.goto(`${hearth.url}/@ana`);
  encoders.push(pushRtmp(`${rtmp}/${secret}`, { bFrames: 2 }));
  await seesPicture(bo, 3_000, 40_000);
  await host.getByText('Going out well').click();
  await expect(host.getByText(/sends B-frames/)).toBeVisible();

  // Once nobody watches over WebRTC nothing is converted, until somebody comes.
  await host.locator('.stage').hover();
  await host.getByRole('button', { name: 'Quality' }).click();
  await host.getByRole('menuitemradio', { name: 'Most stable' }).click();
  await host.getByRole('button', { name: /^Health of your broadcast/ }).click();
  await expect(host.getByText(/sends B-frames/), 'while somebody watches').toBeVisible();
  await bo.goto('about:blank');
  await expect(host.getByText(/sends B-frames/)).toHaveCount(0, { timeout: 60_000 });
  await expect(host.getByText(/sound is AAC/)).toHaveCount(0);
  await expect(host.getByText('Watching'), 'still open').toBeVisible();
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo, 3_000, 40_000);
  await expect(host.getByText(/sends B-frames/)).toBeVisible();
});

test('an encoder goes live by WHIP, and another player watches by WHEP', async ({ cast, encoders }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  const { secret, whip } = await streamKey(host);
  await bo.goto(`${hearth.url}/@ana`);
  const encoder = pushWhip(new URL(whip, hearth.url).href, secret);
  encoders.push(encoder);
  await seesPicture(bo, 1_500, 30_000);
  const { whep } = await api<{ whep: string }>(bo, 'GET', '/api/rooms/@ana/watch');
  const player = playWhep(new URL(whep, hearth.url).href);
  encoders.push(player);
  await expect.poll(() => ages(player).length, { timeout: 30_000, message: player.log() }).toBeGreaterThan(30);
  await expect.poll(() => player.log()).toContain('heard');
  const sorted = ages(player).toSorted((a, b) => a - b);
  console.log(`WHIP in, WHEP out: p50 ${sorted[Math.floor(sorted.length / 2)]} ms behind the encoder`);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(1_500);
});

test('television and crowd watch by HLS, from whatever comes in', async ({ cast, encoders }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  const { secret, rtmp } = await streamKey(host);
  await bo.goto(`${hearth.url}/@ana`);
  encoders.push(pushRtmp(`${rtmp}/${secret}`));
  await seesPicture(bo, 1_500, 30_000);
  const { hls } = await api<{ hls: string }>(bo, 'GET', '/api/rooms/@ana/watch');
  const played = await promisify(execFile)('ffmpeg', ['-hide_banner', '-i', new URL(hls, hearth.url).href, '-t', '4', '-f', 'null', '-'], { timeout: 60_000 });
  const frames = Number(/frame=\s*(\d+)(?!.*frame=)/s.exec(played.stderr)?.[1]);
  expect(frames, played.stderr).toBeGreaterThan(90);
  expect(played.stderr).toContain('Audio: aac');
});
