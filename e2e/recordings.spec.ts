/** A broadcast is recorded and becomes a film with its chat, also where the server is killed in the middle. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { composer, goLive, row, say, seesPicture } from './people';

const film = (page: Page) => page.locator('video').first();

/** Opens the newest film of the room, as somebody who comes afterwards. */
async function openFilm(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/@ana`);
  await page.getByRole('link', { name: /An evening by the fire/ }).first().click();
  await expect(page).toHaveURL(/\/videos\/video_/);
}

async function plays(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Play' }).first().click();
  await expect.poll(() => film(page).evaluate((video: HTMLVideoElement) => video.currentTime), { timeout: 30_000 }).toBeGreaterThan(1);
}

test('a broadcast that is recorded becomes a film, with its chat as it was said', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await gathered(cast);
  await host.getByRole('switch', { name: /Record/ }).click();
  await expect(host.getByRole('switch', { name: /Recording/ })).toBeVisible();
  // The film begins with the next key frame: what is waited for is that seconds pass.
  const began = Date.now();
  const passed = (ms: number) => expect.poll(() => Date.now() - began, { timeout: 20_000 }).toBeGreaterThan(ms);
  await passed(5_000);
  await say(bo, 'remember this light');
  await expect(row(host, 'remember this light')).toBeVisible();
  await passed(9_000);
  await host.getByRole('button', { name: 'End', exact: true }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'End broadcast' }).click();
  await expect(bo.getByText('ana has ended the broadcast')).toBeVisible();
  await openFilm(bo, hearth.url);
  await plays(bo);
  await expect(bo.getByRole('log').getByText('remember this light')).toBeVisible();
});

test('a server that is killed while it records keeps the film up to the last second', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await goLive(host, 'An evening by the fire');
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo);
  await host.getByRole('switch', { name: /Record/ }).click();
  await expect(host.getByRole('switch', { name: /Recording/ })).toBeVisible();
  const began = Date.now();
  await expect.poll(() => Date.now() - began, { timeout: 20_000 }).toBeGreaterThan(8_000);
  const killed = Date.now();
  await hearth.crash();
  await host.goto('about:blank');
  const videos = () => bo.evaluate(async () => (await (await fetch('/api/rooms/@ana/videos')).json()) as { videos: { state: string; duration_ms: number }[] });
  await expect.poll(async () => (await videos()).videos[0]?.state, { timeout: 20_000 }).toBe('ready');
  const { duration_ms } = (await videos()).videos[0]!;
  // A second for what was still on its way, and one for the key frame that the film began with.
  expect(duration_ms).toBeGreaterThan(killed - began - 3_000);
  await openFilm(bo, hearth.url);
  await plays(bo);
});
