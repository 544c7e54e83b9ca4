/** What one does about one's own films, and what others then see of them on one's page. */
import { expect } from '@playwright/test';
import { test } from './cast';
import { colorsSeen, isReady, makeFilm, upload, watchColors } from './films';
import { expectAccessible } from './people';

test('a film is named, given to people, subtitled and divided, seen on its owner’s page, and deleted', async ({ cast, browser }) => {
  test.slow();
  const { hearth, host: ana, bo } = cast;
  const film = await makeFilm('blue', 'magenta', 5);
  await bo.goto(`${hearth.url}/library`);
  await expect(bo.getByText('No films yet')).toBeVisible();
  await expectAccessible(bo, 'an empty library');
  // How it comes along is told without asking.
  const id = await upload(bo, film, { filename: 'blue.mp4', title: 'Blue', audience: 'only_me' });
  await expect(bo.getByRole('heading', { name: 'Blue' })).toBeVisible();
  await expect(bo.getByRole('button', { name: 'Who may watch: Only me' })).toBeVisible();
  await isReady(bo, id);
  await expect(bo.getByRole('link', { name: 'Blue' })).toBeVisible();
  await expect(bo.getByText(/ of .* used$/)).toBeVisible();

  const choose = async (what: string) => {
    await bo.getByRole('button', { name: 'Options for “Blue”' }).click();
    await bo.getByRole('menuitem', { name: what }).click();
  };
  const sheet = bo.getByRole('dialog');
  await choose('Subtitles');
  await sheet.getByLabel('File (.vtt, .srt)').setInputFiles({ name: 'not.srt', mimeType: 'application/x-subrip', buffer: Buffer.from([0xff, 0xfe, 0, 1, 2]) });
  await sheet.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(sheet.getByText('This is no WebVTT or SRT file')).toBeVisible();
  await sheet.getByLabel('File (.vtt, .srt)').setInputFiles({ name: 'Sea, 海.srt', mimeType: 'application/x-subrip', buffer: Buffer.from('1\n00:00:00,000 --> 00:00:09,000\nThe sea, 大海\n') });
  await sheet.getByLabel('Language').fill('zh');
  await sheet.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(sheet.getByText('Added.')).toBeVisible();
  await sheet.getByRole('button', { name: 'Close' }).click();
  await choose('Chapters');
  await sheet.getByRole('slider', { name: 'Position' }).press('ArrowRight');
  await sheet.getByRole('button', { name: 'Add at 0:05' }).click();
  await sheet.getByLabel('Title of the chapter at 0:05').fill('The other colour');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await expect(sheet).toHaveCount(0);

  // Nobody sees it, and it is like none.
  await watchColors(ana);
  await ana.goto(`${hearth.url}/people/bo`);
  await expect(ana.getByText('Nothing to watch here yet.')).toBeVisible();
  await expectAccessible(ana, 'somebody’s page');
  await ana.goto(`${hearth.url}/people/nobody`);
  await expect(ana.getByText('There is nobody here')).toBeVisible();

  // By its link only: also for who has no account, until there is another link.
  await bo.getByRole('button', { name: 'Who may watch: Only me' }).click();
  await sheet.getByRole('radio', { name: /^Whoever has the link/ }).check();
  const address = await sheet.getByRole('textbox', { name: 'Its address' }).inputValue();
  const stranger = await (await browser.newContext()).newPage();
  await watchColors(stranger);
  await stranger.goto(address);
  await stranger.getByRole('button', { name: 'Play' }).first().click();
  await expect.poll(() => colorsSeen(stranger), { timeout: 40_000 }).toContain('blue');
  await stranger.goto(address.replace(/\?.*/, ''));
  await expect(stranger.getByText('This film doesn’t exist')).toBeVisible();
  await sheet.getByRole('button', { name: 'Make a new link' }).click();
  await expect(sheet.getByRole('textbox', { name: 'Its address' })).not.toHaveValue(address);
  await stranger.goto(address);
  await expect(stranger.getByText('This film doesn’t exist')).toBeVisible();
  await stranger.context().close();

  // For everyone: on its owner's page, with what was added to it.
  await sheet.getByRole('radio', { name: /^Everyone/ }).check();
  await expect(sheet.getByText('Now: Everyone.')).toBeVisible();
  await sheet.getByRole('button', { name: 'Close' }).click();
  await ana.goto(`${hearth.url}/people/bo`);
  await ana.getByRole('link', { name: 'Blue' }).click();
  await ana.getByRole('button', { name: 'Captions' }).click();
  await ana.getByRole('menuitemradio', { name: 'Chinese' }).click();
  await ana.getByRole('button', { name: 'Play' }).first().click();
  await expect.poll(() => colorsSeen(ana), { timeout: 40_000 }).toContain('blue');
  await expect.poll(() => ana.evaluate(() => [...document.querySelector('video')?.textTracks ?? []].flatMap((one) => [...one.activeCues ?? []].map((cue) => (cue as VTTCue).text)))).toEqual(['The sea, 大海']);
  await ana.getByRole('slider', { name: 'Position' }).focus();
  await ana.getByRole('button', { name: 'Chapters' }).click();
  await ana.getByRole('menuitemradio', { name: /The other colour/ }).click();
  await expect.poll(() => colorsSeen(ana), { timeout: 20_000 }).toContain('magenta');

  await choose('Delete');
  await expect(sheet.getByText('with the original file')).toBeVisible();
  await sheet.getByRole('button', { name: 'Delete film' }).click();
  await expect(bo.getByText('No films yet')).toBeVisible();
  await ana.goto(`${hearth.url}/people/bo`);
  await expect(ana.getByText('Nothing to watch here yet.')).toBeVisible();

  // Whoever blocks somebody is nobody to them.
  await bo.goto(`${hearth.url}/people/ana`);
  await bo.getByRole('button', { name: 'More about ana' }).click();
  await bo.getByRole('menuitem', { name: 'Block' }).click();
  await bo.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(bo.getByText('You blocked ana.')).toBeVisible();
  await ana.reload();
  await expect(ana.getByText('There is nobody here')).toBeVisible();
});
