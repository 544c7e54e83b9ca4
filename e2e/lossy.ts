/** A link that loses: a viewer's media by way of a port that lets not all of the server's packets through. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Page } from '@playwright/test';

export interface LossyLink {
  readonly port: number;
  /** From now on. */
  loses(): void;
  /** Packets of media that the server sent, and how many of them were lost. */
  readonly counted: () => { sent: number; lost: number };
  close(): Promise<void>;
}

/** RTP and RTCP, told from STUN and DTLS by their first byte (RFC 7983 7). */
const isMedia = (datagram: Buffer) => datagram.length > 0 && datagram[0]! >= 128 && datagram[0]! <= 191;

/** A way to the server's port for media that loses one of so many packets of media that come from there. */
export async function lossyLink(media_port: number, one_of: number): Promise<LossyLink> {
  const near = createSocket('udp4');
  const far = new Map<number, Socket>();
  let losing = false;
  let [sent, lost, random] = [0, 0, 7];
  near.on('message', (datagram, from) => {
    let out = far.get(from.port);
    if (!out) {
      out = createSocket('udp4');
      out.on('message', (answer) => {
        if (isMedia(answer)) {
          sent += 1;
          random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
          if (losing && random / 2 ** 31 < 1 / one_of) {
            lost += 1;
            return;
          }
        }
        near.send(answer, from.port, from.address);
      });
      far.set(from.port, out);
    }
    out.send(datagram, media_port, '127.0.0.1');
  });
  near.bind(0, '127.0.0.1');
  await once(near, 'listening');
  return {
    port: near.address().port,
    loses() { losing = true; },
    counted: () => ({ sent, lost }),
    async close() {
      const sockets = [near, ...far.values()];
      await Promise.all(sockets.map((socket) => new Promise<void>((closed) => socket.close(closed))));
    },
  };
}

/** Has a page take this port for the server's, and UDP for the only way there. */
export const mediaBy = (page: Page, port: number) => page.addInitScript((relay) => {
  const setRemoteDescription = RTCPeerConnection.prototype.setRemoteDescription as (this: RTCPeerConnection, described: RTCSessionDescriptionInit) => Promise<void>;
  RTCPeerConnection.prototype.setRemoteDescription = function (described: RTCSessionDescriptionInit) {
    const line = (one: string) => one.replace(/^(a=candidate:\S+ 1 udp \d+) \S+ \d+/i, (_, kept: string) => `${kept} 127.0.0.1 ${relay}`);
    const lines = (described.sdp ?? '').split('\r\n').filter((one) => !/^a=candidate:\S+ 1 tcp /i.test(one)).map(line);
    return setRemoteDescription.call(this, { type: described.type, sdp: lines.join('\r\n') });
  };
}, port);
