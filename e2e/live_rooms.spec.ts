/** Live rooms as three people live them: a host, somebody with an account, and a guest, each in a browser of their own. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { choose, comeAsGuest, composer, expectAccessible, log, row, say, seesPicture, texts } from './people';
import { ageOfPicture, cornerOf } from './pattern';

/** What the app noted in the browser's own record, in milliseconds. It is noted when a frame was shown, a moment after its pixels can be read. */
async function measured(page: Page, name: string): Promise<number> {
  const noted = await page.waitForFunction((of) => performance.getEntriesByName(of).at(-1)?.duration, name);
  return (await noted.jsonValue())!;
}

test('somebody goes live, others watch within a second, and all talk', async ({ cast }) => {
  const { host, bo, guest, hearth } = cast;
  await gathered(cast);

  await say(host, 'Welcome, everybody');
  await say(bo, 'Good evening @ana, how are you?');
  await say(guest, '你好 <b>not bold</b> https://example.org/a?b=c');
  const all = ['Welcome, everybody', 'Good evening @ana, how are you?', '你好 <b>not bold</b> https://example.org/a?b=c'];
  for (const page of [host, bo, guest]) await expect.poll(async () => (await texts(page)).toSorted()).toEqual(all.toSorted());
  const link = row(bo, '你好').getByRole('link');
  await expect(link).toHaveAttribute('rel', /noopener/);
  await expect(log(bo).locator('b')).toHaveCount(0);

  // The picture moves, and stays below a second for a while.
  const ages: number[] = [];
  for (let at = 0; at < 60; at += 1) {
    const age = await ageOfPicture(bo);
    if (age !== null) ages.push(age);
    await bo.evaluate(() => new Promise(requestAnimationFrame));
  }
  ages.sort((a, b) => a - b);
  expect(ages.length).toBeGreaterThan(45);
  const p95 = ages[Math.floor(ages.length * 0.95)]!;
  console.log(`picture: p50 ${ages[Math.floor(ages.length / 2)]} ms, p95 ${p95} ms behind the camera`);
  expect(p95).toBeLessThan(1_000);

  // The front page shows who is live; opening the room again gives history and the running picture.
  await bo.goto(hearth.url);
  await bo.getByRole('link', { name: /An evening by the fire/ }).first().click();
  await expect.poll(() => texts(bo)).toEqual(expect.arrayContaining(all));
  await seesPicture(bo);
  const publish_ms = await measured(host, 'hearth:publish');
  const firstFrame_ms = await measured(bo, 'hearth:first-frame');
  console.log(`going live: connected after ${Math.round(publish_ms)} ms; coming in: first frame after ${Math.round(firstFrame_ms)} ms`);
  expect(publish_ms).toBeLessThan(1_000);
  expect(firstFrame_ms).toBeLessThan(2_000);

  await host.getByRole('button', { name: 'End', exact: true }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'End broadcast' }).click();
  for (const page of [bo, guest]) await expect(page.getByText('ana has ended the broadcast')).toBeVisible();
});

test('a connection that drops comes back without a reload, with nothing lost or doubled', async ({ cast }) => {
  const { host, bo, guest, way } = cast;
  await gathered(cast);
  await guest.evaluate(() => { (globalThis as unknown as { sameSince: boolean }).sameSince = true; });
  await say(guest, 'before the cut');
  await expect(row(bo, 'before the cut')).toBeVisible();

  way.cut();
  await expect(guest.getByText('Connection lost. Reconnecting…')).toBeVisible();
  const missed = Array.from({ length: 8 }, (_, at) => `said meanwhile ${at}`);
  for (const [at, text] of missed.entries()) {
    await say(at % 2 ? bo : host, text);
    await expect(row(bo, text)).toBeVisible();
  }
  await say(guest, 'written in the dark');
  await expect(row(guest, 'written in the dark').getByText('Sending')).toBeAttached();
  expect(await texts(bo)).not.toContain('written in the dark');
  // The picture is not the chat's prisoner: media goes its own way.
  await seesPicture(guest);

  way.mend();
  const whole = ['before the cut', ...missed, 'written in the dark'];
  for (const page of [host, bo, guest]) await expect.poll(async () => (await texts(page)).toSorted(), { timeout: 25_000 }).toEqual(whole.toSorted());
  expect(await texts(guest)).toEqual(await texts(bo));
  await expect(guest.getByText('Connection lost. Reconnecting…')).toBeHidden();
  await say(guest, 'and after');
  await expect(row(host, 'and after')).toBeVisible();
  await seesPicture(guest);
  expect(await guest.evaluate(() => (globalThis as unknown as { sameSince?: boolean }).sameSince)).toBe(true);
});

