import type { Page } from 'playwright-core';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

/** A screen comes in pieces, and the machine may be busy. */
const SOON = { timeout: 20_000 };
/** The list of messages holds no more rows than this at once; see `shown_rows.ts`. */
const ROWS_MAX = 240;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const log = (page: Page) => page.getByRole('log');
const write = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const rows = (page: Page) => page.locator('li[data-id]');
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? '');
const frames = (page: Page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
async function opened(scene: string, options: Parameters<Gallery['open']>[1] = {}) {
  const page = await gallery.open(scene, options);
  await rows(page).last().waitFor();
  return page;
}

describe('a talk of 100,000 messages', () => {
  it('is scrolled far back with a bounded page, and no row moves by what comes in above', async () => {
    const page = await opened('dialog-long');
    await rows(page).filter({ hasText: '· 100000' }).waitFor();
    // Where nothing that was fetched moves a row that is in view, its height changes by what was scrolled, and by nothing else.
    const moved = await log(page).evaluate(async (list) => {
      const first = () => [...list.querySelectorAll<HTMLElement>('[data-id]')].find((one) => one.getBoundingClientRect().bottom > list.getBoundingClientRect().top + 40);
      let worst = 0;
      let most = 0;
      for (let step = 0; step < 160; step += 1) {
        const row = first();
        const id = row?.dataset.id;
        const before = row?.getBoundingClientRect().top ?? 0;
        const from = list.scrollTop;
        list.scrollTop -= 350;
        const by = from - list.scrollTop;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, step % 4 === 0 ? 90 : 0)));
        const same = list.querySelector<HTMLElement>(`[data-id="${id}"]`);
        if (same) worst = Math.max(worst, Math.abs(same.getBoundingClientRect().top - before - by));
        most = Math.max(most, list.querySelectorAll('[data-id]').length);
      }
      return { worst, most };
    });
    expect(moved.worst).toBeLessThan(2);
    expect(moved.most).toBeLessThanOrEqual(ROWS_MAX);
    const reached = Number(/· (\d+)/.exec(await rows(page).first().innerText())?.[1]);
    expect(reached).toBeLessThan(100_000 - 400);
    await page.getByRole('button', { name: 'To the newest' }).click();
    await rows(page).filter({ hasText: '· 100000' }).waitFor();
    await page.getByRole('button', { name: 'To the newest' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('is entered at a found message, read on from there, and left for the newest', async () => {
    const page = await gallery.open('dialogs');
    await page.getByRole('textbox', { name: 'Search your dialogs' }).fill('· 40012');
    await page.locator('[data-found]').first().click();
    const target = rows(page).filter({ hasText: '· 40012' });
    await target.waitFor();
    await expect.poll(() => target.evaluate((row) => {
      const list = row.closest('[role=log]')!.getBoundingClientRect();
      const box = row.getBoundingClientRect();
      return box.top >= list.top && box.bottom <= list.bottom;
    }), SOON).toBe(true);
    expect(await target.getAttribute('class')).toContain('marked');
    await expect.poll(async () => {
      await log(page).evaluate((list) => { list.scrollTop = list.scrollHeight; });
      return rows(page).filter({ hasText: '· 40100' }).count();
    }, SOON).toBe(1);
    expect(await rows(page).count()).toBeLessThanOrEqual(ROWS_MAX);
    await page.getByRole('button', { name: 'To the newest' }).click();
    await rows(page).filter({ hasText: '· 100000' }).waitFor();
    await page.context().close();
  });
});

describe('writing', () => {
  it('shows my words at once, at my side, and keeps their row', async () => {
    const page = await opened('dialog');
    await write(page).fill('good evening');
    await write(page).press('Enter');
    const row = rows(page).last();
    await row.getByText('good evening').waitFor();
    const id = await row.getAttribute('data-id');
    await row.getByLabel('Sent').waitFor();
    expect(await rows(page).last().getAttribute('data-id')).toBe(id);
    expect(await write(page).inputValue()).toBe('');
    const [mine, theirs] = await Promise.all([row.locator('.bubble').boundingBox(), rows(page).filter({ hasText: '带上录音机' }).locator('.bubble').boundingBox()]);
    expect(mine!.x).toBeGreaterThan(theirs!.x + theirs!.width);
    await page.context().close();
  });

  it('lets a failed message be sent again', async () => {
    const page = await opened('dialog');
    await write(page).fill('this will fail');
    await write(page).press('Enter');
    await rows(page).last().getByText(/^Not sent/).waitFor();
    await page.getByRole('link', { name: /Sunday’s kiln/ }).click();
    await rows(page).filter({ hasText: 'Gloves: me.' }).waitFor();
    await page.getByRole('link', { name: /林晓雨.*Not sent/s }).click();
    await rows(page).last().getByText(/^Not sent/).waitFor();
    await rows(page).last().getByRole('button', { name: 'Discard' }).click();
    await rows(page).filter({ hasText: 'this will fail' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('edits the last of mine by the arrow up, and gives up by Escape with the draft kept', async () => {
    const page = await opened('dialog');
    await write(page).focus();
    await page.keyboard.press('ArrowUp');
    await page.getByText('Editing your message').waitFor();
    expect(await write(page).inputValue()).toContain('Notes from last time');
    await page.keyboard.press('Escape');
    await page.getByText('Editing your message').waitFor({ state: 'detached' });
    expect(await write(page).inputValue()).toBe('');
    await page.keyboard.press('ArrowUp');
    await write(page).fill('Notes, mended');
    await page.keyboard.press('Enter');
    const row = rows(page).filter({ hasText: 'Notes, mended' });
    await row.getByText('edited').waitFor();
    await page.getByText('Editing your message').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('keeps what was half written: in the list, in another dialog, and after the page was loaded anew', async () => {
    const page = await opened('dialog');
    await write(page).fill('half a thought');
    await page.getByRole('link', { name: /Sunday’s kiln/ }).click();
    await page.getByRole('button', { name: /Sunday’s kiln/ }).waitFor();
    await page.getByRole('link', { name: /林晓雨/ }).getByText('half a thought').waitFor();
    expect(await write(page).inputValue()).toBe('');
    await page.goto(`${new URL(page.url()).origin}/gallery.html?scene=dialog`);
    await rows(page).last().waitFor();
    expect(await write(page).inputValue()).toBe('half a thought');
    await page.context().close();
  });

  it('keeps what it answers too, until it is sent, and what was not sent, when the page is loaded anew', async () => {
    const page = await opened('dialog');
    const anew = async () => {
      await page.goto(`${new URL(page.url()).origin}/gallery.html?scene=dialog`);
      await rows(page).last().waitFor();
    };
    await page.getByRole('button', { name: /Ana Petrović.*Shall I record/s }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-id')), SOON).toBe('p3');
    await page.keyboard.press('r');
    await page.getByText('Replying to yourself').waitFor();
    await write(page).pressSequentially('yes, and');
    await anew();
    await page.getByText('Replying to yourself').waitFor();
    expect(await write(page).inputValue()).toBe('yes, and');
    await write(page).press('Enter');
    await rows(page).last().getByRole('button', { name: /Shall I record/ }).waitFor();
    await write(page).fill('this will fail');
    await write(page).press('Enter');
    await rows(page).last().getByText(/^Not sent/).waitFor();
    await anew();
    await rows(page).filter({ hasText: 'this will fail' }).getByText(/^Not sent/).waitFor();
    expect([await write(page).inputValue(), await page.getByText('Replying to yourself').count()]).toEqual(['', 0]);
    await rows(page).last().getByRole('button', { name: 'Discard' }).click();
    await rows(page).filter({ hasText: 'this will fail' }).waitFor({ state: 'detached' });
    await anew();
    expect(await rows(page).filter({ hasText: 'this will fail' }).count()).toBe(0);
    await page.context().close();
  });

  it('quotes what it answers, and leads there', async () => {
    const page = await opened('dialog');
    await page.getByRole('button', { name: /Ana Petrović.*Shall I record/s }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-id')), SOON).toBe('p3');
    await page.keyboard.press('r');
    await page.getByText('Replying to yourself').waitFor();
    await write(page).fill('yes');
    await page.keyboard.press('Enter');
    await rows(page).last().getByRole('button', { name: /Shall I record/ }).waitFor();
    await page.context().close();
  });

  it('makes nothing of a message into HTML', async () => {
    const page = await opened('dialog-hard');
    await page.getByText('<img src=x onerror=alert(1)> <b>not bold</b> &amp; plain').waitFor();
    expect(await page.locator('li[data-id] img, li[data-id] b, li[data-id] script').count()).toBe(0);
    const links = await page.locator('li[data-id] a').evaluateAll((all) => all.map((link) => ({ href: (link as HTMLAnchorElement).href, rel: link.getAttribute('rel') })));
    expect(links.map((link) => link.href)).toEqual(['http://a.example/']);
    expect(links[0]?.rel).toBe('noopener nofollow ugc');
    expect(await log(page).evaluate((list) => list.scrollWidth - list.clientWidth)).toBe(0);
    await page.context().close();
  });
});

describe('by keys alone', () => {
  it('goes through the list, into a talk, and back to where one was', async () => {
    const page = await gallery.open('dialogs');
    const field = page.getByRole('textbox', { name: 'Search your dialogs' });
    await page.locator('[data-row]').first().waitFor();
    expect(await page.locator('[data-row][tabindex="0"]').count()).toBe(1);
    await field.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('dialog_lin');
    await page.keyboard.press('Enter');
    await rows(page).last().waitFor();
    await expect.poll(() => focused(page), SOON).toBe('Message');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('dialog_lin');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('dialog_long');
    await page.context().close();
  });

  it('goes through messages, opens what can be done, and comes back to the field', async () => {
    const page = await opened('dialog');
    await rows(page).last().focus();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    const menu = page.getByRole('menu', { name: 'What to do with this message' });
    await menu.waitFor();
    await page.keyboard.press('End');
    expect(await focused(page)).toBe('Delete');
    await page.keyboard.press('Enter');
    await rows(page).filter({ hasText: 'Message deleted' }).nth(1).waitFor();
    await rows(page).last().focus();
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe('Message');
    await page.context().close();
  });

  it('begins a dialog with two, and returns the focus when it doesn’t', async () => {
    const page = await gallery.open('dialogs');
    const begin = page.getByRole('button', { name: 'New dialog' }).first();
    await begin.focus();
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog', { name: 'New dialog' });
    await sheet.waitFor();
    await page.keyboard.press('Escape');
    // The browser closes it and gives the focus back before the page hears of it.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('New dialog');
    await page.keyboard.press('Enter');
    const to = sheet.getByRole('textbox', { name: 'To' });
    for (const name of ['lin', 'jonas']) {
      await to.fill(name);
      await sheet.getByRole('button', { name: new RegExp(`@${name}`) }).waitFor();
      await to.press('ArrowDown');
      await page.keyboard.press('Enter');
      await to.focus();
    }
    await sheet.getByRole('textbox', { name: 'What it is called' }).fill('Glazes');
    await page.keyboard.press('Enter');
    await sheet.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Dialog: Glazes' }).getByText('Say hello.').waitFor();
    await page.context().close();
  });
});

describe('from anywhere', () => {
  it('dialogs are one press away with what is unread, and people in the account’s menu', async () => {
    const page = await gallery.open('dialogs-noticed');
    await page.getByRole('link', { name: 'Open', exact: true }).waitFor();
    const entry = page.getByRole('link', { name: 'Dialogs, 3 unread' });
    await entry.waitFor();
    await page.getByRole('button', { name: 'Your account' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page), SOON).toBe('Your room');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('People');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'They want to be friends' }).waitFor();
    await page.getByRole('link', { name: 'Open', exact: true }).click();
    await rows(page).last().waitFor();
    // What was opened and read is unread no more.
    await page.getByRole('link', { name: 'Dialogs', exact: true }).waitFor();
    await page.context().close();
  });
});

describe('a dialog', () => {
  it('is pinned, muted and renamed, and the list follows', async () => {
    const page = await opened('dialog-group');
    const menu = page.getByRole('button', { name: 'What to do with this dialog' });
    const row = page.getByRole('link', { name: /Sunday’s kiln/ });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Mute' }).click();
    await row.getByLabel('Muted').waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Unpin' }).click();
    await row.getByLabel('Pinned').waitFor({ state: 'detached' });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'What it is called' }).fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: /Jonas, Tomás/ }).waitFor();
    await page.context().close();
  });

  it('is left only after a question, and gone from the list then', async () => {
    const page = await opened('dialog-group');
    await page.getByRole('button', { name: 'What to do with this dialog' }).click();
    await page.getByRole('menuitem', { name: 'Leave' }).click();
    await page.getByRole('dialog', { name: 'Leave this dialog?' }).getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'You are no longer in this dialog' }).waitFor();
    await page.getByRole('link', { name: /Sunday’s kiln/ }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('of two is blocked and unblocked in place', async () => {
    const page = await opened('dialog');
    await page.getByRole('button', { name: 'What to do with this dialog' }).click();
    await page.getByRole('menuitem', { name: 'Block 林晓雨' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
    await page.getByText('You blocked 林晓雨.').waitFor();
    await page.getByRole('button', { name: 'Unblock' }).click();
    await write(page).waitFor();
    await page.context().close();
  });

  it('stands beside the list where there is place, and one at a time on a phone, with a way back', async () => {
    const page = await opened('dialog', PHONE);
    const list = page.getByRole('navigation', { name: 'Your dialogs' });
    expect(await list.isVisible()).toBe(false);
    const sizes = await page.locator('.talk button, .talk textarea').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).filter((box) => box.width > 0).map((box) => Math.min(box.width, box.height)));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(43.9);
    await page.getByRole('button', { name: 'Back to your dialogs' }).click();
    await list.waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('dialog_lin');
    expect(await page.getByRole('log').count()).toBe(0);
    await page.context().close();
  });
});

describe('friends', () => {
  it('are asked, accepted, and written to', async () => {
    const page = await gallery.open('people');
    await page.getByRole('button', { name: 'Accept Олена' }).click();
    await page.getByRole('button', { name: 'Accept Олена' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Write to Олена' }).waitFor();
    await page.getByRole('textbox', { name: 'Find people' }).fill('priya');
    await page.getByRole('button', { name: 'Add friend: Priya' }).click();
    await page.getByRole('button', { name: 'Take back: Priya' }).waitFor();
    await page.getByRole('button', { name: 'Write to Priya' }).click();
    await page.waitForURL('**/dialogs/**');
    await page.getByRole('region', { name: 'Dialog: Priya' }).waitFor();
    await page.context().close();
  });
});

describe('every state of them', () => {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  const scenes = ['dialogs', 'dialogs-none', 'dialogs-failed', 'dialogs-drafts', 'dialog', 'dialog-group', 'dialog-hard', 'dialog-empty', 'dialog-missing', 'dialog-blocked', 'dialog-reconnecting', 'people'];
  it.each([['desktop', 'dark'], ['desktop', 'light'], ['phone', 'dark'], ['phone', 'light']] as const)('is without a fault that axe finds, and within the window: %s, %s', async (size, theme) => {
    for (const scene of scenes) {
      const page = await gallery.open(scene, { ...(size === 'phone' ? PHONE : {}), preferences: { theme } });
      await page.locator('[data-row], li[data-id], .blank, .rows, [role=alert], .empty').first().waitFor({ state: 'attached' });
      await frames(page);
      await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity));
      await page.addScriptTag({ path: axe });
      const found = await page.evaluate(() => (globalThis as unknown as { axe: { run(on: Document, how: object): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> } })
        .axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      expect(found.violations.map((one) => `${scene}: ${one.id} ${one.nodes.map((node) => node.target).join(' ')}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), scene).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  }, 240_000);
});
