// Draws the PNG icons from the mark. Their files are committed; run this after changing the mark.
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const folder = new URL('../public/icons/', import.meta.url);
const svg = await readFile(new URL('mark.svg', folder), 'utf8');
// A maskable icon is cut to any shape, so its ground reaches the edge and the mark keeps to the middle.
const maskable = svg.replace('rx="7.5"', '').replace('translate(4.2 3.9) scale(0.74)', 'translate(6.4 6.2) scale(0.6)');
const square = svg.replace('rx="7.5"', '');
const ICONS = [['icon-192.png', 192, svg], ['icon-512.png', 512, svg], ['maskable-512.png', 512, maskable], ['touch-180.png', 180, square]];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu'] });
for (const [name, size, source] of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${source}`);
  await page.screenshot({ path: new URL(name, folder).pathname, omitBackground: true });
  await page.close();
}
await browser.close();
