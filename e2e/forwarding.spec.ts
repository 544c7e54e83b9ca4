/** What browsers count of what the server forwards, over a minute. */
import { expect, type Page } from '@playwright/test';
import { gathered, test } from './cast';

const WATCHED_MS = 60_000;

interface Counted { lost: number; received: number; decoded: number; dropped: number; freezes: number; plis: number; nacks: number; repaired: number; kinds: number; key_frames: number }

/** Keeps what connections a page makes, for their figures. */
const keepPeers = (page: Page) => page.addInitScript(() => {
  const kept = globalThis as unknown as { peers: RTCPeerConnection[] };
  kept.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...given);
      kept.peers.push(this);
    }
  };
});

/** What came to a page, all its live connections together. */
function counted(page: Page): Promise<Counted> {
  return page.evaluate(async () => {
    const all = { lost: 0, received: 0, decoded: 0, dropped: 0, freezes: 0, plis: 0, nacks: 0, repaired: 0, kinds: 0, key_frames: 0 };
    for (const peer of (globalThis as unknown as { peers: RTCPeerConnection[] }).peers) {
      if (peer.connectionState !== 'connected') continue;
      for (const report of (await peer.getStats()).values()) {
        if (report.type !== 'inbound-rtp' || report.packetsReceived === 0) continue;
        all.kinds += 1;
        all.lost += report.packetsLost;
        all.received += report.packetsReceived;
        all.repaired += report.retransmittedPacketsReceived ?? 0;
        all.nacks += report.nackCount ?? 0;
        if (report.kind !== 'video') continue;
        all.decoded += report.framesDecoded;
        all.key_frames += report.keyFramesDecoded;
        all.dropped += report.framesDropped;
        all.freezes += report.freezeCount;
        all.plis += report.pliCount;
      }
    }
    return all;
  });
}

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
  await expect.poll(async () => Math.min(...(await Promise.all(viewers.map(counted))).map((one) => one.kinds))).toBeGreaterThanOrEqual(2);
  const before = await Promise.all(viewers.map(counted));
  await Promise.all(viewers.map((page) => plays(page, WATCHED_MS)));
  const after = await Promise.all(viewers.map(counted));
  after.forEach((now, at) => {
    const was = before[at]!;
    const grew = Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - was[key as keyof Counted]])) as unknown as Counted;
    console.log(`viewer ${at + 1}, ${WATCHED_MS / 1_000} s: ${JSON.stringify(grew)}`);
    expect(grew.received).toBeGreaterThan(2_000);
    expect(grew.decoded).toBeGreaterThan(WATCHED_MS / 1_000 * 5);
    // A browser that is starved of its processor loses at its own socket, and asks for it again.
    expect(grew.lost / grew.received).toBeLessThan(0.01);
    expect(grew.plis).toBeLessThan(10);
  });
});