test('a picture that is cut off comes back by itself, while the chat goes on', async ({ cast }) => {
  const { host, guest } = cast;
  await guest.addInitScript(() => {
    const peers: RTCPeerConnection[] = [];
    const Real = RTCPeerConnection;
    Object.assign(globalThis, {
      peers,
      RTCPeerConnection: class extends Real { constructor(setup?: RTCConfiguration) { super(setup); peers.push(this); } },
    });
  });
  await gathered(cast);
  const legs = () => guest.evaluate(() => (globalThis as unknown as { peers: RTCPeerConnection[] }).peers.length);
  const before = await legs();
  await guest.evaluate(() => { for (const peer of (globalThis as unknown as { peers: RTCPeerConnection[] }).peers) peer.close(); });
  await expect.poll(legs).toBeGreaterThan(before);
  await seesPicture(guest);
  await say(guest, 'there it is again');
  await expect(row(host, 'there it is again')).toBeVisible();
});

test('the host shares a screen beside the camera, and stops', async ({ cast }) => {
  const { host, bo } = cast;
  await gathered(cast);
  const blue = async (video: string) => {
    const [red = 255, , blueness = 0] = (await cornerOf(bo, video)) ?? [];
    return blueness > 120 && red < 90;
  };
  await host.getByRole('button', { name: 'Screen', exact: true }).click();
  await expect.poll(() => blue('.stage video.main'), 'the screen is the main picture').toBe(true);
  await expect.poll(() => cornerOf(bo, '.stage video.inset'), 'the camera is the inset').not.toBeNull();
  expect(await blue('.stage video.inset')).toBe(false);
  await expect(bo.getByText('has ended the broadcast')).toHaveCount(0);
  await host.getByRole('button', { name: 'Screen', exact: true }).click();
  await seesPicture(bo);
  await expect(bo.locator('.stage video.inset')).toHaveCount(0);
  await host.getByRole('button', { name: 'Camera', exact: true }).click();
  await expect(bo.getByText('Sound only')).toBeVisible();
  await host.getByRole('button', { name: 'Camera', exact: true }).click();
  await seesPicture(bo);
});

test('a host whose page is loaded anew goes on with the same broadcast', async ({ cast }) => {
  const { host, bo, guest } = cast;
  await gathered(cast);
  // A link that leads away is asked about first.
  const asked = host.waitForEvent('dialog');
  const clicked = host.getByRole('link', { name: 'Hearth, front page' }).click();
  const dialog = await asked;
  expect(dialog.message()).toContain('You are live.');
  await dialog.dismiss();
  await clicked;
  await expect(host).toHaveURL(/@ana$/);
  const watched = bo.locator('.title-block .since');
  await expect(watched).toBeVisible();
  const began = Date.now();
  await host.reload();
  await expect(host.getByRole('group', { name: 'Your broadcast' })).toBeVisible();
  await Promise.all([seesPicture(bo), seesPicture(guest)]);
  expect(Date.now() - began, 'milliseconds until the picture was back').toBeLessThan(15_000);
  await expect(bo.getByText('has ended the broadcast')).toHaveCount(0);
  await say(host, 'here I am again');
  await expect(row(guest, 'here I am again')).toBeVisible();
});

test('a host who is gone for good ends the broadcast, and the audience is told both times', async ({ cast }) => {
  const { host, bo } = cast;
  await gathered(cast);
  await host.goto('about:blank');
  await expect(bo.getByText('ana’s connection dropped. Reconnecting…')).toBeVisible();
  await expect(bo.getByText('ana has ended the broadcast')).toBeVisible({ timeout: 30_000 });
});

test('a server that is killed and started again loses nothing said, and everybody comes back by themselves', async ({ cast }) => {
  const { host, bo, guest, hearth } = cast;
  await gathered(cast);
  for (const [page, text] of [[host, 'one'], [bo, 'two'], [guest, 'three']] as const) {
    await say(page, text);
    await expect(row(page, text)).toBeVisible();
    await expect(row(page, text).getByText('Sending')).toHaveCount(0);
  }
  await hearth.crash();
  for (const page of [host, bo, guest]) {
    await expect(page.getByText('Connection lost. Reconnecting…')).toBeHidden({ timeout: 30_000 });
    await expect.poll(async () => (await texts(page)).toSorted(), { timeout: 30_000 }).toEqual(['one', 'three', 'two']);
  }
  await say(guest, 'still here');
  await expect(row(host, 'still here')).toBeVisible();
  await Promise.all([seesPicture(bo, 1_000, 40_000), seesPicture(guest, 1_000, 40_000)]);
});

