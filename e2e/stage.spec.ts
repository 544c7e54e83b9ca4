/** The stage as its host, somebody who is asked onto it, and a guest in the audience live it. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { seesPicture } from './people';

/** How many on the stage have a picture that has come. */
function pictures(page: Page): Promise<number> {
  return page.locator('.stage .tile video').evaluateAll((all) => all.filter((one) => one instanceof HTMLVideoElement && one.videoWidth > 0 && !one.classList.contains('dark')).length);
}

test('somebody raises a hand, is asked, joins with their camera, is silenced, and is taken off again', async ({ cast }) => {
  const { host, bo, guest } = cast;
  await gathered(cast);
  await bo.evaluate(() => { (globalThis as unknown as { sameSince: boolean }).sameSince = true; });

  await bo.locator('.stage').hover();
  await bo.getByRole('button', { name: 'Raise hand' }).first().click();
  await host.getByRole('tab', { name: /raised hands/ }).click();
  await host.getByRole('button', { name: 'Ask onto the stage: bo' }).click();

  await bo.getByRole('button', { name: 'Accept' }).click();
  const green = bo.getByRole('dialog', { name: 'Before you go on stage' });
  await expect(green.locator('video')).toBeVisible();
  const asked_ms = Date.now();
  await green.getByRole('button', { name: 'Join with camera' }).click();
  await expect.poll(() => pictures(guest), { intervals: [50], message: 'the audience sees both' }).toBe(2);
  const joined_ms = Date.now() - asked_ms;
  // From asking on: when the answer came, when ICE and DTLS were done; the rest is the audience's offer, the key frame and its display.
  const [answered_ms, connected_ms] = await bo.evaluate(() => ['hearth:answered', 'hearth:publish'].map((one) => Math.round(performance.getEntriesByName(one).at(-1)?.duration ?? Number.NaN)));
  console.log(`onto the stage: seen by the audience after ${joined_ms} ms (answered after ${answered_ms} ms, connected after ${connected_ms} ms)`);
  expect(joined_ms).toBeLessThan(3_000);
  await expect.poll(() => pictures(host), { message: 'the host sees both' }).toBe(2);
  await expect.poll(() => pictures(bo), { message: 'who joined sees both' }).toBe(2);
  await seesPicture(bo);
  await expect(guest.locator('.stage').getByText('bo', { exact: true })).toBeVisible();

  await host.getByRole('button', { name: 'What to do about bo on the stage' }).click();
  await host.getByRole('menuitem', { name: 'Turn their microphone off' }).click();
  await bo.getByText('A moderator turned your microphone off.').waitFor();
  await expect(guest.locator('.stage .tile .lucide-mic-off')).toHaveCount(1);
  await bo.getByRole('button', { name: 'Turn on', exact: true }).click();
  await expect(guest.locator('.stage .tile .lucide-mic-off')).toHaveCount(0);

  await host.getByRole('button', { name: 'What to do about bo on the stage' }).click();
  await host.getByRole('menuitem', { name: 'Take off the stage' }).click();
  await expect(bo.getByRole('group', { name: 'You on the stage' })).toBeHidden();
  for (const page of [host, bo, guest]) await expect.poll(() => page.locator('.stage .tile').count()).toBe(1);
  await seesPicture(guest);
  await seesPicture(bo);
  expect(await bo.evaluate(() => (globalThis as unknown as { sameSince?: boolean }).sameSince)).toBe(true);
});

test('a report reaches the host, who settles it; and a host is followed', async ({ cast }) => {
  const { host, bo, guest, hearth } = cast;
  await gathered(cast);
  await guest.getByRole('textbox', { name: 'Message' }).fill('buy my glaze');
  await guest.getByRole('textbox', { name: 'Message' }).press('Enter');
  const message = bo.getByRole('log').getByRole('listitem').filter({ hasText: 'buy my glaze' });
  await message.hover();
  await message.getByRole('button', { name: 'What to do with this message' }).click();
  await bo.getByRole('menuitem', { name: 'Report' }).click();
  await bo.getByRole('dialog').getByLabel('What is wrong?').fill('An advertisement.');
  await bo.getByRole('dialog').getByRole('button', { name: 'Report', exact: true }).click();
  await expect(bo.getByText('Reported. Thank you.')).toBeVisible();

  await host.getByRole('tab', { name: /open reports/ }).click();
  await expect(host.getByText('An advertisement.')).toBeVisible();
  await host.getByRole('button', { name: /^What to do about Passer-by/ }).last().click();
  await host.getByRole('menuitem', { name: 'Delete the message' }).click();
  await expect(bo.getByText('Message deleted').first()).toBeVisible();
  await host.getByRole('button', { name: /^Settle the report about/ }).click();
  await expect(host.getByText('Settled', { exact: true })).toBeVisible();
  await host.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(host.getByText('deleted a message')).toBeVisible();

  await bo.getByRole('button', { name: /^Follow/ }).click();
  await expect(bo.getByRole('button', { name: /^Following/ })).toBeVisible();
  await host.getByRole('button', { name: 'End', exact: true }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'End broadcast' }).click();
  await bo.goto(hearth.url);
  await expect(bo.getByText('It’s quiet, for now')).toBeVisible();
  await host.getByRole('main').getByRole('button', { name: 'Go live' }).click();
  await host.getByRole('dialog').getByRole('button', { name: 'Go live' }).click();
  await expect(bo.getByText('ana is live')).toBeVisible();
  await bo.getByRole('link', { name: 'Watch' }).click();
  await seesPicture(bo);
});
