/** How old a picture is that comes by Low-Latency HLS: from the publisher's canvas to the viewer's, both on this machine. */
import { expect } from '@playwright/test';
import { test } from './cast';
import { composer, goLive } from './people';
import { ageOfPicture } from './pattern';

const SAMPLES = 150;
/** A player needs a moment to come to where it is held. */
const SETTLES_MS = 15_000;
/** Far above what it should be, for a machine that does much beside. */
const P50_MAX_MS = 3_000;

test('a picture by Low-Latency HLS is about a second old', async ({ cast }) => {
  const { host, guest, hearth } = cast;
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await goLive(host, 'An evening by the fire');
  // Who has not come in watches by HLS alone.
  await guest.goto(`${hearth.url}/@ana`);
  await expect(guest.locator('.stage video.over')).toHaveCount(1, { timeout: 40_000 });
  const began = Date.now();
  const ages: number[] = [];
  /** What the player says of itself: from where the server wrote the frame's time to the screen. */
  const told: string[] = [];
  let unread = 0;
  await expect.poll(async () => {
    const age = await ageOfPicture(guest, 'over');
    if (Date.now() - began < SETTLES_MS) return 0;
    if (age === null) unread += 1;
    else {
      ages.push(age);
      told.push(await guest.locator('.figures-pill').textContent() ?? '');
    }
    return ages.length;
  }, { intervals: [200], timeout: 120_000 }).toBeGreaterThanOrEqual(SAMPLES);
  const sorted = ages.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  console.log(`LL-HLS, age of the picture: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, least ${at(0)} ms, most ${at(1)} ms (${ages.length} read, ${unread} not); by the player itself: ${told[Math.floor(told.length / 2)]?.trim()}`);
  expect(at(0.5)).toBeLessThan(P50_MAX_MS);
});
