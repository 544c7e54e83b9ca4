/** Two live rooms, one of whose hosts visits the other, and breaks off. */
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { startHearth, type Hearth } from './hearth';
import { giveCamera, readPictures } from './pattern';
import { addPerson, becomeAdministrator, comeAsGuest, goLive, signIn } from './people';

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


/** Whose cameras the stage shows, all of them live, in no order. */
async function sees(page: Page, whose: readonly number[], what: string, timeout = 25_000): Promise<void> {
  await expect(async () => {
    const pictures = await readPictures(page);
    expect(pictures.map((one) => one.whose).sort(), what).toEqual(whose);
    for (const one of pictures) expect(one.age_ms, `${what}: milliseconds old`).toBeLessThan(LIVE_MS);
  }).toPass({ timeout, intervals: [100] });
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
