/** A small group in a live room, as its members, somebody who declines, the host and a bystander live it. */
import { expect, type Locator, type Page } from '@playwright/test';
import { test } from './cast';
import { addPerson, comeAsGuest, composer, expectAccessible, goLive, seesPicture, signIn } from './people';
import { giveCamera } from './pattern';

const groupField = (page: Page): Locator => page.getByRole('textbox', { name: 'Say something to your group' });
const groupLog = (page: Page): Locator => page.getByRole('log', { name: 'Your group' });

async function write(page: Page, text: string): Promise<void> {
  await groupField(page).fill(text);
  await groupField(page).press('Enter');
}

test('people in a room find each other, talk among themselves by text and voice, and nobody else hears of it', async ({ cast, browser }) => {
  const { hearth, host, bo, guest } = cast;
  const contexts = await Promise.all([1, 2].map(() => browser.newContext()));
  const [cy, dee] = await Promise.all(contexts.map((one) => one.newPage())) as [Page, Page];
  for (const name of ['cy', 'dee']) await addPerson(host, name);
  await Promise.all([signIn(cy, hearth.url, 'cy'), signIn(dee, hearth.url, 'dee')]);
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await goLive(host, 'An evening by the fire');
  await Promise.all([bo, cy, dee].map((page) => page.goto(`${hearth.url}/@ana`)));
  await guest.goto(`${hearth.url}/@ana`);
  await comeAsGuest(guest, 'Passer-by 路人');
  await Promise.all([bo, cy, dee, guest].map((page) => seesPicture(page)));

  // What they wrote brings them together, each in words of their own.
  for (const [page, text] of [[bo, 'My sourdough starter needs a warmer oven'], [cy, '@bo is the sourdough starter from rye?']] as const) {
    await composer(page).fill(text);
    await composer(page).press('Enter');
    await expect(guest.getByRole('log').getByText(text)).toBeVisible();
  }

  await bo.getByRole('tab', { name: 'Group' }).click();
  await expect(bo.getByText(/You both wrote about .*sourdough/)).toBeVisible();
  await bo.getByRole('button', { name: 'From everybody here' }).click();
  for (const name of ['cy', 'dee']) await bo.locator('.find li').filter({ hasText: name }).click();
  await bo.getByRole('button', { name: 'Invite 2 people' }).click();
  await expect(bo.getByText('Asked')).toHaveCount(2);

  const card = (page: Page) => page.getByRole('region', { name: 'bo invites you to talk' });
  await expect(card(cy)).toBeVisible();
  await expect(card(dee)).toBeVisible();
  await expectAccessible(cy, 'an invitation');
  await card(dee).getByRole('button', { name: 'Not now' }).click();
  await expect(bo.getByText('Not now')).toBeVisible();
  await expect(card(dee)).toBeHidden();

  // The group is born with the first yes, in its place on both sides.
  await card(cy).getByRole('button', { name: 'Join' }).click();
  await expect(groupField(cy)).toBeVisible();
  await expect(groupField(bo)).toBeVisible();
  await write(bo, 'just between us');
  await expect(groupLog(cy).getByText('just between us')).toBeVisible();
  await write(cy, '悄悄话');
  await expect(groupLog(bo).getByText('悄悄话')).toBeVisible();
  await expectAccessible(bo, 'a group');

  // Voice with one click; the stream goes on.
  await giveCamera(cy);
  await bo.getByRole('button', { name: 'Join by voice' }).click();
  await expect(cy.getByText('bo talk by voice')).toBeVisible();
  await cy.getByRole('button', { name: 'With camera' }).click();
  await expect(bo.getByRole('list', { name: 'In the voice' }).getByRole('listitem')).toHaveCount(2);
  await expect.poll(() => bo.locator('.voice video').evaluateAll((all) => all.some((one) => one instanceof HTMLVideoElement && one.videoWidth > 0)), { message: 'bo sees the camera of cy' }).toBe(true);
  await seesPicture(bo);
  await seesPicture(cy);

  // Nobody else has heard of it: not in the public chat, not on their screens.
  for (const page of [dee, guest, host]) {
    await expect(page.getByText('just between us')).toHaveCount(0);
    await expect(page.getByText('悄悄话')).toHaveCount(0);
  }

  // A page that is loaded anew is in the group again.
  await cy.reload();
  await expect(groupLog(cy).getByText('just between us')).toBeVisible();
  await write(cy, 'back again');
  await expect(groupLog(bo).getByText('back again')).toBeVisible();

  // Its members stay together when the host is done.
  await host.getByRole('button', { name: 'End', exact: true }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'End broadcast' }).click();
  await expect(bo.getByText('The broadcast is over. Your group goes on')).toBeVisible();
  await write(bo, 'still here');
  await expect(groupLog(cy).getByText('still here')).toBeVisible();

  // Who leaves is out for good, and who is left owns it.
  await bo.getByRole('button', { name: 'What to do about this group' }).click();
  await bo.getByRole('menuitem', { name: 'Leave the group' }).click();
  await bo.getByRole('dialog').getByRole('button', { name: 'Leave the group' }).click();
  await expect(groupField(bo)).toBeHidden();
  await cy.getByRole('button', { name: 'What to do about this group' }).click();
  await expect(cy.getByRole('menuitem', { name: 'End the group for all' })).toBeVisible();
  await cy.getByRole('menuitem', { name: 'End the group for all' }).click();
  await cy.getByRole('dialog').getByRole('button', { name: 'End the group for all' }).click();
  await expect(cy.getByText('This group has ended.').first()).toBeVisible();
  await cy.goto(`${hearth.url}/groups`);
  await cy.getByRole('button', { name: /^Read what was said with/ }).click();
  await expect(cy.getByText('just between us')).toBeVisible();
  await Promise.all(contexts.map((one) => one.close()));
});
