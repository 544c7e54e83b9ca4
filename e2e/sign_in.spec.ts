/** Signing in with an OpenID Connect provider, as somebody does it who has an account there. */
import { expect, test as base, type BrowserContext, type Page } from '@playwright/test';
import { expectAccessible } from './people';
import { startVillage, type Village } from './provider';

const test = base.extend<{ village: Village }>({
  village: async ({}, use, info) => {
    const village = await startVillage();
    await use(village);
    await village.stop();
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: village.hearth.log(), contentType: 'text/plain' });
  },
});

/** The provider's pages ask for a typeface from far away. */
const stayHere = (context: BrowserContext) => context.route(/^https:/, (route) => route.abort());

const button = (page: Page) => page.getByRole('link', { name: 'Sign in with The Village' });

/** On the provider's own pages: says who one is, and that Hearth may know it. */
async function signInThere(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(name);
  await page.getByPlaceholder('and password').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

function me(page: Page): Promise<{ id: string; name: string; display_name: string } | null> {
  return page.evaluate(async () => {
    const { me } = await (await fetch('/api/session')).json() as { me: { profile: { id: string; name: string; display_name: string } } | null };
    return me?.profile ?? null;
  });
}

test('somebody signs in at the provider, and is the same person the next time', async ({ page, browser, village }) => {
  const { hearth, issuer } = village;
  await stayHere(page.context());
  await page.goto(`${hearth.url}/sign-in?next=/settings`);
  await expect(button(page)).toBeVisible();
  await expectAccessible(page, 'the sign-in page with a provider');
  await button(page).click();
  await expect(page).toHaveURL(new RegExp(`^${issuer}/`));
  await signInThere(page, 'cleo');
  await expect(page).toHaveURL(`${hearth.url}/settings`);
  await expect(page.getByText('Your address stays @cleo.')).toBeVisible();
  const first = await me(page);
  expect(first).toMatchObject({ name: 'cleo', display_name: 'cleo of the village' });

  const elsewhere = await browser.newContext();
  await stayHere(elsewhere);
  const second = await elsewhere.newPage();
  await second.goto(`${hearth.url}/sign-in`);
  await button(second).click();
  await signInThere(second, 'cleo');
  await expect(second).toHaveURL(`${hearth.url}/`);
  expect(await me(second)).toEqual(first);
  await elsewhere.close();
});

test('an answer that nobody asked for is refused in words, and who asked is undisturbed', async ({ page, village }) => {
  const { hearth, issuer } = village;
  await stayHere(page.context());
  await page.goto(`${hearth.url}/sign-in`);
  await button(page).click();
  await expect(page.getByPlaceholder('Enter any login')).toBeVisible();
  const underWay = page.url();
  expect(underWay.startsWith(issuer)).toBe(true);

  await page.goto(`${hearth.url}/api/oidc/callback?state=forged&code=forged`);
  await expect(page.getByRole('alert')).toHaveText('Signing in there didn’t work. Try again, or use your name and password if you have one here.');
  await expectAccessible(page, 'the sign-in page with a problem');
  expect(await me(page)).toBeNull();

  await page.goto(underWay);
  await signInThere(page, 'dan');
  await expect(page).toHaveURL(`${hearth.url}/`);
  expect(await me(page)).toMatchObject({ name: 'dan' });
});
