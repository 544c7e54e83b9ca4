/** A broadcast is recorded and becomes a film with its chat, also where the server is killed in the middle. */
import { stat } from 'node:fs/promises';
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { composer, expectAccessible, goLive, row, say, seesPicture } from './people';

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

test('a host has it recorded from the start, renames the film, takes it away, and deletes it', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await host.getByRole('main').getByRole('button', { name: 'Go live' }).click();
  const green = host.getByRole('dialog');
  await expect(green.getByText('It will not be recorded.')).toBeVisible();
  await green.getByRole('switch', { name: 'Record this broadcast' }).click();
  await expect(green.getByText('It becomes a film with its chat')).toBeVisible();
  await green.getByLabel('Title').fill('An evening by the fire');
  await expectAccessible(host, 'the green room');
  await green.getByRole('button', { name: 'Go live' }).click();
  await expect(host.getByRole('switch', { name: 'Recording: Recording' })).toBeVisible();
  await bo.goto(`${hearth.url}/@ana`);
  await seesPicture(bo);
  const began = Date.now();
  await expect.poll(() => Date.now() - began, { timeout: 20_000 }).toBeGreaterThan(5_000);
  await host.getByRole('button', { name: 'End', exact: true }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'End broadcast' }).click();

  // The owner alone is offered what changes it.
  await host.goto(`${hearth.url}/@ana`);
  await expect(bo.getByText('ana has ended the broadcast')).toBeVisible();
  await bo.goto(`${hearth.url}/@ana`);
  await expect(bo.getByRole('link', { name: 'An evening by the fire' })).toBeVisible();
  await expect(bo.getByRole('button', { name: /^Options for/ })).toHaveCount(0);
  const options = host.getByRole('button', { name: 'Options for “An evening by the fire”' });
  // A busy machine makes the camera's picture smaller in the middle: then there are several files.
  const download = host.getByRole('menuitem', { name: 'Download' }).first();
  await expect(async () => {
    await host.reload();
    await options.click({ timeout: 3_000 });
    await expect(download).toBeVisible({ timeout: 1_000 });
  }).toPass();
  const [taken] = await Promise.all([host.waitForEvent('download'), download.click()]);
  expect(taken.suggestedFilename()).toMatch(/^An evening by the fire( \(1\))?\.mp4$/);
  expect((await stat(await taken.path())).size).toBeGreaterThan(100_000);

  await options.press('Enter');
  await host.getByRole('menuitem', { name: 'Rename' }).press('Enter');
  const rename = host.getByRole('dialog', { name: 'Rename film' });
  await rename.getByLabel('Title').fill('Embers, and after 余烬');
  await rename.getByLabel('Title').press('Enter');
  await expect(host.getByRole('link', { name: 'Embers, and after 余烬' })).toBeVisible();
  await bo.reload();
  await bo.getByRole('link', { name: 'Embers, and after 余烬' }).click();
  await plays(bo);

  await host.getByRole('link', { name: 'Embers, and after 余烬' }).click();
  await host.getByRole('button', { name: 'Options for “Embers, and after 余烬”' }).click();
  await host.getByRole('menuitem', { name: 'Delete' }).click();
  const sure = host.getByRole('dialog', { name: 'Delete this film?' });
  await expect(sure.getByText('Embers, and after 余烬')).toBeVisible();
  await expectAccessible(host, 'asking whether to delete');
  await sure.getByRole('button', { name: 'Delete film' }).click();
  await expect(host).toHaveURL(`${hearth.url}/@ana`);
  await expect(host.getByText('Your room is ready')).toBeVisible();
  await expect(host.getByText('Embers, and after 余烬')).toHaveCount(0);
  await bo.reload();
  await expect(bo.getByText('This film doesn’t exist')).toBeVisible();
});
