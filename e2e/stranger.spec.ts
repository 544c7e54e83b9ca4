/** Somebody whom nobody knows comes by: they see an open room before they say who they are, and nothing of another. */
import { expect, type Page } from '@playwright/test';
import { test } from './cast';
import { comeAsGuest, composer, expectAccessible, goLive, row, say, seesPicture } from './people';

// As a browser is: it plays no sound before the page was touched. (A trace looks into the page, which counts as a touch.)
test.use({
  trace: 'off',
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: (launchOptions.args ?? []).map((one) => (one.startsWith('--autoplay-policy=') ? '--autoplay-policy=document-user-activation-required' : one)) });
  },
});

/** Whether the picture that is shown moves. */
const moves = (page: Page) => page.waitForFunction(() => {
  const video = document.querySelector<HTMLVideoElement>('.stage video.over');
  if (!video || video.paused) return false;
  video.dataset.before ??= String(video.currentTime);
  return video.currentTime > Number(video.dataset.before) + 1;
}, undefined, { timeout: 40_000 });
const muted = (page: Page) => page.locator('.stage video.over').evaluate((video: HTMLVideoElement) => video.muted);

/** Opens a page, and waits for its picture to move. The page says so itself: to be asked counts as having been touched. */
async function firstSeen(page: Page, address: string): Promise<string> {
  await page.addInitScript(() => {
    const timer = setInterval(() => {
      const video = document.querySelector<HTMLVideoElement>('.stage video.over');
      if (!video || video.paused) return;
      video.dataset.first ??= String(video.currentTime);
      if (video.currentTime < Number(video.dataset.first) + 1) return;
      clearInterval(timer);
      console.log(`first seen ${video.muted ? 'muted' : 'with sound'}${navigator.userActivation.hasBeenActive ? ', touched' : ''}`);
    }, 100);
  });
  const said = page.waitForEvent('console', { predicate: (message) => message.text().startsWith('first seen'), timeout: 40_000 });
  await page.goto(address);
  return (await said).text();
}

test('a stranger sees and hears an open room, and joins the talk without the picture going away', async ({ cast, browser }) => {
  const { host, bo, guest, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await goLive(host, 'An evening by the fire');
  const asked: string[] = [];
  guest.on('request', (request) => asked.push(new URL(request.url()).pathname));
  expect(await firstSeen(guest, `${hearth.url}/@ana`), 'no sound before the page was touched').toBe('first seen muted');
  await expect(guest.getByRole('heading', { name: 'An evening by the fire', level: 2 })).toBeVisible();
  await expect(guest.getByText('You watch without a name')).toBeVisible();
  await expect(guest.locator('.title-block').getByText('1 here')).toBeVisible();
  expect(asked.filter((one) => one.endsWith('/messages')), 'nothing of the conversation').toEqual([]);
  await expectAccessible(guest, 'an open room, seen by a stranger');
  await guest.getByRole('button', { name: 'Tap for sound' }).click();
  await expect.poll(() => muted(guest)).toBe(false);
  await moves(guest);

  // On a phone the way in stands below the picture.
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await phone.newPage();
  await page.goto(`${hearth.url}/@ana`);
  await moves(page);
  await expect(page.getByLabel('Your name here')).toBeInViewport();
  await expect(page.getByText('You watch without a name')).toBeHidden();
  await expectAccessible(page, 'an open room, seen by a stranger on a phone');
  await phone.close();

  // Whatever they see goes on while they come in, and is then WebRTC.
  await guest.evaluate(() => {
    const world = globalThis as unknown as { dark: number };
    world.dark = 0;
    const look = () => {
      const seen = [...document.querySelectorAll<HTMLVideoElement>('.stage video.over, .stage video.main')].some((one) => one.videoWidth > 0 && getComputedStyle(one).visibility !== 'hidden');
      if (!seen) world.dark += 1;
      requestAnimationFrame(look);
    };
    look();
  });
  await guest.locator('.stage').hover();
  await guest.getByRole('button', { name: 'Join the talk' }).click();
  await expect(guest.getByLabel('Your name here')).toBeFocused();
  await comeAsGuest(guest, 'Passer-by 路人');
  await expect(guest.locator('.stage video.over')).toHaveCount(0, { timeout: 30_000 });
  await seesPicture(guest, 1_500, 30_000);
  expect(await guest.evaluate(() => (globalThis as unknown as { dark: number }).dark), 'frames without a picture').toBe(0);
  await bo.goto(`${hearth.url}/@ana`);
  await say(guest, 'what a light');
  await expect(row(bo, 'what a light')).toBeVisible();
});

test('a stranger at a room that is not open sees no picture of it, and one for accounts does not exist', async ({ cast }) => {
  const { host, guest, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  const closes = async (entry: string) => {
    await host.getByRole('button', { name: 'Edit', exact: true }).click();
    await host.getByRole('dialog').getByLabel('Who may come in').selectOption(entry);
    await host.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await expect(host.getByRole('dialog')).toHaveCount(0);
  };
  await closes('link');
  await goLive(host, 'An evening by the fire');
  const asked: string[] = [];
  guest.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await guest.goto(`${hearth.url}/@ana`);
  await expect(guest.getByText('ana is live')).toBeVisible();
  // The room is looked at again meanwhile.
  await guest.waitForResponse((response) => response.url().endsWith('/api/rooms/@ana'));
  await expect(guest.locator('.stage video')).toHaveCount(0);
  expect(asked.filter((one) => /^\/(hls|api\/.*\/(watch|picture|messages))/.test(one))).toEqual([]);
  const room = await guest.evaluate(async () => (await (await fetch('/api/rooms/@ana')).json()) as { id: string });
  const answers = await guest.evaluate((id) => Promise.all([`/api/rooms/${id}/watch`, `/api/rooms/${id}/picture`, `/hls/${id}/open/index.m3u8`, `/api/rooms/${id}/broadcast/messages`].map(async (one) => (await fetch(one)).status)), room.id);
  expect(answers).toEqual([401, 401, 404, 401]);

  // A room that closes while a stranger watches takes its picture with it.
  await closes('open');
  await moves(guest);
  await closes('link');
  await expect(guest.locator('.stage video')).toHaveCount(0);
  await expect(guest.getByText('ana is live')).toBeVisible();
  await closes('accounts');
  await expect(guest.getByText('No such room')).toBeVisible();
});
