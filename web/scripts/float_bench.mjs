// Prints how long a frame of floating messages takes in Chromium without a graphics card.
// Usage: node scripts/float_bench.mjs [messages on screen] [seconds] [--shot FILE]
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
const [messages = '480', seconds = '5'] = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg));
const shot = process.argv.includes('--shot') ? process.argv[process.argv.indexOf('--shot') + 1] : null;

const server = await createServer({ logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false, watch: null } });
await server.listen();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.resolvedUrls.local[0]}float_bench.html?messages=${messages}&seconds=${seconds}`);
  const told = await page.waitForFunction(() => document.getElementById('told')?.textContent || null, null, { timeout: (Number(seconds) + 30) * 1000 });
  if (shot) await page.screenshot({ path: shot });
  const { drawing_ms, between_ms, ...rest } = JSON.parse(await told.jsonValue());
  const line = (name, one) => console.log(`${name.padEnd(16)} p50 ${one.p50.toFixed(1)}  p95 ${one.p95.toFixed(1)}  p99 ${one.p99.toFixed(1)} ms`);
  console.log(`${rest.onScreen} on screen in ${rest.rows} rows, ${rest.frames} frames, ${rest.fps} a second`);
  line('drawing', drawing_ms);
  line('between frames', between_ms);
} finally {
  await browser.close();
  await server.close();
}
