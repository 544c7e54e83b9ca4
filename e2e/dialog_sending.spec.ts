/** Films and images sent in a dialog: over a lost connection, a page loaded anew, a killed server, and what goes wrong. */
import { expect, test as base, type Locator, type Page } from '@playwright/test';
import type { Dialogs, People, Uploads, Videos } from '../web/src/protocol/generated/types';
import { test as withCast, type Cast } from './cast';
import { startHearth } from './hearth';
import { mediaFiles, type MediaFiles } from './media_files';
import { addPerson, becomeAdministrator, expectAccessible } from './people';

const test = withCast.extend<{ files: MediaFiles }>({
  files: async ({}, use) => {
    const files = await mediaFiles();
    await use(files);
    await files.remove();
  },
});

/** Slow enough that something can happen in the middle. */
const SLOW_BYTES_PER_S = 350_000;
const CONVERTS_WITHIN_MS = 90_000;

const rows = (page: Page) => page.locator('li[data-id]');
const onWay = (page: Page, state = '') => page.locator(state === '' ? '[data-sending]' : `[data-sending="${state}"]`);
const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });

async function asked<T>(page: Page, path: string, body?: unknown): Promise<T> {
  const answer = await page.evaluate(async ({ path, body }) => {
    const response = await fetch(`/api${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return response.json() as Promise<unknown>;
  }, { path, body });
  return answer as T;
}

/** The dialog of the page's own person with somebody. */
async function dialogWith(page: Page, name: string): Promise<string> {
  const { people } = await asked<People>(page, `/people?q=${name}`);
  const dialog = await asked<Dialogs['dialogs'][number]>(page, '/dialogs', { with: [people.find((one) => one.name === name)?.id] });
  return dialog.id;
}

/** Both in their dialog; Ana by a way that can be slow, and be cut. */
async function talking({ hearth, way, host, bo }: Cast): Promise<void> {
  const dialog = await dialogWith(host, 'bo');
  for (const [page, url] of [[host, way.url], [bo, hearth.url]] as const) {
    await page.goto(`${url}/dialogs/${dialog}`);
    await expect(field(page)).toBeVisible();
  }
}

async function pick(page: Page, ...paths: string[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Send a photo or video' }).click();
  await page.getByRole('menuitem', { name: 'Photos and videos' }).click();
  await (await chooser).setFiles(paths);
}

const percent = (item: Locator) => item.getByRole('progressbar').getAttribute('aria-valuenow', { timeout: 500 }).then(Number, () => -1);
const received = (page: Page) => asked<Uploads>(page, '/uploads').then(({ uploads }) => uploads.map((one) => one.received_bytes));

test('a phone’s film comes through a cut connection, a page loaded anew and a killed server, from where it was', async ({ cast, files }) => {
  test.setTimeout(300_000);
  const { hearth, way, host: ana, bo } = cast;
  await talking(cast);
  const film = await files.phoneFilm(24, 3_000);
  way.slow(SLOW_BYTES_PER_S);
  await field(ana).fill('watch this');
  await pick(ana, film);
  expect(await field(ana).inputValue(), 'what was written goes with it').toBe('');
  await expect(onWay(ana, 'uploading')).toContainText('watch this');
  await expect(onWay(ana).locator('img'), 'a first still of it').toBeVisible();
  await expect.poll(() => percent(onWay(ana))).toBeGreaterThanOrEqual(8);
  await expectAccessible(ana, 'something on its way');

  await ana.context().setOffline(true);
  way.cut();
  await expect(onWay(ana, 'paused')).toBeVisible({ timeout: 30_000 });
  way.mend();
  await ana.context().setOffline(false);
  await expect(onWay(ana, 'uploading')).toBeVisible({ timeout: 30_000 });
  const [before = 0] = await received(ana);
  expect(before, 'bytes that are there after the cut').toBeGreaterThan(0);

  await ana.reload();
  await expect(onWay(ana, 'uploading')).toContainText('watch this');
  await expect.poll(() => received(ana).then(([now = 0]) => now), 'it goes on from where it was').toBeGreaterThan(before);
  expect(await received(ana), 'it is the same one').toHaveLength(1);

  await hearth.crash();
  await expect(onWay(ana, 'uploading')).toBeVisible({ timeout: 40_000 });
  way.slow(null);
  const said = rows(bo).filter({ hasText: 'watch this' });
  await expect(said.locator('[data-carried="video"]')).toBeVisible({ timeout: CONVERTS_WITHIN_MS });
  await expect(rows(ana).filter({ hasText: 'watch this' }).locator('[data-carried="video"]')).toBeVisible();
  await expect(onWay(ana)).toHaveCount(0);
  const shape = await said.locator('.carried').evaluate((one) => one.clientWidth / one.clientHeight);
  expect(shape, 'it stands upright, as it was held').toBeCloseTo(360 / 640, 1);
  await expect.poll(() => said.locator('img.picture').evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0);
  expect(await received(ana)).toEqual([]);
  expect((await asked<Videos>(ana, '/videos')).videos, 'one film').toHaveLength(1);

  // The words that stand for it where there is no place for it.
  await ana.getByRole('button', { name: 'Send a photo or video' }).waitFor();
  await said.focus();
  await bo.keyboard.press('r');
  await field(bo).fill('how tall');
  await bo.keyboard.press('Enter');
  await expect(rows(ana).filter({ hasText: 'how tall' }).getByRole('button', { name: /watch this/ })).toBeVisible();
});

test('of two tabs one sends and the other shows it, and goes on when the first is closed', async ({ cast, files }) => {
  test.setTimeout(240_000);
  const { way, host: ana, bo } = cast;
  await talking(cast);
  const other = await ana.context().newPage();
  await other.goto(ana.url());
  await expect(field(other)).toBeVisible();
  way.slow(SLOW_BYTES_PER_S);
  await pick(ana, await files.phoneFilm(16, 3_000));
  await expect(onWay(ana, 'uploading')).toBeVisible();
  await expect.poll(() => percent(onWay(other))).toBeGreaterThanOrEqual(5);
  await expect(onWay(other, 'remote')).toBeVisible();
  expect(await received(ana)).toHaveLength(1);
  await ana.close();
  await expect(onWay(other, 'uploading')).toBeVisible({ timeout: 30_000 });
  way.slow(null);
  await expect(rows(bo).locator('[data-carried="video"]')).toBeVisible({ timeout: CONVERTS_WITHIN_MS });
  expect((await asked<Videos>(other, '/videos')).videos).toHaveLength(1);
  await expect(onWay(other)).toHaveCount(0);
});

test('a film is recorded in place, cut, and sent', async ({ cast }) => {
  test.setTimeout(240_000);
  const { host: ana, bo } = cast;
  await talking(cast);
  await ana.getByRole('button', { name: 'Send a photo or video' }).click();
  await ana.getByRole('menuitem', { name: 'Record with the camera' }).click();
  const sheet = ana.getByRole('dialog', { name: 'Record a video' });
  await sheet.getByRole('button', { name: 'Record', exact: true }).focus();
  await ana.keyboard.press('Enter');
  await expect(sheet.getByRole('timer')).toHaveText('Recording, 0:06', { timeout: 30_000 });
  await ana.keyboard.press('Enter');
  const begin = sheet.getByRole('slider', { name: /Begins at/ });
  await expect(begin).toBeVisible();
  await expectAccessible(ana, 'what was recorded');
  // What was recorded isn't lost by a slip.
  await ana.keyboard.press('Escape');
  await sheet.getByRole('button', { name: 'Cancel' }).click();
  await begin.fill('3');
  await expect(sheet.getByText('Cutting takes as long as what is kept.')).toBeVisible();
  await sheet.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(sheet).toBeHidden({ timeout: 30_000 });
  const play = rows(bo).locator('[data-carried="video"]');
  await expect(play).toBeVisible({ timeout: CONVERTS_WITHIN_MS });
  await expect(onWay(ana)).toHaveCount(0);
  const { videos: [film] } = await asked<Videos>(ana, '/videos');
  expect(film?.duration_ms, 'what was kept').toBeGreaterThan(1_500);
  expect(film?.duration_ms, 'not what was cut off').toBeLessThan(5_000);
});

test('what can’t become a film is red, says why, and is discarded with everything of it', async ({ cast, files }) => {
  const { host: ana, bo } = cast;
  await talking(cast);
  await pick(ana, await files.brokenFilm());
  await expect(onWay(ana, 'failed')).toContainText('can’t be read as a video', { timeout: CONVERTS_WITHIN_MS });
  await ana.reload();
  await expect(onWay(ana, 'failed')).toContainText('can’t be read as a video');
  await onWay(ana).getByRole('button', { name: /^Remove: / }).click();
  await expect(onWay(ana)).toHaveCount(0);
  await expect.poll(() => asked<Videos>(ana, '/videos').then((one) => one.videos.length)).toBe(0);
  // Nobody else was told.
  expect(await rows(bo).count()).toBe(0);
});

test('what is cancelled on its way is gone from the server', async ({ cast, files }) => {
  const { way, host: ana } = cast;
  await talking(cast);
  way.slow(SLOW_BYTES_PER_S);
  await pick(ana, await files.phoneFilm(16, 3_000));
  await expect.poll(() => percent(onWay(ana))).toBeGreaterThanOrEqual(3);
  await onWay(ana).getByRole('button', { name: /^Cancel: phone/ }).click();
  await expect(onWay(ana)).toHaveCount(0);
  await expect.poll(() => received(ana)).toEqual([]);
  await ana.reload();
  await expect(field(ana)).toBeVisible();
  expect((await asked<Videos>(ana, '/videos')).videos).toEqual([]);
  await expect(onWay(ana)).toHaveCount(0);
});

base('what the server takes is told in plain words before it is sent in vain', async ({ browser }) => {
  const hearth = await startHearth({ HEARTH_VIDEOS_UPLOAD_MAX_BYTES: '100000' });
  const files = await mediaFiles();
  const ana = await browser.newPage();
  await becomeAdministrator(ana, hearth.setupUrl, 'ana');
  await addPerson(ana, 'bo');
  await ana.goto(`${hearth.url}/dialogs/${await dialogWith(ana, 'bo')}`);
  await pick(ana, await files.brokenFilm());
  await expect(onWay(ana, 'failed')).toContainText('It is too large: a video may have 100 kB.');
  await onWay(ana).getByRole('button', { name: /^Remove: / }).click();
  await expect(onWay(ana)).toHaveCount(0);
  await ana.close();
  await files.remove();
  await hearth.stop();
});

test('a phone’s picture stands upright, small enough, free of where it was taken, and is opened large', async ({ cast, files }) => {
  const { host: ana, bo } = cast;
  await talking(cast);
  await field(ana).fill('from the hill');
  await pick(ana, await files.phoneImage());
  const said = rows(bo).filter({ hasText: 'from the hill' });
  const picture = said.locator('img.picture');
  await expect(picture).toBeVisible({ timeout: CONVERTS_WITHIN_MS });
  await expect.poll(() => picture.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(0);
  await expect(onWay(ana)).toHaveCount(0);
  expect(await said.locator('.carried').evaluate((one) => one.clientWidth / one.clientHeight), 'its shape').toBeCloseTo(3 / 4, 1);
  // What was at the left, lying, is above now: red over blue.
  const colours = await picture.evaluate(async (one: HTMLImageElement) => {
    const full = await createImageBitmap(await (await fetch(one.src.replace('/small', '/full'))).blob());
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [full.width, full.height];
    const paint = canvas.getContext('2d')!;
    paint.drawImage(full, 0, 0);
    const at = (y: number) => [...paint.getImageData(full.width / 2, full.height * y, 1, 1).data.slice(0, 3)].map((value) => value > 128);
    return { above: at(0.25), below: at(0.75), long: Math.max(full.width, full.height) };
  });
  expect(colours).toMatchObject({ above: [true, false, false], below: [false, false, true] });
  expect(colours.long).toBeLessThanOrEqual(2_560);
  for (const size of ['full', 'small']) {
    const told = await picture.evaluate(async (one: HTMLImageElement, size) => {
      const bytes = new Uint8Array(await (await fetch(one.src.replace('/small', `/${size}`))).arrayBuffer());
      return new TextDecoder('latin1').decode(bytes).includes('Exif');
    }, size);
    expect(told, `${size} says where it was taken`).toBe(false);
  }

  // Larger ones are made smaller before they are sent.
  await pick(ana, await files.phoneImage(3_200), await files.phoneImage(3_200));
  await expect(rows(bo).locator('[data-carried="image"]')).toHaveCount(3, { timeout: CONVERTS_WITHIN_MS });
  await bo.getByRole('button', { name: 'Open the photo by ana' }).first().click();
  const viewer = bo.getByRole('dialog', { name: 'Photo' });
  await expect(viewer.getByText('1 of 3')).toBeVisible();
  await bo.keyboard.press('ArrowRight');
  await expect(viewer.getByText('2 of 3')).toBeVisible();
  await expectAccessible(bo, 'a picture, large');
  await bo.keyboard.press('Escape');
  await expect(viewer).toBeHidden();
  // Who looks at the list sees what was sent.
  await expect(bo.getByRole('link', { name: /ana.*Photo/s })).toBeVisible();
});