test('the host deletes, slows, mutes and bans', async ({ cast }) => {
  const { host, bo, guest } = cast;
  await gathered(cast);
  await say(guest, 'something unkind');
  await expect(row(host, 'something unkind')).toBeVisible();
  await choose(host, 'something unkind', 'Delete');
  for (const page of [host, bo, guest]) {
    await expect(log(page).getByText('Message deleted')).toBeVisible();
    await expect(log(page).getByText('something unkind')).toHaveCount(0);
  }

  await host.getByRole('button', { name: 'Slow mode' }).click();
  await host.getByRole('menuitemradio', { name: 'One message every 30 s' }).click();
  await expect(bo.getByText('Slow mode: 30 s')).toBeVisible();
  // Who has just spoken waits, who has not may.
  await composer(guest).fill('and another thing');
  await expect(guest.getByRole('button', { name: 'Send' })).toBeDisabled();
  await say(bo, 'one is allowed');
  await expect(row(guest, 'one is allowed')).toBeVisible();
  await composer(bo).fill('two is too many');
  await expect(bo.getByRole('button', { name: 'Send' })).toBeDisabled();
  await say(host, 'hosts may go on');
  await say(host, 'and on');
  await expect(row(bo, 'and on')).toBeVisible();
  await host.getByRole('button', { name: 'Slow mode' }).click();
  await host.getByRole('menuitemradio', { name: 'Off' }).click();
  await expect(guest.getByRole('button', { name: 'Send' })).toBeEnabled();
  await composer(guest).press('Enter');
  await expect(row(host, 'and another thing')).toBeVisible();

  await say(bo, 'rather loud');
  await expect(row(host, 'rather loud')).toBeVisible();
  await choose(host, 'rather loud', 'Mute for 10 minutes');
  await expect(bo.getByText('You are muted for another')).toBeVisible();
  await host.getByRole('button', { name: 'Undo' }).click();
  await expect(composer(bo)).toBeVisible();

  await choose(host, 'and another thing', 'Ban from this room');
  await host.getByRole('dialog').getByRole('button', { name: 'Ban' }).click();
  await expect(guest.getByText('You can’t enter this room')).toBeVisible();
  await expect(log(bo).getByText('and another thing')).toHaveCount(0);
  await guest.reload();
  await expect(guest.getByText('You can’t enter this room')).toBeVisible();
});

test('somebody who is blocked is not heard by the one who did it, and by everybody else', async ({ cast }) => {
  const { host, bo, guest } = cast;
  await gathered(cast);
  await say(guest, 'buy my things');
  await expect(row(bo, 'buy my things')).toBeVisible();
  await choose(bo, 'buy my things', 'Block for me');
  await expect(log(bo).getByText('buy my things')).toHaveCount(0);
  await say(guest, 'buy them now');
  await expect(row(host, 'buy them now')).toBeVisible();
  await say(host, 'after that');
  await expect(row(bo, 'after that')).toBeVisible();
  await expect(log(bo).getByText('buy them now')).toHaveCount(0);
});

test('everything is there by keyboard', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await gathered(cast);
  await say(host, 'can you hear me?');
  await expect(row(bo, 'can you hear me?')).toBeVisible();
  await bo.locator('body').press('Escape');
  await bo.keyboard.press('?');
  await expect(bo.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await bo.keyboard.press('Escape');
  await bo.keyboard.press('m');
  await expect(bo.getByRole('button', { name: 'Unmute' })).toBeVisible();
  // To the newest message by Tab alone, then reply to it.
  await bo.getByRole('tab', { name: 'Chat' }).focus();
  for (let at = 0; at < 12; at += 1) {
    await bo.keyboard.press('Tab');
    if (await bo.evaluate(() => document.activeElement?.matches('[role=log] li'))) break;
  }
  await bo.keyboard.press('Enter');
  await bo.getByRole('menuitem', { name: 'Reply' }).press('Enter');
  await expect(composer(bo)).toBeFocused();
  await bo.keyboard.type('loud and clear');
  await bo.keyboard.press('Enter');
  await expect(row(host, 'loud and clear').getByText('can you hear me?')).toBeVisible();
  await bo.goto(hearth.url);
  await bo.keyboard.press('Tab');
  await expect(bo.getByRole('link', { name: 'Skip to content' })).toBeFocused();
});

test('every screen passes the audit, on a desktop and on a phone', async ({ cast, browser }) => {
  const { hearth, host, bo, guest } = cast;
  await gathered(cast);
  await say(host, 'hello');
  await expect(row(bo, 'hello')).toBeVisible();
  await expectAccessible(host, 'the room while live');
  await expectAccessible(bo, 'the room while watching');
  await expectAccessible(guest, 'the room as a guest');
  for (const path of ['/', '/settings', '/admin']) {
    await bo.goto(hearth.url + path);
    await expect(bo.getByRole('main').getByRole('heading').first()).toBeVisible();
    await expectAccessible(bo, path);
  }
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const page = await phone.newPage();
  for (const path of ['/', '/sign-in', '/@ana', '/@nobody']) {
    await page.goto(hearth.url + path);
    await expect(page.getByRole('main')).not.toBeEmpty();
    await expectAccessible(page, `${path} on a phone`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${path} fits the phone`).toBeLessThanOrEqual(0);
  }
  await page.goto(`${hearth.url}/@ana`);
  await comeAsGuest(page, 'On the tram');
  await seesPicture(page);
  await say(page, 'from my phone');
  await expect(row(host, 'from my phone')).toBeVisible();
  const video = await page.locator('.stage').boundingBox();
  const field = await composer(page).boundingBox();
  expect(video!.y + video!.height, 'the picture is above the composer').toBeLessThan(field!.y);
  expect(field!.y + field!.height, 'the composer is on the screen').toBeLessThanOrEqual(844);
  await phone.close();
});
