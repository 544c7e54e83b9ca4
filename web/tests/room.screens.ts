import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const log = (page: Page) => page.getByRole('log');
const write = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const lastRow = (page: Page) => page.locator('li[data-id]').last();

/** The first row in view and how far below the top of the list it begins. */
function place(page: Page) {
  return log(page).evaluate((list) => {
    const top = list.getBoundingClientRect().top;
    for (const row of list.querySelectorAll<HTMLElement>('[data-id]')) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top) return { id: row.dataset.id ?? '', top_px: box.top - top, rows: list.querySelectorAll('[data-id]').length };
    }
    return null;
  });
}

/** How far below the top of the list a row begins; NaN when it is not on the page. */
function topOf(page: Page, id: string) {
  return log(page).evaluate((list, wanted) => {
    const row = list.querySelector(`[data-id="${wanted}"]`);
    return row ? row.getBoundingClientRect().top - list.getBoundingClientRect().top : Number.NaN;
  }, id);
}

describe('the chat', () => {
  it('shows my message at once, marks it until it is stored, and keeps its row', async () => {
    const page = await gallery.open('room');
    await write(page).fill('good evening');
    await write(page).press('Enter');
    const row = lastRow(page);
    await row.getByText('good evening').waitFor();
    const id = await row.getAttribute('data-id');
    await row.getByText('Sending').waitFor({ state: 'attached' });
    await row.getByText('Sending').waitFor({ state: 'detached' });
    expect(await lastRow(page).getAttribute('data-id')).toBe(id);
    expect(await write(page).inputValue()).toBe('');
    await page.context().close();
  });

  it('lets a failed message be sent again', async () => {
    const page = await gallery.open('room');
    await write(page).fill('this will fail');
    await write(page).press('Enter');
    await lastRow(page).getByText(/^Not sent/).waitFor();
    await lastRow(page).getByRole('button', { name: 'Send again' }).click();
    await lastRow(page).getByText(/^Not sent/).waitFor({ state: 'detached' });
    await lastRow(page).getByText('this will fail').waitFor();
    await page.context().close();
  });

  it('makes nothing of a message into HTML', async () => {
    const page = await gallery.open('chat-hard');
    await page.getByText('<img src=x onerror=alert(1)> <b>not bold</b> &amp; plain').waitFor();
    expect(await page.locator('li[data-id] img, li[data-id] b, li[data-id] script').count()).toBe(0);
    const links = await page.locator('li[data-id] a').evaluateAll((all) => all.map((link) => ({ href: (link as HTMLAnchorElement).href, rel: link.getAttribute('rel'), target: link.getAttribute('target') })));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      expect(link.href).toMatch(/^https?:\/\//);
      expect(link.href).not.toContain('evil');
      expect(link).toMatchObject({ rel: 'noopener nofollow ugc', target: '_blank' });
    }
    expect(await log(page).evaluate((list) => list.scrollWidth - list.clientWidth)).toBe(0);
    await page.context().close();
  });

  it('keeps the reader’s place while history comes in above, with a bounded page', async () => {
    const page = await gallery.open('chat-long');
    await lastRow(page).waitFor();
    for (let step = 0; step < 12; step += 1) {
      // Nearer to the edge than where more is fetched, by the wheel's own way of small steps.
      const before = await log(page).evaluate((list) => {
        list.scrollTop -= 500;
        const top = list.getBoundingClientRect().top;
        const row = [...list.querySelectorAll<HTMLElement>('[data-id]')].find((one) => one.getBoundingClientRect().bottom > top);
        return { id: row?.dataset.id ?? '', top_px: (row?.getBoundingClientRect().top ?? 0) - top };
      });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      expect(Math.abs((await topOf(page, before.id)) - before.top_px), `step ${step}, row ${before.id}`).toBeLessThan(2);
    }
    expect(await page.locator('li[data-id]').count()).toBeLessThanOrEqual(240);
    await page.context().close();
  });

  it('pages back at the beginning of what it holds, without a jump', async () => {
    const page = await gallery.open('room');
    await lastRow(page).waitFor();
    await log(page).evaluate((list) => { list.scrollTop = 0; });
    const before = await place(page);
    await page.waitForFunction((rows) => document.querySelectorAll('li[data-id]').length > rows, before?.rows ?? 0);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    expect(Math.abs((await topOf(page, before?.id ?? '')) - (before?.top_px ?? 0))).toBeLessThan(2);
    await page.context().close();
  });

  it('offers the way to the newest when the reader has left it, and takes them there', async () => {
    const page = await gallery.open('room');
    await lastRow(page).waitFor();
    await log(page).evaluate((list) => { list.scrollTop = 0; });
    await page.getByRole('button', { name: 'To the newest' }).click();
    await page.waitForFunction(() => {
      const list = document.querySelector('[role=log]');
      return list !== null && list.scrollHeight - list.scrollTop - list.clientHeight < 2;
    });
    await page.getByRole('button', { name: 'To the newest' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('is one tab stop; arrows, Enter and R do the rest', async () => {
    const page = await gallery.open('room');
    await lastRow(page).waitFor();
    expect(await page.locator('li[data-id][tabindex="0"]').count()).toBe(1);
    await page.locator('li[data-id][tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    const target = await page.evaluate(() => document.activeElement?.getAttribute('data-id'));
    await page.keyboard.press('Enter');
    const menu = page.getByRole('menu', { name: 'What to do with this message' });
    await menu.waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Reply');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Copy text');
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-id'))).toBe(target);
    await page.keyboard.press('r');
    await page.getByText(/^Replying to/).waitFor();
    expect(await write(page).evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByText(/^Replying to/).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('deletes to a tombstone, and asks before banning', async () => {
    const page = await gallery.open('host-live');
    const row = page.locator('li[data-id]', { hasText: 'The light on the rim' }).last();
    await row.hover();
    await row.getByRole('button', { name: 'What to do with this message' }).click();
    await page.getByRole('menuitem', { name: 'Ban from this room' }).click();
    await page.getByRole('dialog', { name: 'Ban Kofi?' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const id = await row.getAttribute('data-id');
    await row.hover();
    await row.getByRole('button', { name: 'What to do with this message' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.locator(`li[data-id="${id}"]`).getByText('Message deleted').waitFor();
    expect(await page.locator(`li[data-id="${id}"]`).textContent()).not.toContain('The light on the rim');
    await page.context().close();
  });

  it('completes a mention by keyboard', async () => {
    const page = await gallery.open('room');
    await write(page).pressSequentially('hi @jo');
    await page.getByRole('option', { name: /Jonas/ }).waitFor();
    await page.keyboard.press('Enter');
    expect(await write(page).inputValue()).toBe('hi @jonas ');
    await page.getByRole('listbox').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('does not send what an input method is still composing', async () => {
    const page = await gallery.open('room');
    const before = await page.locator('li[data-id]').count();
    await write(page).fill('你好');
    await write(page).evaluate((field) => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })));
    expect(await write(page).inputValue()).toBe('你好');
    expect(await page.locator('li[data-id]').count()).toBe(before);
    await page.context().close();
  });

  it('waits out slow mode and says how long', async () => {
    const page = await gallery.open('chat-slow');
    await write(page).fill('soon');
    const send = page.getByRole('button', { name: /^Send in \d+ s$/ });
    await send.waitFor();
    expect(await send.isDisabled()).toBe(true);
    await write(page).press('Enter');
    expect(await write(page).inputValue()).toBe('soon');
    await page.context().close();
  });

  it('lets a guest in, in one step and in place', async () => {
    const page = await gallery.open('room-guest-entry');
    await page.getByRole('textbox', { name: 'Your name here' }).fill('Kofi');
    await page.getByRole('button', { name: 'Join the chat' }).click();
    await write(page).fill('hello');
    await write(page).press('Enter');
    await lastRow(page).getByText('hello').waitFor();
    await page.context().close();
  });
});

describe('the people', () => {
  it('can be muted, and let speak again, from the list', async () => {
    const page = await gallery.open('host-live');
    await page.getByRole('tab', { name: /^People/ }).click();
    await page.getByRole('button', { name: 'What to do about Priya' }).click();
    await page.getByRole('menuitem', { name: 'Mute for 10 minutes' }).click();
    await page.getByText('Priya is muted.').waitFor();
    await page.getByRole('button', { name: 'Lift for Max' }).click();
    await page.getByText('Max may come back.').waitFor();
    // Nobody acts on a host; they can be reported.
    await page.getByRole('button', { name: 'What to do about Mira Halvorsen' }).click();
    await page.getByRole('menu', { name: 'What to do about Mira Halvorsen' }).waitFor();
    expect((await page.getByRole('menuitem').allTextContents()).map((one) => one.trim())).toEqual(['Report']);
    await page.context().close();
  });
});

describe('the room', () => {
  it('follows its keys, and not while one writes', async () => {
    const page = await gallery.open('room');
    const theatre = () => page.evaluate(() => document.documentElement.classList.contains('theatre'));
    await page.keyboard.press('t');
    expect(await theatre()).toBe(true);
    await page.keyboard.press('t');
    expect(await theatre()).toBe(false);
    await page.keyboard.press('m');
    await page.getByRole('button', { name: 'Unmute' }).waitFor();
    await page.keyboard.press('c');
    await log(page).waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    expect(await write(page).evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.type('mtc?');
    expect(await write(page).inputValue()).toBe('mtc?');
    expect(await theatre()).toBe(false);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('opens its menus above their buttons, with the first choice in focus', async () => {
    const page = await gallery.open('room');
    const button = page.getByRole('button', { name: 'Quality' });
    await button.click();
    const menu = page.getByRole('menu', { name: 'Quality' });
    await menu.getByRole('menuitemradio').first().waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'menuitemradio');
    const [below, above] = [await button.boundingBox(), await menu.boundingBox()];
    expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual((below?.y ?? 0) + 5);
    await page.getByRole('menuitemradio', { name: '360p' }).click();
    await menu.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  it('pauses at once and goes on with what is live', async () => {
    const page = await gallery.open('room');
    const paused = () => page.locator('video.main').evaluate((video) => (video as HTMLVideoElement).paused);
    await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('video.main')?.paused === false);
    await page.keyboard.press('k');
    expect(await paused()).toBe(true);
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('video.main')?.paused === false);
    await page.context().close();
  });

  it('starts sound when tapped', async () => {
    const page = await gallery.open('room-sound-blocked');
    await page.getByRole('button', { name: 'Tap for sound' }).click();
    await page.getByRole('button', { name: 'Tap for sound' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('asks before ending, and ends', async () => {
    const page = await gallery.open('host-live');
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('button', { name: 'Stay live' }).click();
    await page.getByRole('group', { name: 'Your broadcast' }).waitFor();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('button', { name: 'End broadcast' }).click();
    await page.getByRole('group', { name: 'Your broadcast' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('says what to do about each thing that keeps a host from going live', async () => {
    const page = await gallery.open('host-green-room-denied');
    await page.getByText('The camera is blocked.').waitFor();
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Go live' }).isDisabled()).toBe(true);
    await page.getByRole('alert').filter({ hasText: 'The microphone is blocked.' }).getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The microphone is blocked.').waitFor({ state: 'detached' });
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Go live' }).isEnabled()).toBe(true);
    await page.context().close();
  });

  it('changes language in place, everywhere at once', async () => {
    const page = await gallery.open('room');
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitemradio', { name: '中文' }).click();
    await page.getByRole('tab', { name: /^聊天/ }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
    await page.context().close();
  });

  it('gives a finger 44 pixels for everything it touches', async () => {
    const page = await gallery.open('room', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await lastRow(page).waitFor();
    const small = await page.locator('button:visible, a.button:visible, summary:visible').evaluateAll((all) => all
      .filter((one) => !one.closest('li[data-id]'))
      .map((one) => ({ name: one.getAttribute('aria-label') ?? one.textContent, box: one.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
      .map(({ name, box }) => `${name}: ${box.width}×${box.height}`));
    expect(small).toEqual([]);
    await page.context().close();
  });
});
