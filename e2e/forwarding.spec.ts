/** What browsers count of what the server forwards, over a minute. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';
import { lossyLink, mediaBy } from './lossy';
import { keepPeers, received, type Received } from './received';

// A minute, or as long as one says, to look closer.
const WATCHED_MS = Number(process.env.WATCHED_S ?? 60) * 1_000;
const LOSING_MS = 20_000;
/** A link that loses 3 %. */
const LOSES_ONE_OF = 33;

const grown = (was: Received, now: Received) => Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - was[key as keyof Received]])) as unknown as Received;

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
    const grew = grown(was, now);
    console.log(`viewer ${at + 1}, ${WATCHED_MS / 1_000} s: ${JSON.stringify(grew)}`);
    expect(grew.received).toBeGreaterThan(2_000);
    expect(grew.decoded).toBeGreaterThan(WATCHED_MS / 1_000 * 5);
    // A browser that is starved of its processor loses at its own socket, and asks for it again.
    expect(grew.lost / grew.received).toBeLessThan(0.01);
    expect(grew.plis).toBeLessThan(10);
  });
});

test('what a viewer’s link loses is asked for and comes again, and their picture goes on', async ({ cast }) => {
  test.setTimeout(LOSING_MS + 120_000);
  const { bo, guest, hearth } = cast;
  const link = await lossyLink(hearth.port + 1, LOSES_ONE_OF);
  for (const page of [bo, guest]) await keepPeers(page);
  await mediaBy(guest, link.port);
  await gathered(cast);
  const figures = () => Promise.all([received(bo), received(guest)]);
  await expect.poll(async () => Math.min(...(await figures()).map((one) => one.kinds))).toBeGreaterThanOrEqual(2);
  await plays(guest, 1_000);
  const before = await figures();
  link.loses();
  await plays(guest, LOSING_MS);
  const [without, lossy] = (await figures()).map((now, at) => grown(before[at]!, now)) as [Received, Received];
  const { lost } = link.counted();
  console.log(`${lost} lost on the way: ${JSON.stringify(lossy)}; beside ${JSON.stringify(without)}`);
  expect(lost).toBeGreaterThan(15);
  expect(lossy.nacks).toBeGreaterThan(5);
  // Sound is not asked for again, and of two that are lost one may be of it.
  expect(lossy.repaired).toBeGreaterThan(lost * 0.4);
  expect(lossy.plis).toBeLessThan(10);
  // A busy machine stops every picture now and then: it is compared with one whose link loses nothing.
  expect(lossy.decoded).toBeGreaterThan(without.decoded * 0.8);
  await link.close();
});
