/** Who may come in: everybody, guests with a link, or people with an account. */
import { expect, type Locator, type Page } from '@playwright/test';
import { test } from './cast';
import { comeAsGuest, composer, expectAccessible, row, say } from './people';

const WITH_LINK = 'People with an account, and guests with a link';
const ACCOUNTS = 'People with an account';

async function edit(host: Page): Promise<Locator> {
  await host.getByRole('button', { name: 'Edit', exact: true }).click();
  return host.getByRole('dialog', { name: 'Edit room' });
}

async function letIn(host: Page, whom: string): Promise<void> {
  const dialog = await edit(host);
  await dialog.getByLabel('Who may come in').selectOption({ label: whom });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
}

async function makeLink(host: Page, lifetime: string): Promise<string> {
  const dialog = await edit(host);
  await dialog.getByLabel('Guest links').selectOption({ label: lifetime });
  await dialog.getByRole('button', { name: 'Make a link' }).click();
  const address = await dialog.getByLabel('The link', { exact: true }).inputValue();
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await host.evaluate(() => navigator.clipboard.readText())).toBe(address);
  await expectAccessible(host, 'the dialog with a new link');
  await dialog.getByRole('button', { name: 'Close' }).click();
  return address;
}

/** What the server answers to a guest who asks without the app. */
function askToEnter(page: Page, host: string, link?: string): Promise<number> {
  return page.evaluate(async ([name, secret]) => {
    const room = await (await fetch(`/api/rooms/@${name}`)).json() as { id: string };
    const body = JSON.stringify({ display_name: 'Nobody', room: room.id, ...(secret === undefined ? {} : { link: secret }), program: true });
    return (await fetch('/api/session/guest', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status;
  }, [host, link] as const);
}

test('a room for guests with a link lets in who has one, until it is revoked', async ({ cast, browser }) => {
  const { host, bo, guest, hearth } = cast;
  await host.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await letIn(host, WITH_LINK);

  await guest.goto(`${hearth.url}/@ana`);
  await expect(guest.getByText('This room lets in people with an account, and guests by a link from its host.').first()).toBeVisible();
  await expect(guest.getByLabel('Your name here')).toHaveCount(0);
  expect(await askToEnter(guest, 'ana')).toBe(404);
  expect(await askToEnter(guest, 'ana', 'a-guess')).toBe(404);

  const address = await makeLink(host, 'Good for a day');
  expect(address).toMatch(new RegExp(`^${hearth.url}/@ana\\?link=.{16,}$`));
  await guest.goto(address);
  await comeAsGuest(guest, 'Invited');
  await say(guest, 'thank you for the link');
  await expect(row(host, 'thank you for the link')).toBeVisible();

  // Shown once: the list has no secret.
  let dialog = await edit(host);
  await expect(dialog.getByRole('button', { name: /^Revoke the link/ })).toBeVisible();
  await expect(dialog.getByText('Good until', { exact: false }).last()).toBeVisible();
  await expect(dialog.getByLabel('The link', { exact: true })).toHaveCount(0);
  await dialog.getByRole('button', { name: /^Revoke the link/ }).click();
  await expect(dialog.getByRole('button', { name: /^Revoke the link/ })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Close' }).click();

  const late = await (await browser.newContext()).newPage();
  await late.goto(address);
  await late.getByLabel('Your name here').fill('Too late');
  await late.getByRole('button', { name: 'Join the chat' }).click();
  await expect(late.getByText('This link no longer lets anybody in.')).toBeVisible();
  await expect(composer(late)).toHaveCount(0);
  expect(await askToEnter(late, 'ana', new URL(address).searchParams.get('link')!)).toBe(404);

  // An account needs no link, also where guests are not let in at all.
  await letIn(host, ACCOUNTS);
  await bo.goto(`${hearth.url}/@ana`);
  await expect(composer(bo)).toBeVisible();
  await late.goto(`${hearth.url}/@ana`);
  await expect(late.getByRole('heading', { name: 'No such room' })).toBeVisible();
  await expect(late.getByRole('main').getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in?next=%2F%40ana');
  dialog = await edit(host);
  await expect(dialog.getByLabel('Guest links')).toHaveCount(0);
  await late.context().close();
});

test('a guest of one room stands at the door of another, and comes in by its link', async ({ cast }) => {
  const { host, bo, guest, hearth } = cast;
  await host.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await bo.goto(`${hearth.url}/@bo`);
  await expect(composer(bo)).toBeVisible();
  await guest.goto(`${hearth.url}/@bo`);
  await comeAsGuest(guest, 'Wanderer');
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await letIn(host, WITH_LINK);
  const address = await makeLink(host, 'Good until you revoke it');

  await guest.goto(`${hearth.url}/@ana`);
  await expect(guest.getByText('guests by a link from its host.').first()).toBeVisible();
  await expect(composer(guest)).toHaveCount(0);
  await guest.goto(address);
  await comeAsGuest(guest, 'Wanderer');
  await say(guest, 'from door to door');
  await expect(row(host, 'from door to door')).toBeVisible();
});
