import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

/** A screen comes in pieces, and the machine may be busy. */
const SOON = { timeout: 20_000 };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const write = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const rows = (page: Page) => page.locator('li[data-id]');
const items = (page: Page) => page.getByRole('list', { name: 'On the way' }).getByRole('listitem');
const attach = (page: Page) => page.getByRole('button', { name: 'Send a photo or video' });
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? '');
async function opened(scene: string, options: Parameters<Gallery['open']>[1] = {}) {
  const page = await gallery.open(scene, options);
  await rows(page).last().waitFor();
  return page;
}
const film = (name: string) => ({ name, mimeType: 'video/mp4', buffer: Buffer.alloc(3_000) });

describe('what is sent beside words', () => {
  it('is picked by keys alone, goes with what was written, and is cancelled', async () => {
    const page = await opened('dialog');
    await write(page).fill('both of them');
    await attach(page).focus();
    // Asked for before what the page is waited for: a busy page takes keys before it takes that one listens.
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page), SOON).toBe('Photos and videos');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles([film('one.mp4'), film('two.mp4')]);
    await items(page).nth(1).waitFor();
    expect(await write(page).inputValue()).toBe('');
    expect(await items(page).first().innerText()).toContain('both of them');
    expect(await items(page).nth(1).innerText()).not.toContain('both of them');
    // What is on its way is in view, beneath what was said.
    await items(page).nth(1).getByText('Sending', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('log').evaluate((log) => Math.round(log.scrollHeight - log.scrollTop - log.clientHeight)), SOON).toBe(0);
    await page.getByRole('button', { name: 'Cancel: one.mp4' }).click();
    await expect.poll(() => items(page).count(), SOON).toBe(1);
    await page.context().close();
  });

  it('is dropped onto the talk, or pasted; words beside a picture are pasted as words', async () => {
    const page = await opened('dialog');
    const give = (kind: 'drop' | 'paste', text: string) => page.getByRole('region', { name: /^Dialog:/ }).evaluate((view, { kind, text }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(900)], `${kind}.png`, { type: 'image/png' }));
      if (text) data.setData('text/plain', text);
      const init = { bubbles: true, cancelable: true };
      view.dispatchEvent(kind === 'drop' ? new DragEvent('drop', { ...init, dataTransfer: data }) : new ClipboardEvent('paste', { ...init, clipboardData: data }));
    }, { kind, text });
    await give('drop', '');
    await page.getByRole('listitem', { name: 'Photo: drop.png' }).waitFor();
    await give('paste', 'a cell of a table');
    await give('paste', '');
    await page.getByRole('listitem', { name: 'Photo: paste.png' }).waitFor();
    expect(await items(page).count()).toBe(2);
    await page.context().close();
  });

  it('says how it stands, and takes no other file in place of its own', async () => {
    const page = await opened('dialog-stopped');
    expect(await page.locator('[data-sending] .stands').allInnerTexts()).toEqual(['2 videos are before it', 'No connection. It goes on by itself.', 'Another tab or device sends it.', 'Stopped. Pick the file again to go on.']);
    const stopped = page.locator('[data-sending="needs_file"]');
    await stopped.locator('input').setInputFiles(film('another.mp4'));
    await stopped.getByRole('alert').waitFor();
    await stopped.locator('input').setInputFiles(film('a-very-long-name-of-a-file-that-a-camera-gave-it-20260711_183022.mov'));
    await page.getByText('Waits its turn').waitFor();
    await page.context().close();
  });

  it('that failed says which it is and why, is tried again only where that may help, and is taken away', async () => {
    const page = await opened('dialog-send-failed');
    const failed = page.getByRole('region', { name: 'Not sent' }).getByRole('listitem');
    await failed.nth(2).waitFor();
    expect(await failed.locator('.name').allInnerTexts()).toEqual(['kiln-1.mp4', 'a-very-long-name-of-a-file-that-a-camera-gave-it-20260711_183022.mov', 'kiln-3.mp4']);
    expect(await failed.locator('.why').allInnerTexts()).toEqual([
      'Its end is missing. Was it copied whole?', 'Your videos may take 53.7 GB together. Delete one, and try again.', 'The server’s disk is full. Whoever runs it can make room.',
    ]);
    expect(await failed.first().getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await failed.nth(1).getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => failed.count(), SOON).toBe(2);
    await page.locator('[data-sending="waiting"]').waitFor();
    await failed.first().getByRole('button', { name: 'Remove: kiln-1.mp4' }).click();
    await expect.poll(() => failed.count(), SOON).toBe(1);
    await expect.poll(() => focused(page), SOON).toBe('Try again');
    await failed.getByRole('button', { name: 'Remove: kiln-3.mp4' }).click();
    await expect.poll(() => failed.count(), SOON).toBe(0);
    await expect.poll(() => focused(page), SOON).toBe('Message');
    await page.context().close();
  });

  it.each([['a desktop', {}], ['a phone', PHONE]] as const)('that failed hides nothing of what was said last, on %s', async (_name, options) => {
    const page = await opened('dialog-send-failed', options);
    const tray = page.getByRole('region', { name: 'Not sent' });
    await tray.waitFor();
    const inView = () => page.evaluate(() => {
      const [last, log, tray, write] = [[...document.querySelectorAll('li[data-id] .bubble')].at(-1), document.querySelector('[role=log]'), document.querySelector('.unsent'), document.querySelector('.composer')].map((one) => one?.getBoundingClientRect());
      return last && log && tray && write ? last.bottom <= log.bottom && log.bottom <= tray.top + 1 && tray.bottom <= write.top + 1 && tray.height < innerHeight / 3 + 48 : false;
    });
    await expect.poll(inView, SOON).toBe(true);
    await tray.getByRole('button', { name: 'Remove all' }).click();
    await tray.waitFor({ state: 'detached' });
    await page.context().close();
  });
});

