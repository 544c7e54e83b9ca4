/** The ways to watch, from the web app: WebRTC and HLS by turns, back in the broadcast, and what floats over the picture. */
import { expect, type Page } from '@playwright/test';
import { test as base } from './cast';
import { pushRtmp, type Encoder } from './encoder';
import { startHearth } from './hearth';
import { comeAsGuest, composer, say, seesPicture } from './people';

const test = base.extend<{ encoder: { run(address: string): void } }>({
  hearth: async ({}, use, info) => {
    const hearth = await startHearth({}, { rtmp: true });
    await use(hearth);
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
  encoder: async ({}, use) => {
    let encoder: Encoder | null = null;
    await use({ run(address) { encoder = pushRtmp(address); } });
    await (encoder as Encoder | null)?.kill();
  },
});

async function streamAddress(host: Page): Promise<string> {
  return host.evaluate(async () => {
    const made = await fetch('/api/rooms/@ana/stream-keys', { method: 'POST', body: '{"label":"OBS"}', headers: { 'content-type': 'application/json' } });
    const { secret } = (await made.json()) as { secret: string };
    const { rtmp } = (await (await fetch('/api/rooms/@ana/stream-keys')).json()) as { rtmp: string };
    return `${rtmp}/${secret}`;
  });
}

/** Asks for a way in the menu of the stage. */
async function wish(page: Page, label: string): Promise<void> {
  await page.locator('.stage').hover();
  await page.getByRole('button', { name: 'Quality' }).click();
  await page.getByRole('menuitemradio', { name: label }).click();
}

/** Whose picture is shown, and that it moves. */
async function plays(page: Page, way: 'hls' | 'webrtc'): Promise<void> {
  const shown = page.locator('.stage video.over');
  if (way === 'webrtc') return expect(shown).toHaveCount(0, { timeout: 30_000 });
  await expect(shown).toHaveCount(1, { timeout: 30_000 });
  await page.waitForFunction(() => {
    const video = document.querySelector<HTMLVideoElement>('.stage video.over');
    if (!video) return false;
    const before = Number(video.dataset.before ?? video.currentTime);
    video.dataset.before ??= String(before);
    return video.currentTime > before + 1;
  });
}

test('one watches by HLS, goes back in the broadcast, and comes back to what is live', async ({ cast, encoder }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  encoder.run(await streamAddress(host));
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo, 1_500, 30_000);
  await plays(bo, 'webrtc');

  // The slider is there as soon as the room has HLS.
  const back = bo.locator('.live-seek input');
  await expect(back).toBeAttached({ timeout: 40_000 });
  await wish(bo, 'Most stable');
  await plays(bo, 'hls');
  await bo.locator('.stage').hover();
  await expect(bo.getByRole('button', { name: /^Delay/ })).toBeVisible();

  const at = () => bo.evaluate(() => document.querySelector<HTMLVideoElement>('.stage video.over')?.currentTime ?? 0);
  const live_s = await at();
  await back.press('ArrowLeft');
  await expect.poll(at).toBeLessThan(live_s);
  await expect(bo.getByRole('button', { name: 'Go live' })).toBeVisible();
  await bo.getByRole('button', { name: 'Go live' }).last().click();
  await expect.poll(at).toBeGreaterThan(live_s);

  await wish(bo, 'With the least delay');
  await plays(bo, 'webrtc');
  await seesPicture(bo, 1_500, 30_000);
});

test('what is said floats over everybody’s picture', async ({ cast, encoder }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  encoder.run(await streamAddress(host));
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo, 1_500, 30_000);
  await say(bo, 'what a light');
  for (const page of [bo, host]) await expect.poll(() => page.locator('canvas.floating').getAttribute('data-floating')).toBe('1');
});

test('who looks back sees float what was said then, also what their chat does not hold', async ({ cast, encoder }) => {
  const { host, bo, guest, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  encoder.run(await streamAddress(host));
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo, 1_500, 30_000);
  // Early, and yet behind where a player begins that goes back as far as it can.
  await expect(bo.locator('.title-block .since')).toHaveText(/0:(0[6-9]|[1-5]\d)/, { timeout: 30_000 });
  await say(bo, 'an early light');
  await expect.poll(() => bo.locator('canvas.floating').getAttribute('data-floating')).toBe('1');
  // More than a newcomer is given, none of it floating.
  await host.evaluate(async () => {
    const { id } = (await (await fetch('/api/rooms/@ana')).json()) as { id: string };
    for (let at = 0; at < 60;) {
      const body = JSON.stringify({ kind: 'send', text: `line ${at}`, nonce: `many${at}` });
      const { ok } = await fetch(`/api/spaces/${id}/commands`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      if (ok) at += 1;
      else await new Promise((waited) => setTimeout(waited, 250));
    }
  });
  await guest.goto(`${hearth.url}/@ana`);
  await comeAsGuest(guest, 'Latecomer');
  await expect(guest.getByRole('log').getByText('line 59')).toBeVisible();
  await expect(guest.getByRole('log').getByText('an early light')).toHaveCount(0);
  const back = guest.locator('.live-seek input');
  // The controls are there while somebody is: hidden ones take no key.
  await expect(async () => {
    await guest.locator('.stage').hover();
    await back.focus({ timeout: 1_000 });
    await expect(back).toBeFocused({ timeout: 500 });
  }).toPass({ timeout: 40_000 });
  await guest.keyboard.press('Home');
  await plays(guest, 'hls');
  await expect.poll(() => guest.locator('canvas.floating').getAttribute('data-floating'), { timeout: 40_000 }).toBe('1');
  await expect(guest.getByRole('log').getByText('an early light')).toHaveCount(0);
});
