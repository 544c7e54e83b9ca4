/** What a person does with a film, and with what floats over it, in real Chromium. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const position = (page: Page) => page.getByRole('slider', { name: 'Position' });
const layer = (page: Page) => page.locator('canvas.floating');
const floats = (page: Page, some: boolean) => page.waitForFunction((wanted) => {
  const canvas = document.querySelector<HTMLCanvasElement>('canvas.floating');
  return canvas !== null && (Number(canvas.dataset.floating) > 0) === wanted;
}, some);
/** Opaque pixels of the layer, by rows of a tenth of its height. */
const inked = (page: Page) => layer(page).evaluate((node) => {
  const canvas = node as HTMLCanvasElement;
  const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: new Uint8ClampedArray() };
  const rows = new Array<number>(10).fill(0);
  for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 128) rows[Math.floor((10 * (at >> 2)) / canvas.width / canvas.height)]! += 1;
  return rows;
});
/** Opens the settings; while the film stands its controls stay. */
async function openSettings(page: Page): Promise<void> {
  await page.locator('.seek').waitFor({ state: 'attached' });
  await page.keyboard.press('k');
  await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Floating messages' }).click();
}
const stored = (page: Page) => page.evaluate(() => JSON.parse(localStorage.getItem('hearth.floating') ?? 'null') as { settings: Record<string, unknown> } | null);

describe('a film', () => {
  it('plays, pauses and is sought by keys', async () => {
    const page = await gallery.open('replay');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await page.keyboard.press('k');
    // The controls may be gone again by now.
    await page.locator('.controls [aria-label="Pause"]').waitFor({ state: 'attached' });
    await page.keyboard.press('k');
    await page.keyboard.press('5');
    await page.waitForFunction(() => document.querySelector('.seek input')?.getAttribute('aria-valuetext') === '42:01 of 1:24:03');
    await page.keyboard.press('l');
    await page.waitForFunction(() => document.querySelector('.seek input')?.getAttribute('aria-valuetext')?.startsWith('42:11') === true);
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('.seek input')?.getAttribute('aria-valuetext')?.startsWith('0:00') === true);
    await page.keyboard.press('>');
    await page.getByRole('button', { name: /^Speed/ }).getByText('1.25×').waitFor();
    await page.context().close();
  });

  it('is sought at its bar, by pointer and by the bar’s own keys', async () => {
    const page = await gallery.open('replay');
    const box = await position(page).boundingBox();
    if (!box) throw new Error('the bar is there');
    await page.mouse.click(box.x + box.width / 4, box.y + box.height / 2);
    await page.waitForFunction(() => /^2[01]:/.test(document.querySelector('.seek input')?.getAttribute('aria-valuetext') ?? ''));
    const before = Number(await position(page).inputValue());
    await position(page).press('ArrowRight');
    await page.waitForFunction((from) => Math.abs(Number(document.querySelector<HTMLInputElement>('.seek input')?.value) - from - 5_000) < 1_500, before);
    await position(page).press('PageDown');
    await page.waitForFunction((from) => Number(document.querySelector<HTMLInputElement>('.seek input')?.value) < from - 50_000, before);
    await page.context().close();
  });

  it('shows its chat at the time at which it was said, and goes to a message’s time', async () => {
    const page = await gallery.open('replay-playing');
    const rows = page.getByRole('log').locator('li');
    await rows.first().waitFor();
    const time = await rows.last().locator('button').textContent();
    expect(time).toMatch(/^21:0/);
    // While the film stands the rows stand, too.
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    const first = rows.first().locator('button');
    const wanted = await first.textContent();
    await first.click();
    await page.waitForFunction((at) => document.querySelector('.seek input')?.getAttribute('aria-valuetext')?.startsWith(at) === true, wanted ?? '');
    await page.keyboard.press('0');
    await page.getByText('Nothing was said up to here').waitFor();
    await page.context().close();
  });
});