describe('recording without a camera', () => {
  it('says so in plain words, and gives the focus back', async () => {
    const page = await opened('dialog');
    await attach(page).click();
    await page.getByRole('menuitem', { name: 'Record with the camera' }).click();
    const sheet = page.getByRole('dialog', { name: 'Record a video' });
    await sheet.getByRole('alert').waitFor();
    expect(await sheet.getByRole('alert').innerText()).toMatch(/No camera was found|may not be used/);
    await sheet.getByRole('button', { name: 'Try again' }).click();
    await sheet.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    await page.context().close();
  });
});

describe('pictures in a talk', () => {
  it('have their own shape before anything of them has come', async () => {
    const page = await opened('dialog-pictures');
    const shapes = await page.locator('.carried').evaluateAll((all) => all.map((one) => Number((one.clientWidth / one.clientHeight).toFixed(2))));
    [1.5, 1, 1.78, 0.56, 1.78, 0.67, 2.4].forEach((shape, at) => expect(shapes[at]).toBeCloseTo(shape, 1));
    await page.context().close();
  });

  it('stand in the list and in a quote as what they are', async () => {
    const page = await opened('dialog-pictures');
    await page.getByRole('link', { name: /Pictures.*Photo/s }).waitFor();
    await rows(page).filter({ hasText: 'How did you hold the camera?' }).getByRole('button', { name: /Ana Petrović.*Video/s }).waitFor();
    await page.getByText('This video is no longer here.').waitFor();
    await page.context().close();
  });

  it('are opened by keys, gone through, made larger, taken away, and closed', async () => {
    const page = await opened('dialog-pictures');
    const jar = rows(page).filter({ hasText: 'The jar, before and after' });
    await jar.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Open the photo' }).click();
    const viewer = page.getByRole('dialog', { name: 'Photo' });
    await viewer.getByText('3 of 4').waitFor();
    await page.keyboard.press('ArrowLeft');
    await viewer.getByText('2 of 4').waitFor();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    expect(await viewer.locator('[data-zoom]').getAttribute('data-zoom')).toBe('2.25');
    await page.keyboard.press('-');
    expect(await viewer.locator('[data-zoom]').getAttribute('data-zoom')).toBe('1.50');
    await page.keyboard.press('ArrowRight');
    expect(await viewer.locator('[data-zoom]').getAttribute('data-zoom')).toBe('1.00');
    const box = await viewer.locator('.stage').boundingBox();
    await page.mouse.dblclick((box?.x ?? 0) + 300, (box?.y ?? 0) + 200);
    expect(await viewer.locator('[data-zoom]').getAttribute('data-zoom')).toBe('2.50');
    await page.keyboard.press('ArrowRight');
    expect(await viewer.getByRole('button', { name: 'The next one' }).isDisabled()).toBe(true);
    expect(await viewer.getByRole('link', { name: 'Download' }).getAttribute('download')).not.toBeNull();
    await page.keyboard.press('Escape');
    await viewer.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('that are films play in the dialog’s player', async () => {
    const page = await opened('dialog-pictures');
    await page.getByRole('button', { name: 'Play the video “Opening the kiln”, 3:24' }).click();
    await page.getByRole('region', { name: 'Films in this dialog' }).waitFor();
    await page.context().close();
  });
});

describe('every state of them', () => {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  const scenes = ['dialog-pictures', 'dialog-attach', 'dialog-sending', 'dialog-stopped', 'dialog-send-failed', 'dialog-viewer'];
  it.each([['desktop', 'dark'], ['desktop', 'light'], ['phone', 'dark'], ['phone', 'light']] as const)('is without a fault that axe finds, and within the window: %s, %s', async (size, theme) => {
    for (const scene of scenes) {
      const page = await opened(scene, { ...(size === 'phone' ? PHONE : {}), preferences: { theme } });
      if (scene === 'dialog-attach') await attach(page).click();
      if (scene === 'dialog-viewer') await page.getByRole('button', { name: /^Open the photo by Ana/ }).click();
      await page.locator('[data-sending], [data-carried], [role=menu]:popover-open').first().waitFor({ state: 'attached' });
      await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity));
      await page.addScriptTag({ path: axe });
      const found = await page.evaluate(() => (globalThis as unknown as { axe: { run(on: Document, how: object): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> } })
        .axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      expect(found.violations.map((one) => `${scene}: ${one.id} ${one.nodes.map((node) => node.target).join(' ')}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), scene).toBeLessThanOrEqual(0);
      if (size === 'phone') {
        const small = await page.locator('.item button, .unsent button, .composer button, dialog button, dialog a').evaluateAll((all) => all.map((one) => ({ name: one.textContent?.trim() || one.getAttribute('aria-label'), box: one.getBoundingClientRect() })).filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 43.9).map((one) => one.name));
        expect(small, scene).toEqual([]);
      }
      await page.context().close();
    }
  }, 240_000);
});
