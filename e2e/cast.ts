/** The people of the stories, each in a browser of their own, and the server they meet on. */
import { expect, test as base, type BrowserContext, type Page } from '@playwright/test';
import { wayTo, type Way } from './cut';
import { startHearth, type Hearth } from './hearth';
import { addPerson, becomeAdministrator, comeAsGuest, composer, goLive, seesPicture, signIn } from './people';
import { giveCamera } from './pattern';

export interface Cast {
  readonly hearth: Hearth;
  /** The guest's own way to the server. */
  readonly way: Way;
  /** The administrator, in whose room it plays. */
  readonly host: Page;
  /** Has an account. */
  readonly bo: Page;
  readonly guest: Page;
  /** The guest's browser, for what happens to its network. */
  readonly guestContext: BrowserContext;
}

export const test = base.extend<{ hearth: Hearth; cast: Cast }>({
  hearth: async ({}, use, info) => {
    const hearth = await startHearth();
    await use(hearth);
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
  cast: async ({ browser, hearth }, use) => {
    const way = await wayTo(hearth.port);
    const contexts = await Promise.all([1, 2, 3].map(() => browser.newContext()));
    const [host, bo, guest] = await Promise.all(contexts.map((one) => one.newPage())) as [Page, Page, Page];
    await giveCamera(host);
    await becomeAdministrator(host, hearth.setupUrl, 'ana');
    await addPerson(host, 'bo');
    await signIn(bo, hearth.url, 'bo');
    await use({ hearth, way, host, bo, guest, guestContext: contexts[2]! });
    await Promise.all(contexts.map((one) => one.close()));
    await way.close();
  },
});

/** Everybody in Ana's room, and Ana live. */
export async function gathered({ hearth, way, host, bo, guest }: Cast): Promise<void> {
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await goLive(host, 'An evening by the fire');
  await Promise.all([
    bo.goto(`${hearth.url}/@ana`),
    guest.goto(`${way.url}/@ana`).then(() => comeAsGuest(guest, 'Passer-by 路人')),
  ]);
  await Promise.all([seesPicture(bo), seesPicture(guest)]);
}
