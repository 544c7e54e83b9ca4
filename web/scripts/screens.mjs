// Takes a picture of every scene of the gallery at both sizes and in both themes, and looks at each
// with axe. Usage: node scripts/screens.mjs [name part…] [--zh] [--light|--dark] [--phone|--desktop|--sideways|--wide|--tablet] [--out DIR]
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 }, sideways: { width: 844, height: 390 }, wide: { width: 1920, height: 1080 }, tablet: { width: 820, height: 1180 } };
const SETTLE_MS = 900;
/** What is pressed may come with a chunk of its own. */
const APPEARS_WITHIN_MS = 3_000;

const args = process.argv.slice(2);
const flag = (name) => args.includes(`--${name}`);
const out = args.includes('--out') ? args[args.indexOf('--out') + 1] : 'screens';
const words = args.filter((arg, at) => !arg.startsWith('--') && args[at - 1] !== '--out');
const themes = flag('light') ? ['light'] : flag('dark') ? ['dark'] : ['dark', 'light'];
const sizes = flag('phone') ? ['phone'] : flag('desktop') ? ['desktop'] : flag('sideways') ? ['sideways'] : flag('wide') ? ['wide'] : flag('tablet') ? ['tablet'] : ['desktop', 'phone'];

await mkdir(out, { recursive: true });
const server = await createServer({ logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } });
await server.listen();
const base = server.resolvedUrls.local[0];
const { SCENES } = await server.ssrLoadModule('/src/gallery/scenes.ts');
const scenes = SCENES.filter((scene) => words.length === 0 || words.some((word) => (word.startsWith('=') ? scene.name === word.slice(1) : scene.name.includes(word))));
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let problems = 0;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });
for (const size of sizes) {
  for (const theme of themes) {
    const context = await browser.newContext({ viewport: SIZES[size], hasTouch: !['desktop', 'wide'].includes(size), isMobile: !['desktop', 'wide'].includes(size), locale: 'en' });
    await context.addInitScript((value) => localStorage.setItem('hearth.preferences', JSON.stringify({ theme: value })), theme);
    const page = await context.newPage();
    page.on('pageerror', (error) => { problems += 1; console.log(`  error on the page: ${error.message}`); });
    page.on('console', (message) => { if (message.type() === 'error') { problems += 1; console.log(`  console: ${message.text()}`); } });
    for (const scene of scenes) {
      const name = `${scene.name}-${size}-${theme}${flag('zh') ? '-zh' : ''}`;
      await page.goto(`${base}gallery.html?scene=${scene.name}${flag('zh') ? '&language=zh' : ''}`, { waitUntil: 'networkidle' });
      for (const label of scene.press ?? []) {
        if (flag('zh')) break;
        const button = page.getByRole('button', { name: new RegExp(`^${label}(:|$)`) }).or(page.getByRole('tab', { name: label })).or(page.getByRole('menuitem', { name: label })).or(page.getByRole('radio', { name: label })).or(page.getByRole('checkbox', { name: label })).first();
        await button.waitFor({ timeout: APPEARS_WITHIN_MS }).catch(() => undefined);
        if (!(await button.isVisible())) continue;
        await button.evaluate((one) => one.scrollIntoView({ block: 'center' }));
        await button.click();
      }
      // Pictures are of what has come to rest, after the shapes of waiting have had their turn.
      await page.waitForTimeout(SETTLE_MS);
      await page.screenshot({ path: join(out, `${name}.png`) });
      await page.addScriptTag({ path: axe });
      const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      for (const violation of found.violations) {
        problems += 1;
        console.log(`${name}: ${violation.id} (${violation.impact}): ${violation.help}`);
        for (const node of violation.nodes.slice(0, 3)) console.log(`    ${node.target.join(' ')}\n      ${node.any.map((one) => one.message).join('; ').slice(0, 200)}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) { problems += 1; console.log(`${name}: ${wide} px wider than the window`); }
    }
    await context.close();
  }
}
await browser.close();
await server.close();
console.log(`${scenes.length * sizes.length * themes.length} pictures in ${out}, ${problems} problems`);
process.exit(problems > 0 ? 1 : 0);
