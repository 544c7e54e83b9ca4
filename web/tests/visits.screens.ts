import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

/** A screen comes in pieces, and the machine may be busy. */
const SOON = { timeout: 20_000 };

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

describe('a host who invites others', () => {
  it('is told that one condition is needed, and can ask once there is one', async () => {
    const page = await gallery.open('visit-invite');
    await page.getByRole('button', { name: 'Invite hosts' }).click();
    const dialog = page.getByRole('dialog', { name: 'Invite hosts' });
    const invite = dialog.getByRole('button', { name: 'Invite', exact: true });
    await expect.poll(() => invite.isEnabled(), SOON).toBe(true);
    await dialog.getByRole('combobox', { name: 'Category' }).selectOption('');
    await dialog.locator('.missing').waitFor();
    await expect.poll(() => invite.isEnabled(), SOON).toBe(false);
    await dialog.getByRole('textbox', { name: 'People in their room: At least' }).fill('20');
    await dialog.getByRole('textbox', { name: 'People in their room: At most' }).fill('10');
    await dialog.getByRole('alert').getByText('The smaller number comes first.').waitFor();
    await dialog.getByRole('textbox', { name: 'People in their room: At most' }).fill('100');
    await expect.poll(() => invite.isEnabled(), SOON).toBe(true);
    await invite.click();
    await page.getByRole('dialog', { name: 'Your invitations' }).getByText('1 of 2 hosts come').waitFor();
    await page.getByRole('button', { name: 'Ask nobody else' }).click();
    await page.getByText('Taken back').waitFor();
    await page.context().close();
  });

  it('picks and orders by keys alone', async () => {
    const page = await gallery.open('visit-invite');
    await page.getByRole('button', { name: 'Invite hosts' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Invite hosts' });
    await dialog.getByRole('radio', { name: 'Go down the list' }).focus();
    await page.keyboard.press('ArrowRight');
    for (const name of ['Ben Okafor', '林晓雨']) {
      await dialog.getByRole('checkbox', { name: `Choose ${name}` }).focus();
      await page.keyboard.press('Space');
    }
    const order = () => dialog.locator('li.chosen').evaluateAll((all) => all.map((one) => [one.querySelector('strong')?.textContent, one.querySelector('.rank')?.firstChild?.textContent]));
    expect(await order()).toEqual([['林晓雨', '2'], ['Ben Okafor', '1']]);
    await dialog.getByRole('button', { name: 'Ask 林晓雨 earlier' }).focus();
    await page.keyboard.press('Enter');
    expect(await order()).toEqual([['林晓雨', '1'], ['Ben Okafor', '2']]);
    // Where this button leads no further, the other one has the focus.
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Ask 林晓雨 later');
    await dialog.getByRole('button', { name: 'Invite 2' }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Invite hosts');
    await page.context().close();
  });
});

describe('a visit', () => {
  it('is chosen to come along on or not, by keys, and the choice is said', async () => {
    const page = await gallery.open('visit-announced');
    const come = page.getByRole('button', { name: 'Come along' });
    await come.waitFor();
    expect(await come.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Stay here' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('You stay here.').waitFor();
    expect(await come.getAttribute('aria-pressed')).toBe('false');
    await page.context().close();
  });

  it('shows both chats side by side where there is place, and one behind a tab on a phone, with what was typed kept', async () => {
    const page = await gallery.open('visit-along');
    const chats = page.getByRole('log');
    await expect.poll(() => chats.count(), SOON).toBe(2);
    const boxes = await chats.evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ x, y, width }) => ({ x, y, width })));
    expect(boxes[1]!.x).toBeGreaterThanOrEqual(boxes[0]!.x + boxes[0]!.width);
    expect(Math.abs(boxes[0]!.y - boxes[1]!.y)).toBeLessThan(2);
    await page.getByRole('region', { name: 'Mira Halvorsen’s room' }).getByRole('textbox', { name: 'Message' }).fill('half a thought');
    await page.setViewportSize({ width: 390, height: 844 });
    const theirs = page.getByRole('region', { name: 'Chat in 林晓雨’s room' });
    await theirs.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: '林晓雨', exact: true }).click();
    await theirs.getByRole('textbox', { name: 'Message' }).waitFor();
    await page.getByRole('button', { name: 'Mira Halvorsen', exact: true }).click();
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('half a thought');
    await page.context().close();
  });

  it('leaves place to talk on a phone, also to a host who is on the other’s stage', async () => {
    const page = await gallery.open('visit-along-host-stage', { viewport: { width: 390, height: 844 } });
    const log = page.getByRole('log');
    await log.waitFor();
    await expect.poll(async () => (await log.boundingBox())?.height, SOON).toBeGreaterThan(130);
    await page.context().close();
  });

  it('lets who came along go back, and who stayed come along later', async () => {
    const page = await gallery.open('visit-along');
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('heading', { name: 'Mira Halvorsen is visiting 林晓雨' }).waitFor();
    await page.getByRole('region', { name: 'Stage' }).getByRole('button', { name: 'Come along' }).click();
    await page.getByRole('heading', { name: 'Mira Halvorsen is visiting 林晓雨' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('is thanked for, and its host invited back', async () => {
    const page = await gallery.open('visits');
    await page.getByRole('button', { name: 'Thank Ben Okafor' }).click();
    await page.getByRole('button', { name: 'Thank Ben Okafor' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Invite back: 林晓雨' }).click();
    await page.waitForURL('**/@ana');
    await page.context().close();
  });
});
