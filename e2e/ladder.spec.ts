/** Smaller sizes for who watches by HLS: an encoder sends one picture, a viewer chooses another size of it. */
import { expect, type Page } from '@playwright/test';
import { test as base } from './cast';
import { pushRtmp, type Encoder } from './encoder';
import { startHearth } from './hearth';
import { ageOfPicture } from './pattern';
import { composer } from './people';

const SENT_PX = 540;

const test = base.extend<{ encoder: { run(address: string): void } }>({
  hearth: async ({}, use, info) => {
    const hearth = await startHearth({}, { rtmp: true });
    await use(hearth);
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
  encoder: async ({}, use) => {
    let encoder: Encoder | null = null;
    await use({ run(address) { encoder = pushRtmp(address, { height: SENT_PX }); } });
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

async function choose(page: Page, label: string): Promise<void> {
  await page.locator('.stage').hover();
  await page.getByRole('button', { name: 'Quality' }).click();
  await page.getByRole('menuitemradio', { name: label, exact: true }).click();
}

/** The height of the picture that HLS shows, as soon as it moves. */
const height = (page: Page) => page.evaluate(() => document.querySelector<HTMLVideoElement>('.stage video.over')?.videoHeight ?? 0);

test('who watches by HLS chooses a smaller picture and gets it, and the host is told', async ({ cast, encoder }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  encoder.run(await streamAddress(host));
  await bo.goto(`${hearth.url}/@ana`);
  await expect(bo.locator('.live-seek input')).toBeAttached({ timeout: 60_000 });
  await choose(bo, 'Most stable');
  await expect(bo.locator('.stage video.over')).toHaveCount(1, { timeout: 30_000 });

  await choose(bo, '360p');
  await expect.poll(() => height(bo), { timeout: 40_000 }).toBe(360);
  // It is the broadcast, and goes on: read off the pixels.
  await expect(async () => {
    const age_ms = await ageOfPicture(bo, 'over');
    expect(age_ms).not.toBeNull();
    expect(age_ms).toBeLessThan(20_000);
  }).toPass({ timeout: 20_000, intervals: [100] });
  await choose(bo, `${SENT_PX}p`);
  await expect.poll(() => height(bo), { timeout: 40_000 }).toBe(SENT_PX);
  await choose(bo, '480p');
  await expect.poll(() => height(bo), { timeout: 40_000 }).toBe(480);

  await host.getByText('Going out well').click();
  await expect(host.getByText(/Smaller sizes of your picture/)).toBeVisible();
});
