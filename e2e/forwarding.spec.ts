/** What browsers count of what the server forwards, over a minute. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { keepPeers, received, type Received } from './received';

const WATCHED_MS = 60_000;

/** Waits until a page has shown so much of the picture more than when this was first asked of it. */
const plays = (page: Page, ms: number) => page.waitForFunction((more_s) => {
  const video = document.querySelector<HTMLVideoElement>('.stage video');
  if (!video) return false;
  video.dataset.watchedFrom ??= String(video.currentTime);
  return video.currentTime >= Number(video.dataset.watchedFrom) + more_s;
}, ms / 1_000, { timeout: 2 * ms });

test('a picture is forwarded for a minute without loss, as viewers’ browsers count it', async ({ cast }) => {
  test.setTimeout(WATCHED_MS + 120_000);
  const { bo, guest } = cast;
  for (const page of [bo, guest]) await keepPeers(page);
  await gathered(cast);
  const viewers = [bo, guest];
  await expect.poll(async () => Math.min(...(await Promise.all(viewers.map(received))).map((one) => one.kinds))).toBeGreaterThanOrEqual(2);
  const before = await Promise.all(viewers.map(received));
  await Promise.all(viewers.map((page) => plays(page, WATCHED_MS)));
  const after = await Promise.all(viewers.map(received));
  after.forEach((now, at) => {
    const was = before[at]!;
    const grew = Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - was[key as keyof Received]])) as unknown as Received;
    console.log(`viewer ${at + 1}, ${WATCHED_MS / 1_000} s: ${JSON.stringify(grew)}`);
    expect(grew.received).toBeGreaterThan(2_000);
    expect(grew.decoded).toBeGreaterThan(WATCHED_MS / 1_000 * 5);
    // A browser that is starved of its processor loses at its own socket, and asks for it again.
    expect(grew.lost / grew.received).toBeLessThan(0.01);
    expect(grew.plis).toBeLessThan(10);
  });
});
