/** Two live rooms, one of whose hosts visits the other: watching, on stage, and with every way it can break off. */
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { startHearth, type Hearth } from './hearth';
import { giveCamera, readPictures } from './pattern';
import { addPerson, becomeAdministrator, comeAsGuest, expectAccessible, goLive, row, signIn } from './people';

const ANA = 1;
const BEN = 2;
/** What is seen live is at most so old. */
const LIVE_MS = 1_500;

interface Cast {
  readonly hearth: Hearth;
  /** Hosts, with a camera each. */
  readonly ana: Page;
  readonly ben: Page;
  /** A guest in Ana's room. */
  readonly zoe: Page;
  /** A guest, and somebody with an account, in Ben's room. */
  readonly kai: Page;
  readonly lia: Page;
  readonly contexts: readonly BrowserContext[];
}

const chat = (page: Page, host: string) => page.getByRole('region', { name: new RegExp(`${host}’s room$`) });
const bar = (page: Page) => page.getByRole('region', { name: 'ben visits ana' });

/** Whose cameras the stage shows, all of them live, in no order. */
async function sees(page: Page, whose: readonly number[], what: string, timeout = 25_000): Promise<void> {
  await expect(async () => {
    const pictures = await readPictures(page);
    expect(pictures.map((one) => one.whose).sort(), what).toEqual(whose);
    for (const one of pictures) expect(one.age_ms, `${what}: milliseconds old`).toBeLessThan(LIVE_MS);
  }).toPass({ timeout, intervals: [100] });
}

async function say(page: Page, host: string, text: string): Promise<void> {
  const message = chat(page, host).getByRole('textbox', { name: 'Message' });
  await message.fill(text);
  await message.press('Enter');
}