describe('what an owner does about a film', () => {
  it('is done by keys: it is renamed, and deleted after a question that names it', async () => {
    const page = await gallery.open('host-offline');
    const options = page.getByRole('button', { name: /^Options for/ });
    await options.first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Rename' }).press('Enter');
    const title = page.getByRole('dialog').getByLabel('Title');
    await title.fill('A kiln, opened');
    await title.press('Enter');
    await page.getByRole('link', { name: 'A kiln, opened' }).waitFor();
    await page.getByRole('button', { name: 'Options for “A kiln, opened”' }).press('Enter');
    await page.waitForFunction(() => document.activeElement?.textContent === 'Rename');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('A kiln, opened').waitFor();
    await page.getByRole('button', { name: 'Delete film' }).press('Enter');
    await page.getByText('“A kiln, opened” was deleted.').waitFor();
    expect(await page.getByRole('link', { name: 'A kiln, opened' }).count()).toBe(0);
    // The one that had the focus is gone; a reader goes on at the list.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Recordings');
    // One that is still being recorded can't be deleted.
    await options.last().press('Enter');
    await page.getByText('It can be deleted once it is recorded.').waitFor();
    expect(await page.getByRole('menuitem', { name: 'Delete' }).count()).toBe(0);
    await page.context().close();
  });

  it('is taken back by Cancel, and says in place what was declined', async () => {
    const page = await gallery.open('replay-mine');
    await page.getByRole('button', { name: /^Options for/ }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'Opening the kiln: nine hours of ash glaze', level: 2 }).waitFor();
    await page.context().close();
    const declined = await gallery.open('replay-delete-declined');
    await declined.getByRole('button', { name: /^Options for/ }).click();
    await declined.getByRole('menuitem', { name: 'Rename' }).click();
    await declined.getByRole('button', { name: 'Save' }).click();
    await declined.getByRole('dialog').getByText(/You are offline/).waitFor();
    expect(await declined.getByLabel('Title').getAttribute('aria-invalid')).toBe('true');
    await declined.context().close();
  });
});

describe('floating messages', () => {
  it('float over the picture, in their part of it, and can be turned off', async () => {
    const page = await gallery.open('replay-playing');
    await floats(page, true);
    const rows = await inked(page);
    expect(rows.slice(0, 3).reduce((a, b) => a + b)).toBeGreaterThan(500);
    // Half of the picture is theirs at first; those at the bottom of it stay within it too.
    expect(rows.slice(6).reduce((a, b) => a + b)).toBe(0);
    await openSettings(page);
    await page.getByRole('switch', { name: 'Messages float over the picture' }).click();
    await layer(page).waitFor({ state: 'detached' });
    expect((await stored(page))?.settings).toMatchObject({ on: false });
    await page.context().close();
  });

  it('stand while the picture stands, and are gone where nothing was said', async () => {
    const page = await gallery.open('replay-playing');
    await floats(page, true);
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    const two = () => page.evaluate(async () => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.floating');
      const look = () => canvas?.toDataURL();
      const first = look();
      for (let frames = 0; frames < 30; frames += 1) await new Promise(requestAnimationFrame);
      return { first, second: look() };
    });
    // The smooth clock comes to rest within a frame or two of the pause.
    await two();
    const { first, second } = await two();
    expect(second).toBe(first);
    await page.keyboard.press('Home');
    await floats(page, false);
    await page.context().close();
  });

  it('follow the viewer’s settings, and remember them', async () => {
    const page = await gallery.open('replay-playing');
    await floats(page, true);
    await openSettings(page);
    await page.getByRole('radio', { name: 'A quarter' }).check({ force: true });
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.floating');
      const data = canvas?.getContext('2d')?.getImageData(0, Math.ceil(canvas.height * 0.26), canvas.width, Math.floor(canvas.height * 0.7)).data;
      return data !== undefined && data.every((value, at) => at % 4 !== 3 || value === 0);
    });
    await page.getByRole('textbox', { name: 'Leave out messages with' }).fill('kiln');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Show messages with “kiln” again' }).waitFor();
    expect((await stored(page))?.settings).toMatchObject({ area: 0.25, words: ['kiln'] });
    await page.goto(new URL('/gallery.html?scene=replay-playing', page.url()).href);
    await openSettings(page);
    expect(await page.getByRole('radio', { name: 'A quarter' }).isChecked()).toBe(true);
    await page.context().close();
  });

  it('are off for who wants less motion, and stand still once turned on', async () => {
    const page = await gallery.open('replay-playing', { reducedMotion: 'reduce' });
    await openSettings(page);
    const toggle = page.getByRole('switch', { name: 'Messages float over the picture' });
    expect(await toggle.isChecked()).toBe(false);
    expect(await layer(page).count()).toBe(0);
    await toggle.click();
    await floats(page, true);
    await page.getByText('a few stand still').waitFor();
    await page.context().close();
  });
});
