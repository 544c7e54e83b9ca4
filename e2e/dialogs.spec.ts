/** Two people become friends and write to each other, as they live it: on one screen each, and over a lost connection. */
import { expect, type Page } from '@playwright/test';
import { test } from './cast';
import { expectAccessible } from './people';

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const rows = (page: Page) => page.locator('li[data-id]');
async function write(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press('Enter');
}

test('two become friends, write, read, edit and delete, and nothing is lost over a crash', async ({ cast }) => {
  const { hearth, host: ana, bo } = cast;
  await bo.goto(`${hearth.url}/`);
  await ana.goto(`${hearth.url}/people`);
  await ana.getByRole('textbox', { name: 'Find people' }).fill('bo');
  await ana.getByRole('button', { name: 'Add friend: bo' }).click();
  await expect(ana.getByRole('button', { name: 'Take back: bo' })).toBeVisible();
  await expect(bo.getByText('ana wants to be friends')).toBeVisible();
  await bo.getByRole('link', { name: 'Answer' }).click();
  await bo.getByRole('button', { name: 'Accept ana' }).click();
  await expect(ana.getByText('bo is your friend now')).toBeVisible();
  await expect(ana.getByRole('button', { name: 'Write to bo' }).first()).toBeVisible();

  // The first words reach whoever is elsewhere as a notice, and as a count.
  await ana.getByRole('button', { name: 'Write to bo' }).first().click();
  await write(ana, 'good evening, 你好');
  await expect(rows(ana).last().getByLabel('Sent')).toBeVisible();
  await expect(bo.getByRole('link', { name: 'Dialogs, 1 unread' })).toBeVisible();
  await bo.getByRole('link', { name: 'Open', exact: true }).click();
  await expect(rows(bo).filter({ hasText: 'good evening, 你好' })).toBeVisible();
  await expect(bo.getByRole('link', { name: 'Dialogs', exact: true })).toBeVisible();
  await expect(ana.getByText('Seen', { exact: true })).toBeVisible();

  await field(bo).pressSequentially('and to you');
  await expect(ana.getByText('bo is writing')).toBeVisible();
  await field(bo).press('Enter');
  await expect(rows(ana).filter({ hasText: 'and to you' })).toBeVisible();
  await expect(ana.getByText('bo is writing')).toBeHidden();

  await field(ana).focus();
  await ana.keyboard.press('ArrowUp');
  await field(ana).fill('good evening, all of you');
  await ana.keyboard.press('Enter');
  await expect(rows(bo).filter({ hasText: 'good evening, all of you' }).getByText('edited')).toBeVisible();
  await rows(bo).filter({ hasText: 'and to you' }).hover();
  await rows(bo).filter({ hasText: 'and to you' }).getByRole('button', { name: 'What to do with this message' }).click();
  await bo.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(rows(ana).filter({ hasText: 'Message deleted' })).toBeVisible();
  await expectAccessible(ana, 'a dialog');

  // What is said while the server is away is sent once it is back, in its order.
  await hearth.crash();
  for (const text of ['one', 'two', 'three']) await write(ana, text);
  await expect(rows(bo).filter({ hasText: 'three' })).toBeVisible({ timeout: 30_000 });
  const said = await rows(bo).locator('.text').allInnerTexts();
  expect(said.map((text) => text.split('\n')[0]?.trim()).filter((text) => ['one', 'two', 'three'].includes(text ?? ''))).toEqual(['one', 'two', 'three']);

  await bo.reload();
  await expect(rows(bo).filter({ hasText: 'three' })).toBeVisible();
});