const stories = test.extend<{ cast: Cast }>({
  cast: async ({ browser }, use, info) => {
    const hearth = await startHearth();
    const contexts = await Promise.all(Array.from({ length: 5 }, () => browser.newContext()));
    const [ana, ben, zoe, kai, lia] = await Promise.all(contexts.map((one) => one.newPage())) as [Page, Page, Page, Page, Page];
    await giveCamera(ana, ANA);
    await giveCamera(ben, BEN);
    await becomeAdministrator(ana, hearth.setupUrl, 'ana');
    await addPerson(ana, 'ben');
    await addPerson(ana, 'lia');
    await signIn(ben, hearth.url, 'ben');
    await signIn(lia, hearth.url, 'lia');
    // Nobody is asked who did not say so.
    await ben.goto(`${hearth.url}/visits`);
    await ben.getByRole('switch', { name: 'Other hosts may ask me for visits' }).check();
    await expect(ben.getByRole('switch')).toBeChecked();
    await ana.goto(`${hearth.url}/@ana`);
    await goLive(ana, 'Clay by the fire');
    await ben.goto(`${hearth.url}/@ben`);
    await goLive(ben, 'Graph theory');
    await zoe.goto(`${hearth.url}/@ana`);
    await comeAsGuest(zoe, 'Zoë');
    await kai.goto(`${hearth.url}/@ben`);
    await comeAsGuest(kai, 'Kai 凯');
    await lia.goto(`${hearth.url}/@ben`);
    await sees(zoe, [ANA], 'Ana to her audience');
    await Promise.all([kai, lia].map((one) => sees(one, [BEN], 'Ben to his audience')));
    await use({ hearth, ana, ben, zoe, kai, lia, contexts });
    await Promise.all(contexts.map((one) => one.close()));
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
});

/** Ana asks whoever meets her conditions; Ben's card appears. */
async function invite(ana: Page): Promise<void> {
  await ana.getByRole('button', { name: 'Invite hosts' }).click();
  const dialog = ana.getByRole('dialog', { name: 'Invite hosts' });
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Graph theory' })).toContainText('3 in their room');
  await dialog.getByLabel('What you offer in return').fill('A visit back on Sunday');
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(ana.getByRole('dialog', { name: 'Your invitations' }).getByText(/^Asked/)).toBeVisible();
}

stories('a host comes over watching, with those who like to come along, and everybody is home again afterwards', async ({ cast: { hearth, ana, ben, zoe, kai, lia } }) => {
  await ana.getByRole('button', { name: 'Invite hosts' }).click();
  const dialog = ana.getByRole('dialog', { name: 'Invite hosts' });
  await dialog.getByRole('combobox', { name: 'Category' }).selectOption('');
  await expect(dialog.getByText('Give at least one condition.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Invite', exact: true })).toBeDisabled();
  await dialog.getByRole('combobox', { name: 'Category' }).selectOption('music');
  await expect(dialog.getByText('No host meets this now.')).toBeVisible();
  await ana.keyboard.press('Escape');

  // He is elsewhere in the app, and hears of it there: going away for a moment ends no broadcast.
  await invite(ana);
  const card = ben.getByRole('article', { name: 'ana invites you over' });
  await expect(card).toContainText('A visit back on Sunday');
  await expect(card).toContainText('Other');
  await expectAccessible(ben, 'the invitation');
  await card.getByRole('button', { name: 'Watch' }).click();
  await expect(ana.getByRole('dialog', { name: 'Your invitations' }).getByText('Coming')).toBeVisible();
  await ana.keyboard.press('Escape');

  const asked = lia.getByRole('group', { name: 'ben visits ana' });
  await expect(asked.getByRole('button', { name: 'Come along' })).toHaveAttribute('aria-pressed', 'true');
  await asked.getByRole('button', { name: 'Stay here' }).click();
  await expect(lia.getByText('You stay here.')).toBeVisible();

  await Promise.all([kai, ben, zoe, ana].map((one) => sees(one, [ANA], 'all who are together see Ana')));
  await expect(lia.getByRole('heading', { name: 'ben is visiting ana' })).toBeVisible();
  expect(await readPictures(lia)).toEqual([]);
  for (const page of [kai, ben, zoe, ana]) await expect(bar(page)).toBeVisible();
  await expectAccessible(kai, 'a visit');

  await say(kai, 'ana', 'hello from the other room');
  for (const page of [ana, zoe, ben]) await expect(row(page, 'hello from the other room')).toBeVisible();
  await expect(row(zoe, 'hello from the other room')).toContainText('visits from ben’s room');
  await say(zoe, 'ben', 'welcome, all of you');
  await expect(row(lia, 'welcome, all of you')).toContainText('visits from ana’s room');
  // Each moderates their own.
  await row(ben, 'hello from the other room').hover();
  await row(ben, 'hello from the other room').getByRole('button', { name: 'What to do with this message' }).click();
  await expect(ben.getByRole('menuitem', { name: 'Report' })).toBeVisible();
  await expect(ben.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await ben.keyboard.press('Escape');

  await expect(bar(ana).getByText('2 streams became 1')).toBeVisible({ timeout: 30_000 });
  await expect(bar(ben).getByText('2 streams became 1')).toBeVisible({ timeout: 30_000 });
  await bar(ana).getByText('2 streams became 1').click();
  console.log(`the saving, as Ana reads it: ${(await bar(ana).locator('summary').innerText()).replace(/\n/g, ', ')}; ${(await bar(ana).locator('table').innerText()).replace(/\s+/g, ' ')}`);

  await lia.getByRole('region', { name: 'Stage' }).getByRole('button', { name: 'Come along' }).click();
  await sees(lia, [ANA], 'who comes along later');
  await bar(lia).getByRole('button', { name: 'Go back' }).click();
  await expect(lia.getByRole('heading', { name: 'ben is visiting ana' })).toBeVisible();

  const ended_ms = Date.now();
  await bar(ben).getByRole('button', { name: 'End the visit' }).click();
  await Promise.all([kai, lia].map((one) => sees(one, [BEN], 'Ben is back with his own')));
  console.log(`home again: seen by Ben’s audience after ${Date.now() - ended_ms} ms`);
  await sees(ben, [BEN], 'Ben in his own room');
  await Promise.all([zoe, ana].map((one) => sees(one, [ANA], 'Ana goes on')));
  for (const page of [kai, lia, zoe, ben, ana]) await expect(page.getByRole('log')).toHaveCount(1);

  await ben.getByRole('button', { name: 'Thank ana' }).click();
  await expect(ben.getByRole('button', { name: 'Thanked' })).toBeDisabled();
  await zoe.goto('about:blank');
  await zoe.goto(`${hearth.url}/`);
  const ledger = await ana.context().newPage();
  await ledger.goto(`${hearth.url}/visits`);
  const entry = ledger.getByRole('listitem').filter({ hasText: 'ben came to you' });
  await expect(entry).toContainText('They thanked you');
  await expect(entry).toContainText(/[12] ?came along|came along ?[12]/);
  await entry.getByRole('button', { name: 'Thank ben' }).click();
  await expect(entry.getByText('You thanked them')).toBeVisible();
  await ledger.close();
});

stories('a host comes on stage with the camera they had, and a server that is killed brings everybody home', async ({ cast: { hearth, ana, ben, zoe, kai, lia } }) => {
  const asked = await ben.evaluate(() => (globalThis as unknown as { devicesAsked: number }).devicesAsked);
  await invite(ana);
  await ben.getByRole('button', { name: 'Join their stage' }).click();
  await ana.keyboard.press('Escape');
  for (const [page, who] of [[ana, 'Ana'], [zoe, 'her audience'], [ben, 'Ben'], [kai, 'his audience'], [lia, 'who came along']] as const) await sees(page, [ANA, BEN], `${who} sees both`);
  expect(await ben.evaluate(() => (globalThis as unknown as { devicesAsked: number }).devicesAsked), 'no device was asked for again').toBe(asked);

  // What is turned off there stays off at home.
  await ben.getByRole('group', { name: 'You on the stage' }).getByRole('button', { name: 'Microphone' }).click();
  await expect(zoe.locator('.stage .tile .lucide-mic-off')).toHaveCount(1);

  await hearth.crash();
  await Promise.all([kai, lia].map((one) => sees(one, [BEN], 'Ben is at home', 60_000)));
  await sees(ben, [BEN], 'Ben in his own room');
  await Promise.all([zoe, ana].map((one) => sees(one, [ANA], 'Ana goes on', 60_000)));
  await expect(ben.getByRole('group', { name: 'Your broadcast' }).getByRole('button', { name: 'Microphone' })).toHaveAttribute('aria-pressed', 'false');
  for (const page of [kai, lia, zoe, ben, ana]) await expect(page.getByRole('log')).toHaveCount(1);
});

stories('a page that is loaded anew in the middle goes on with the visit, and a browser that is closed ends it', async ({ cast: { ana, ben, zoe, kai, lia, contexts } }) => {
  await invite(ana);
  await ben.getByRole('button', { name: 'Join their stage' }).click();
  await ana.keyboard.press('Escape');
  await sees(zoe, [ANA, BEN], 'both on one stage');
  await Promise.all([ben.reload(), kai.reload()]);
  await sees(kai, [ANA, BEN], 'after loading the page anew');
  await sees(ben, [ANA, BEN], 'the visiting host after loading the page anew');
  await sees(zoe, [ANA, BEN], 'and for the others');

  await contexts[1]!.close();
  await expect(kai.getByRole('heading', { name: /^The visit is over/ })).toBeVisible({ timeout: 40_000 });
  await expect(kai.getByText('One of the hosts was gone.')).toBeVisible();
  await Promise.all([zoe, ana].map((one) => sees(one, [ANA], 'Ana goes on')));
  for (const page of [kai, lia, zoe, ana]) await expect(page.getByRole('log')).toHaveCount(1);
});
