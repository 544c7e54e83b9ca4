/** Films in a dialog, as those live it to whom they are shown: they play by themselves, are gone on with elsewhere, and end where their owner says so. */
import { expect, type Page } from '@playwright/test';
import { test } from './cast';
import { change, colorsSeen, isReady, makeFilm, upload, watchColors, type Color } from './films';
import { expectAccessible, signIn } from './people';

const HALF_S = 8;
const video = (page: Page) => page.getByRole('region', { name: 'Films in this dialog' }).locator('video');
const state = (page: Page) => video(page).evaluate((one: HTMLVideoElement) => ({ at_s: one.currentTime, muted: one.muted, paused: one.paused }));
/** The picture has had these colours, in this order, and the last of them now or a while ago. */
const showed = (page: Page, ...colors: Color[]) => expect.poll(async () => (await colorsSeen(page)).slice(0, colors.length), { timeout: 60_000 }).toEqual(colors);

test('what others share plays in the dialog, one after the other, and is gone on with on another device', async ({ cast, browser }) => {
  test.slow();
  const { hearth, host: ana, bo } = cast;
  const [red, green, blue] = await Promise.all([makeFilm('red', 'yellow', HALF_S), makeFilm('green', 'cyan', HALF_S), makeFilm('blue', 'magenta', HALF_S)]);
  await bo.goto(`${hearth.url}/`);
  const dialog = await bo.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    const { people } = await (await fetch('/api/people?q=ana')).json() as { people: { id: string }[] };
    return ((await (await fetch('/api/dialogs', { method: 'POST', headers, body: JSON.stringify({ with: [people[0]!.id] }) })).json()) as { id: string }).id;
  });

  await watchColors(ana);

  // Nothing to be watched: the dialog is just a dialog.
  await ana.goto(`${hearth.url}/dialogs/${dialog}`);
  await expect(ana.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(video(ana)).toHaveCount(0);
  await ana.goto(`${hearth.url}/`);

  const first = await upload(bo, red, { filename: 'red.mp4', title: 'Red, and later yellow', dialog });
  await isReady(bo, first);
  const second = await upload(bo, green, { filename: 'green.mp4', title: 'Green, and later cyan', dialog });
  await isReady(bo, second);

  // The newest plays, without sound until it is touched.
  await ana.goto(`${hearth.url}/dialogs/${dialog}`);
  await showed(ana, 'green');
  expect(await state(ana)).toMatchObject({ muted: true, paused: false });
  await expect(ana.getByRole('link', { name: 'Green, and later cyan' })).toBeVisible();
  await expect(ana.getByRole('list', { name: 'All films' }).getByRole('button')).toHaveCount(2);
  await ana.getByRole('button', { name: 'Tap for sound' }).click();
  await expect.poll(() => state(ana)).toMatchObject({ muted: false, paused: false });
  await expectAccessible(ana, 'a dialog with films');
  // Its owner has nothing of others to watch.
  await bo.goto(`${hearth.url}/dialogs/${dialog}`);
  await expect(bo.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(video(bo)).toHaveCount(0);

  // One talks meanwhile, also about a moment.
  await ana.getByRole('button', { name: /^Comment at 0:/ }).click();
  await expect(ana.getByText(/^At 0:\d\d$/)).toBeVisible();
  await ana.getByRole('textbox', { name: 'Message' }).fill('this green!');
  await ana.keyboard.press('Enter');
  await expect(ana.getByText(/^At 0:\d\d$/)).toHaveCount(0);
  await expect(bo.getByRole('button', { name: /^Play from 0:/ })).toBeVisible();

  // The next one follows by itself, and what was seen to its end is marked.
  await showed(ana, 'green', 'cyan', 'red');
  await expect(ana.getByRole('button', { name: 'Green, and later cyan, seen' })).toBeVisible();

  // It stands while one waits for another.
  const pause = async () => {
    await ana.getByRole('list', { name: 'All films' }).getByRole('button').first().focus();
    await ana.keyboard.press('k');
    await expect.poll(() => state(ana)).toMatchObject({ paused: true });
  };
  await pause();

  // One that is shared meanwhile joins the row at once, before what was seen.
  const third = await upload(bo, blue, { filename: 'blue.mp4', title: 'Blue, and later magenta', dialog });
  const row = ana.getByRole('list', { name: 'All films' }).getByRole('button');
  await expect(row).toHaveCount(3, { timeout: 120_000 });
  await expect(row.first()).toHaveAccessibleName('Blue, and later magenta');
  await isReady(bo, third);

  // It goes on elsewhere where it stopped: in its second half, by its own picture.
  await ana.goto(`${hearth.url}/dialogs/${dialog}`);
  await showed(ana, 'blue', 'magenta');
  await pause();
  const stopped_s = (await state(ana)).at_s;
  await ana.goto(`${hearth.url}/`);
  const elsewhere = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const phone = await elsewhere.newPage();
  await watchColors(phone);
  await signIn(phone, hearth.url, 'ana');
  await phone.goto(`${hearth.url}/dialogs/${dialog}`);
  await showed(phone, 'magenta');
  expect((await state(phone)).at_s).toBeGreaterThan(stopped_s - 1);
  await expectAccessible(phone, 'a dialog with films on a phone');

  // Closed for now, and back.
  await phone.getByRole('button', { name: 'Close the player for now' }).tap();
  await expect(video(phone)).toHaveCount(0);
  await phone.getByRole('button', { name: /^Show the films/ }).tap();
  await expect(video(phone)).toBeVisible();
  await elsewhere.close();

  // What its owner takes back stops within seconds, and says so.
  await ana.goto(`${hearth.url}/dialogs/${dialog}`);
  await ana.getByRole('button', { name: /^Red, and later yellow/ }).click();
  await expect.poll(async () => (await colorsSeen(ana)).some((one) => one === 'red' || one === 'yellow'), { timeout: 40_000 }).toBe(true);
  await change(bo, first, { audience: 'only_me' });
  await expect(ana.getByText('This film can’t be watched any more')).toBeVisible({ timeout: 12_000 });
  await expect(video(ana)).toHaveCount(0);

  // What is deleted is gone.
  expect(await bo.evaluate(async (id) => (await fetch(`/api/videos/${id}`, { method: 'DELETE', headers: { 'content-type': 'application/json' }, body: '{}' })).status, second)).toBe(204);
  await ana.reload();
  await expect(ana.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await expect(ana.getByRole('link', { name: 'Blue, and later magenta' })).toBeVisible();
  await expect(ana.getByText('Green, and later cyan')).toHaveCount(0);
  await expect(ana.getByText('Red, and later yellow')).toHaveCount(0);
  await ana.goto(`${hearth.url}/videos/${second}`);
  await expect(ana.getByText('This film doesn’t exist')).toBeVisible();
});
