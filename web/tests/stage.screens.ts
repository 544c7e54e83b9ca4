import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGallery, type Gallery } from './gallery';

let gallery: Gallery;
beforeAll(async () => { gallery = await openGallery(); });
afterAll(() => gallery.close());

const MICROPHONE = { name: 'Microphone' } as const;

describe('the stage', () => {
  it('takes a hand up and down by one key, and not while one writes', async () => {
    const page = await gallery.open('room');
    const stage = page.getByRole('region', { name: 'Stage' });
    await page.getByRole('textbox', { name: 'Message' }).press('h');
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('h');
    await stage.focus().catch(() => undefined);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('h');
    await stage.getByRole('button', { name: 'Lower hand' }).waitFor();
    await page.keyboard.press('h');
    await stage.getByRole('button', { name: 'Raise hand' }).waitFor();
    await page.context().close();
  });

  it('brings who was asked onto it: accept, look at oneself, join, without the page being loaded anew', async () => {
    const page = await gallery.open('stage-asked');
    await page.evaluate(() => { (window as Window & { same?: boolean }).same = true; });
    await page.getByRole('button', { name: 'Accept' }).click();
    const green = page.getByRole('dialog', { name: 'Before you go on stage' });
    await green.getByRole('meter').waitFor();
    await green.getByRole('button', { name: 'Join with sound only' }).click();
    await green.waitFor({ state: 'detached' });
    const bar = page.getByRole('group', { name: 'You on the stage' });
    expect(await bar.getByRole('button', MICROPHONE).getAttribute('aria-pressed')).toBe('true');
    expect(await bar.getByRole('button', { name: 'Camera' }).getAttribute('aria-pressed')).toBe('false');
    expect(await page.evaluate(() => (window as Window & { same?: boolean }).same)).toBe(true);
    await bar.getByRole('button', { name: 'Leave the stage' }).click();
    await bar.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('says who turned my microphone off, and lets me turn it on', async () => {
    const page = await gallery.open('stage-guest-silenced');
    const bar = page.getByRole('group', { name: 'You on the stage' });
    await bar.getByText('A moderator turned your microphone off.').waitFor();
    await bar.getByRole('button', { name: 'Turn on' }).click();
    await bar.getByText('A moderator turned your microphone off.').waitFor({ state: 'detached' });
    expect(await bar.getByRole('button', MICROPHONE).getAttribute('aria-pressed')).toBe('true');
    await page.context().close();
  });

  it('gives everybody a place of the same size, in the window and when it changes', async () => {
    const page = await gallery.open('stage-6');
    const sizes = () => page.locator('.stage .tile').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => `${Math.round(width)}x${Math.round(height)}`));
    await page.waitForFunction(() => document.querySelectorAll('.stage .tile').length === 6);
    await expect.poll(async () => new Set(await sizes()).size).toBe(1);
    const [wide] = await sizes();
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(async () => {
      const all = await sizes();
      return new Set(all).size === 1 && all[0] !== wide;
    }).toBe(true);
    await page.context().close();
  });
});

describe('the host', () => {
  it('sees a secret once, and can copy the address beside it', async () => {
    const page = await gallery.open('host-green-room');
    await page.getByRole('tab', { name: 'With an encoder (OBS…)' }).click();
    await page.getByRole('textbox', { name: 'What it is for' }).fill('Studio');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const secret = page.getByRole('textbox', { name: 'The key', exact: true });
    expect(await secret.inputValue()).toMatch(/^hk_/);
    await page.getByRole('tab', { name: 'This device' }).click();
    await page.getByRole('tab', { name: 'With an encoder (OBS…)' }).click();
    await page.getByRole('button', { name: 'Make a key' }).waitFor();
    expect(await secret.count()).toBe(0);
    await page.getByRole('button', { name: 'Wait for the encoder' }).click();
    await page.getByText('Waiting for your encoder…').waitFor();
    await page.context().close();
  });

  it('asks whoever has a hand up, and settles a report', async () => {
    const page = await gallery.open('host-live');
    await page.getByRole('tab', { name: /^People/ }).click();
    await page.getByRole('button', { name: 'Ask onto the stage: Олена' }).click();
    await page.getByRole('button', { name: 'Take back: Олена was asked' }).waitFor();
    await page.getByRole('tab', { name: /^Reports/ }).click();
    await page.getByRole('button', { name: /^Settle the report about نور/ }).click();
    await page.getByRole('button', { name: /^Settle the report about نور/ }).waitFor({ state: 'detached' });
    await page.context().close();
  });
});
