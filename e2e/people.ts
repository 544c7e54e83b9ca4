/** What the people of a story do, by the words they read on the screen. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { ageOfPicture } from './pattern';

const AXE = readFileSync(resolve(__dirname, '../web/node_modules/axe-core/axe.min.js'), 'utf8');

export const PASSWORD = 'a warm evening';

export async function becomeAdministrator(page: Page, setupUrl: string, name: string): Promise<void> {
  await page.goto(setupUrl);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await expect(page.getByText('It’s quiet, for now')).toBeVisible();
}

export async function addPerson(page: Page, name: string): Promise<void> {
  const url = new URL(page.url());
  await page.goto(`${url.origin}/admin`);
  await page.getByRole('button', { name: 'Add person' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByLabel('First password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add person' }).click();
  await expect(page.getByText(`@${name}`)).toBeVisible();
}

export async function signIn(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(`${origin}/`);
}

export async function comeAsGuest(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name here').fill(name);
  await page.getByRole('button', { name: 'Join the chat' }).click();
  await expect(composer(page)).toBeVisible();
}

export async function goLive(page: Page, title: string): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: 'Go live' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByRole('button', { name: 'Go live' }).click();
  await expect(page.getByRole('group', { name: 'Your broadcast' })).toBeVisible();
}

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message' });
export const log = (page: Page): Locator => page.getByRole('log');
export const row = (page: Page, text: string): Locator => log(page).getByRole('listitem').filter({ hasText: text });

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** The texts of the conversation, as they stand on the screen. */
export function texts(page: Page): Promise<string[]> {
  return log(page).locator('.text').evaluateAll((all) => all.map((one) => one.querySelector('.pending') ? `${one.textContent} (pending)` : one.textContent ?? ''));
}

/** Opens what can be done with a message, and chooses. */
export async function choose(page: Page, text: string, what: string): Promise<void> {
  const message = row(page, text);
  await message.hover();
  await message.getByRole('button', { name: 'What to do with this message' }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

/** Waits until the picture is readable and at most so old. Returns how old it was. */
export async function seesPicture(page: Page, within_ms = 1_000, timeout = 20_000): Promise<number> {
  let age: number | null = null;
  await expect(async () => {
    age = await ageOfPicture(page);
    expect(age, 'the picture can be read').not.toBeNull();
    expect(age, 'milliseconds old').toBeLessThan(within_ms);
  }).toPass({ timeout, intervals: [50] });
  return age ?? Number.NaN;
}

/** Looks at the page as axe does, WCAG 2.2 AA. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  // What is still fading in has not the contrast that is read.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)));
  // As the debugger's own words: the page's rules forbid it to make code of text.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(on: Document, options: object): Promise<{ violations: { id: string; help: string; nodes: { target: string[] }[] }[] }> } };
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations.map((one) => `${one.id}: ${one.help} (${one.nodes.map((node) => node.target.join(' ')).join(', ')})`);
  });
  expect(found, what).toEqual([]);
}
