/** What a person does with films in a dialog, in the library and on somebody's page, in real Chromium. */
import type { Page } from 'playwright-core';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

/** The machine may be busy. */
const SOON = { timeout: 20_000 };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const screen = (page: Page) => page.getByRole('region', { name: 'Films in this dialog' });
const row = (page: Page) => page.getByRole('list', { name: 'All films' }).getByRole('button');
const write = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const place = (page: Page) => page.evaluate(() => {
  const [film, talk] = ['.screening', '[role=log]'].map((one) => document.querySelector(one)?.getBoundingClientRect());
  return film && talk ? { beside: film.right <= talk.left + 1, above: film.bottom <= talk.top + 1, width_px: film.width } : null;
});
async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(on: Document, options: object): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> } };
    return (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map((one) => `${one.id} ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}

describe('films in a dialog', () => {
  it('play beside the talk on a wide screen, or above it, and stay so', async () => {
    const page = await gallery.open('dialog-films');
    await screen(page).waitFor();
    expect(await place(page)).toMatchObject({ beside: true, above: false });
    await page.getByRole('button', { name: 'Play above the talk' }).click();
    await page.waitForFunction(() => (document.querySelector('.screening')?.getBoundingClientRect().bottom ?? Infinity) <= (document.querySelector('[role=log]')?.getBoundingClientRect().top ?? 0) + 1);
    await page.goto(new URL('/gallery.html?scene=dialog-films', page.url()).href);
    await screen(page).waitFor();
    expect(await place(page)).toMatchObject({ beside: false, above: true });
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  it('are silent until they are touched, and obey their keys, not those of the talk', async () => {
    const page = await gallery.open('dialog-films');
    const sound = page.getByRole('button', { name: 'Tap for sound' });
    await sound.waitFor();
    expect(await page.locator('.screen video').evaluate((video: HTMLVideoElement) => video.muted)).toBe(true);
    await sound.focus();
    await page.keyboard.press('Enter');
    await sound.waitFor({ state: 'detached' });
    expect(await page.locator('.screen video').evaluate((video: HTMLVideoElement) => video.muted)).toBe(false);
    await row(page).first().focus();
    await page.keyboard.press('n');
    await page.getByRole('link', { name: 'The kiln, hour seven' }).waitFor();
    expect(await row(page).nth(1).getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('p');
    await page.getByRole('link', { name: '雨声，屋檐下，十一月' }).waitFor();
    await page.keyboard.press('k');
    await page.locator('.screen [aria-label="Play"]').first().waitFor();
    await write(page).fill('knp');
    expect(await write(page).inputValue()).toBe('knp');
    await page.locator('.screen [aria-label="Play"]').first().waitFor();
    await page.context().close();
  });

  it('list their keys, those of the talk’s player alone, and give the focus back', async () => {
    const page = await gallery.open('dialog-films');
    await row(page).first().focus();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await keys.getByText('Next and previous film').waitFor();
    expect(await keys.getByText('Theatre').count()).toBe(0);
    // While they are looked at, keys are not the film's.
    await page.keyboard.press('n');
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    expect(await row(page).first().getAttribute('aria-current')).toBe('true');
    await expect.poll(() => row(page).first().evaluate((button) => button === document.activeElement), SOON).toBe(true);
    await page.context().close();
  });

  it('are commented on at a moment, which can be taken back, and gone to from the message', async () => {
    const page = await gallery.open('dialog-films');
    const comment = page.getByRole('button', { name: /^Comment at 21:/ });
    await comment.click();
    const chip = page.getByText(/^At 21:\d\d$/);
    await chip.waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA');
    await page.getByRole('button', { name: 'Not about this moment' }).click();
    await chip.waitFor({ state: 'detached' });
    await comment.click();
    await chip.waitFor();
    await page.keyboard.press('Escape');
    await chip.waitFor({ state: 'detached' });
    await comment.click();
    await write(page).fill('that light');
    await page.keyboard.press('Enter');
    await chip.waitFor({ state: 'detached' });
    await page.locator('li[data-id]').filter({ hasText: 'that light' }).getByRole('button', { name: /^Play from 21:/ }).waitFor();
    await page.locator('li[data-id]').filter({ hasText: 'And the good microphone' }).getByRole('button', { name: 'Play from 1:23' }).click();
    await page.waitForFunction(() => document.querySelector('.screen .seek input')?.getAttribute('aria-valuetext')?.startsWith('1:2') === true);
    await page.context().close();
  });

  it('are closed for now, with a way back', async () => {
    const page = await gallery.open('dialog-films');
    await page.getByRole('button', { name: 'Close the player for now' }).click();
    await screen(page).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show the films: 3 unseen' }).click();
    await screen(page).waitFor();
    await page.context().close();
  });

  it('shrink into a corner while one reads what was said before, and come back by a tap; no message moves by that', async () => {
    const page = await gallery.open('dialog-films-long', PHONE);
    await screen(page).waitFor();
    const full = await place(page);
    expect(full).toMatchObject({ above: true, width_px: 390 });
    const list = page.getByRole('log');
    // What is watched takes its height when it has come, and the list its end after that.
    await page.waitForFunction(() => {
      const [film, log] = [document.querySelector('.screening'), document.querySelector('[role=log]')];
      return film !== null && log !== null && film.clientHeight > 250 && log.scrollHeight - log.scrollTop - log.clientHeight < 1;
    });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await list.evaluate((node) => { node.scrollTop -= 300; });
    // Not far enough: it would be back at the end at once.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect(await place(page)).toMatchObject({ above: true });
    await list.evaluate((node) => { node.scrollTop -= 1_200; });
    const large = page.getByRole('button', { name: 'Back to the newest, and large again' });
    await large.waitFor();
    expect((await place(page))?.width_px).toBeLessThan(220);
    expect(await violations(page)).toEqual([]);
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    expect(await large.count()).toBe(1);
    await large.tap();
    await large.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.querySelector('.screening')?.getBoundingClientRect().width === 390);
    await page.locator('li[data-id]').filter({ hasText: '· 100000' }).waitFor();
    await page.context().close();
  });

  it('are no box where there are none', async () => {
    const page = await gallery.open('dialog');
    await page.locator('li[data-id]').last().waitFor();
    expect(await page.locator('.screening').count()).toBe(0);
    await page.context().close();
  });

  it.each([['a desktop', {}], ['a phone', PHONE]] as const)('say in place what may not be watched any more, and what to do next, on %s', async (_name, options) => {
    const page = await gallery.open('dialog-films-gone', options);
    await page.getByRole('status').filter({ hasText: 'This film can’t be watched any more' }).waitFor();
    expect([await page.locator('.screen video').count(), await page.locator('.screen .controls').count()]).toEqual([0, 0]);
    expect(await violations(page)).toEqual([]);
    const stage = page.locator('.screen .stage');
    await stage.getByRole('button', { name: 'Next film' }).click();
    await stage.locator('video').waitFor();
    expect(await stage.getByText('can’t be watched').count()).toBe(0);
    await page.context().close();
    const other = await gallery.open('dialog-films-gone', options);
    await other.locator('.screen .stage').getByRole('button', { name: 'Close', exact: true }).click();
    await screen(other).waitFor({ state: 'detached' });
    await other.context().close();
  });
});

describe('a film', () => {
  it('has chapters, captions that are remembered, and a list of its keys', async () => {
    const page = await gallery.open('replay-uploaded');
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Chapters' }).click();
    await page.getByRole('menuitemradio', { name: /What cracked/ }).click();
    await page.waitForFunction(() => document.querySelector('.seek input')?.getAttribute('aria-valuetext')?.startsWith('50:11 · What cracked') === true);
    await page.getByRole('button', { name: 'Captions' }).click();
    await page.getByRole('menuitemradio', { name: 'Chinese' }).click();
    const modes = () => page.locator('video').evaluate((video: HTMLVideoElement) => [...video.textTracks].map((one) => `${one.language} ${one.mode}`));
    await expect.poll(modes).toEqual(['en disabled', 'zh hidden', 'en-GB disabled']);
    await page.keyboard.press('Escape');
    await page.keyboard.press('v');
    await expect.poll(modes).toEqual(['en disabled', 'zh disabled', 'en-GB disabled']);
    await page.keyboard.press('v');
    await expect.poll(modes).toEqual(['en hidden', 'zh disabled', 'en-GB disabled']);
    await page.goto(new URL('/gallery.html?scene=replay-uploaded', page.url()).href);
    await page.locator('video').waitFor();
    await expect.poll(modes).toEqual(['en hidden', 'zh disabled', 'en-GB disabled']);
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog');
    await keys.getByText('Captions on and off').waitFor();
    expect([await keys.getByText('Theatre').count(), await keys.getByText('Next and previous film').count()]).toEqual([1, 0]);
    await page.context().close();
  });
});

describe('what a film’s tracks are called', () => {
  it('is in the reader’s words, whatever the file calls its languages, and each another', async () => {
    const page = await gallery.open('replay-tracks');
    await page.keyboard.press('k');
    const choices = () => page.getByRole('menuitemradio').filter({ visible: true }).allInnerTexts();
    await page.getByRole('button', { name: 'Captions' }).click();
    await expect.poll(async () => (await choices()).map((one) => one.trim()), SOON).toEqual(['No captions', 'English', 'English 2', 'German', 'Captions 4', 'Captions 5 (qaa)', 'For the deaf']);
    // Two in one language are two choices.
    await page.getByRole('menuitemradio', { name: 'English 2' }).click();
    await expect.poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => [...video.textTracks].map((one) => one.mode)), SOON).toEqual(['disabled', 'hidden', 'disabled', 'disabled', 'disabled', 'disabled']);
    await page.getByRole('button', { name: 'Quality' }).click();
    await expect.poll(async () => (await choices()).slice(-4).map((one) => one.trim()), SOON).toEqual(['English', 'English 2', 'Sound 3', 'Commentary']);
    await page.context().close();
    const chinese = await gallery.open('replay-tracks', { query: '&language=zh' });
    await chinese.keyboard.press('k');
    await chinese.getByRole('button', { name: '字幕' }).click();
    await expect.poll(async () => (await chinese.getByRole('menuitemradio').filter({ visible: true }).allInnerTexts()).map((one) => one.trim()), SOON).toEqual(['不显示字幕', '英语', '英语 2', '德语', '字幕 4', '字幕 5 (qaa)', 'For the deaf']);
    await chinese.context().close();
  });
});

describe('captions', () => {
  const said = (page: Page) => page.locator('.captions').getByText('The door is warm still.');
  const heights = (page: Page) => page.evaluate(() => {
    const [words, seek, stage] = ['.captions p span', '.controls .seek', '.stage'].map((one) => document.querySelector(one)?.getBoundingClientRect());
    const shown = getComputedStyle(document.querySelector('.controls') ?? document.body).visibility === 'visible';
    return words && seek && stage ? { shown, above_px: seek.top - words.bottom, end_px: stage.bottom - words.bottom, within: words.left >= stage.left && words.right <= stage.right } : null;
  });

  it.each([['a desktop', {}], ['a phone', PHONE]] as const)('stand above the controls while these show, and lower once they are gone, on %s', async (_name, options) => {
    const page = await gallery.open('replay-uploaded', { ...options, preferences: { captions: 'en' } });
    await said(page).waitFor();
    // What is paused keeps its controls.
    await page.keyboard.press('k');
    await page.locator('.controls').getByRole('button', { name: 'Play', exact: true }).waitFor();
    await expect.poll(async () => { const at = await heights(page); return at !== null && at.shown && at.within && at.above_px >= 4 && at.above_px < 40; }, SOON).toBe(true);
    await page.keyboard.press('k');
    await expect.poll(async () => { const at = await heights(page); return at !== null && !at.shown && at.end_px > 0 && at.end_px < 50; }, SOON).toBe(true);
    await page.context().close();
  });

  it('are there in full screen as well', async () => {
    const page = await gallery.open('replay-uploaded', { preferences: { captions: 'en' } });
    await said(page).waitFor();
    await page.keyboard.press('k');
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement?.querySelector('.captions p span')?.textContent === 'The door is warm still.');
    await expect.poll(async () => { const at = await heights(page); return at !== null && at.shown && at.within && at.above_px >= 4 && at.above_px < 40; }, SOON).toBe(true);
    await page.context().close();
  });
});

describe('the library', () => {
  it('says who may watch a film in plain words, and gives the address of its link', async () => {
    const page = await gallery.open('library');
    await page.getByRole('button', { name: 'Who may watch: Everyone' }).press('Enter');
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('radio', { name: /^Whoever has the link/ }).check();
    await sheet.getByText('Now: Whoever has the link.').waitFor();
    expect(await sheet.getByRole('textbox', { name: 'Its address' }).inputValue()).toMatch(/\/videos\/video_mine7\?link=3qkWm1xV0sJf7aYpZc9dTg$/);
    await sheet.getByRole('button', { name: 'Make a new link' }).click();
    await expect.poll(() => sheet.getByRole('textbox', { name: 'Its address' }).inputValue()).toMatch(/\?link=Qb2nn7T0aLz8yV$/);
    expect(await violations(page)).toEqual([]);
    // Only what was recorded in a room can be for whom the room admits.
    expect(await sheet.getByRole('radio').count()).toBe(5);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Who may watch: Whom the room admits' }).click();
    expect(await sheet.getByRole('radio').count()).toBe(6);
    await page.context().close();
  });

  it('finds films by their titles, tries a failed one again, and names what goes before it deletes', async () => {
    const page = await gallery.open('library');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Being prepared: 0 %').waitFor();
    await page.getByLabel('Search your films').fill('friends');
    await page.getByRole('list', { name: 'Your films' }).getByRole('listitem').nth(1).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Options for “For friends”' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByText('in every dialog where you shared it, with the original file').waitFor();
    await page.getByRole('button', { name: 'Delete film' }).click();
    await page.getByRole('heading', { name: 'For friends' }).waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Your films');
    await page.context().close();
  });

  it('sets chapters at the film’s time, and takes subtitles', async () => {
    const page = await gallery.open('library');
    const options = page.getByRole('button', { name: /^Options for “Sieving ash/ });
    await options.click();
    await page.getByRole('menuitem', { name: 'Chapters' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('slider', { name: 'Position' }).press('ArrowRight');
    await sheet.getByRole('button', { name: 'Add at 0:05' }).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Title of the chapter at 0:05');
    await page.keyboard.type('The sieve');
    // No two begin at the same time: it is said why, where one looks, until one is elsewhere.
    await sheet.getByRole('button', { name: 'Add at 0:05' }).click();
    await sheet.getByRole('alert').filter({ hasText: 'A chapter begins at 0:05 already.' }).waitFor();
    expect(await sheet.getByRole('textbox').count()).toBe(3);
    await sheet.getByRole('slider', { name: 'Position' }).press('ArrowRight');
    await sheet.getByRole('alert').waitFor({ state: 'detached' });
    await sheet.getByRole('button', { name: 'Remove the chapter at 1:01' }).click();
    await sheet.getByRole('button', { name: 'Save' }).click();
    await sheet.waitFor({ state: 'detached' });
    await options.click();
    await page.getByRole('menuitem', { name: 'Chapters' }).click();
    await expect.poll(() => sheet.getByRole('textbox').evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value))).toEqual(['Ash', 'The sieve']);
    await page.keyboard.press('Escape');
    await options.click();
    await page.getByRole('menuitem', { name: 'Subtitles' }).click();
    await sheet.getByText('in the film itself').waitFor();
    await sheet.getByLabel('File (.vtt, .srt)').setInputFiles({ name: 'ash.srt', mimeType: 'application/x-subrip', buffer: Buffer.from('1\n00:00:00,000 --> 00:00:02,000\nAsh\n') });
    await sheet.getByLabel('Language').fill('pt-BR');
    await sheet.getByRole('button', { name: 'Add', exact: true }).click();
    await sheet.getByText('Added.').waitFor();
    await sheet.getByRole('button', { name: 'Take off: Brazilian Portuguese' }).click();
    await sheet.getByRole('button', { name: 'Take off: Brazilian Portuguese' }).waitFor({ state: 'detached' });
    await sheet.getByLabel('File (.vtt, .srt)').setInputFiles({ name: 'large.vtt', mimeType: 'text/vtt', buffer: Buffer.alloc((2 << 20) + 1) });
    await sheet.getByText('The file is larger than').waitFor();
    expect(await sheet.getByRole('button', { name: 'Add', exact: true }).isDisabled()).toBe(true);
    await page.context().close();
  });
});

describe('somebody’s page', () => {
  it('is where one asks, takes back, follows and blocks, with a question', async () => {
    const page = await gallery.open('person');
    await page.getByRole('button', { name: 'Add friend' }).click();
    await page.getByText('Asked to be friends').waitFor();
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    expect(await page.getByRole('button', { name: 'Following' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'More about Mira Halvorsen' }).click();
    await page.getByRole('menuitem', { name: 'Block' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
    await page.getByText('You blocked Mira Halvorsen.').waitFor();
    expect(await page.getByRole('button', { name: 'Write' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Unblock' }).click();
    await page.getByRole('button', { name: 'Write' }).waitFor();
    await page.context().close();
  });

  it('looks the same where nobody is and where one may not see somebody, and offers nothing to who isn’t signed in', async () => {
    const missing = await gallery.open('person-missing');
    await missing.getByText('There is nobody here').waitFor();
    await missing.context().close();
    const page = await gallery.open('person-signed-out');
    await page.getByRole('link', { name: 'To their room' }).waitFor();
    expect(await page.getByRole('main').getByRole('button', { name: /Write|Follow|Add friend|More about/ }).count()).toBe(0);
    await page.context().close();
  });
});
