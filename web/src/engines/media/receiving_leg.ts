/** One subscriber leg: answers the server's offers, and knows which of its tracks shows what. */
import type { LegId, OfferedTrack, Source } from '../../protocol/generated/types';

export interface Offer {
  readonly leg: LegId;
  readonly generation: number;
  readonly sdp: string;
  readonly tracks: readonly OfferedTrack[];
}

export interface Received extends OfferedTrack {
  readonly media: MediaStreamTrack;
}

/** ICE says `disconnected` for what may be over in a moment. */
export const DISCONNECTED_FOR_MS = 3_000;

export class ReceivingLeg {
  readonly peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  #tracks: readonly OfferedTrack[] = [];
  #newest = 0;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: LegId,
    private readonly answer: (generation: number, sdp: string) => void,
    /** Tracks came or went, media began to flow, the connection came up. */
    private readonly changed: () => void,
    private readonly lost: () => void,
  ) {
    this.peer.onconnectionstatechange = () => this.#stateChanged();
    this.peer.ontrack = ({ track }) => {
      track.onunmute = () => this.changed();
      track.onmute = () => this.changed();
      this.changed();
    };
  }

  get connected(): boolean { return this.peer.connectionState === 'connected'; }

  /** Whether something of it can be seen, or heard where there is no picture. */
  get flowing(): boolean {
    const received = this.received();
    const pictures = received.filter((one) => one.media.kind === 'video');
    return this.connected && (pictures.length === 0 ? received.length > 0 : pictures.some((one) => !one.media.muted));
  }

  received(): Received[] {
    const byMid = new Map(this.peer.getTransceivers().map((one) => [one.mid, one]));
    return this.#tracks.flatMap((one) => {
      const transceiver = byMid.get(one.mid);
      const direction = transceiver?.currentDirection;
      return transceiver && (direction === 'recvonly' || direction === 'sendrecv') ? [{ ...one, media: transceiver.receiver.track }] : [];
    });
  }

  has(source: Source): boolean {
    return this.#tracks.some((one) => one.source === source);
  }

  /** Offers are taken in turn; one that is overtaken by a newer is passed over. */
  offered(offer: Offer): void {
    if (offer.generation <= this.#newest) return;
    this.#newest = offer.generation;
    this.#turn = this.#turn.then(async () => {
      if (this.#closed || offer.generation !== this.#newest) return;
      try {
        await this.peer.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
        this.#tracks = offer.tracks;
        await this.peer.setLocalDescription();
        const sdp = this.peer.localDescription?.sdp;
        if (this.#closed || sdp === undefined) return;
        this.answer(offer.generation, sdp);
        for (const one of this.peer.getReceivers()) if ('jitterBufferTarget' in one) one.jitterBufferTarget = 0;
        this.changed();
      } catch {
        if (!this.#closed) this.lost();
      }
    });
  }

  mapped(tracks: readonly OfferedTrack[]): void {
    this.#turn = this.#turn.then(() => {
      this.#tracks = tracks;
      this.changed();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.peer.close();
  }

  #stateChanged(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    switch (this.peer.connectionState) {
      case 'failed': case 'closed': this.lost(); break;
      case 'disconnected': this.#timer = setTimeout(() => this.lost(), DISCONNECTED_FOR_MS); break;
      default: this.changed();
    }
  }
}
