/** The gallery in a real Chromium, for tests of what a person does with a screen. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
/** A screen comes in pieces, and the machine may be busy. */
const STEP_TIMEOUT_MS = 20_000;
/** The first page has everything made for it. */
const OPENS_WITHIN_MS = 90_000;

export interface Gallery {
  /** A fresh browser context on one scene. */
  open(scene: string, options?: BrowserContextOptions & { query?: string; preferences?: object }): Promise<Page>;
  close(): Promise<void>;
}

export async function openGallery(): Promise<Gallery> {
  const server: ViteDevServer = await createServer({ logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } });
  await server.listen();
  const base = server.resolvedUrls?.local[0] ?? '';
  const browser: Browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });
  return {
    async open(scene, { query = '', preferences, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en', ...options });
      if (preferences) await context.addInitScript((value) => localStorage.setItem('hearth.preferences', value), JSON.stringify(preferences));
      const page = await context.newPage();
      page.setDefaultTimeout(STEP_TIMEOUT_MS);
      page.setDefaultNavigationTimeout(OPENS_WITHIN_MS);
      await page.goto(`${base}gallery.html?scene=${scene}${query}`);
      await page.locator('main h1, main [role=log]').first().waitFor({ state: 'attached', timeout: OPENS_WITHIN_MS });
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
