/** What browsers count of what comes to them. */
import type { Page } from '@playwright/test';

export interface Received {
  lost: number; received: number; decoded: number; dropped: number; freezes: number; plis: number; nacks: number;
  repaired: number; kinds: number; key_frames: number;
}

/** Keeps what connections a page makes, for their figures. */
export const keepPeers = (page: Page) => page.addInitScript(() => {
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
export function received(page: Page): Promise<Received> {
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
