/** A password is changed by whom it is of, and given anew by an administrator to whoever has forgotten it. */
import { expect, test as base, type Page } from '@playwright/test';
import { startHearth, type Hearth } from './hearth';
import { addPerson, becomeAdministrator, expectAccessible, PASSWORD, signIn } from './people';

const test = base.extend<{ hearth: Hearth }>({
  hearth: async ({}, use, info) => {
    const hearth = await startHearth();
    await use(hearth);
    await hearth.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: hearth.log(), contentType: 'text/plain' });
  },
});

async function signInBy(page: Page, origin: string, password: string): Promise<void> {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('Name', { exact: true }).fill('ben');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
}

test('somebody changes their password, forgets it, and is given another', async ({ browser, hearth }) => {
  const [admin, laptop, phone] = await Promise.all([0, 1, 2].map(async () => (await browser.newContext()).newPage())) as [Page, Page, Page];
  await becomeAdministrator(admin, hearth.setupUrl, 'ana');
  await addPerson(admin, 'ben');
  await signIn(laptop, hearth.url, 'ben');
  await signIn(phone, hearth.url, 'ben');

  await laptop.goto(`${hearth.url}/settings`);
  const change = laptop.getByRole('button', { name: 'Change the password' });
  await laptop.getByLabel('Current password').fill('not the one');
  await laptop.getByLabel('New password').fill('short');
  await expect(change).toBeDisabled();
  await laptop.getByLabel('New password').fill('a warmer evening');
  await change.click();
  await expect(laptop.getByText('The current password isn’t right.')).toBeVisible();
  await laptop.getByLabel('Current password').fill(PASSWORD);
  await change.click();
  await expect(laptop.getByText('Changed. You are signed out everywhere else.')).toBeVisible();
  await expectAccessible(laptop, 'the settings');
  await phone.goto(`${hearth.url}/settings`);
  await expect(phone.getByRole('link', { name: 'Sign in' }).first()).toBeVisible();
  await signInBy(phone, hearth.url, 'a warmer evening');
  await expect(phone).toHaveURL(`${hearth.url}/`);

  await admin.getByRole('button', { name: 'New password for ben' }).click();
  const dialog = admin.getByRole('dialog', { name: 'A new password for ben' });
  await dialog.getByLabel('New password').fill('the warmest evening');
  await dialog.getByRole('button', { name: 'New password' }).click();
  await expect(dialog).toHaveCount(0);
  await laptop.goto(`${hearth.url}/settings`);
  await signInBy(laptop, hearth.url, 'a warmer evening');
  await expect(laptop.getByText('That name and password don’t match.')).toBeVisible();
  await signInBy(laptop, hearth.url, 'the warmest evening');
  await expect(laptop).toHaveURL(`${hearth.url}/`);
  await Promise.all([admin, laptop, phone].map((page) => page.context().close()));
});
