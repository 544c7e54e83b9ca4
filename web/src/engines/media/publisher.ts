/**
 * Sends what a host shows, whatever happens on the way: what is captured stays captured, and a leg that is lost
 * is replaced by another as the same broadcast.
 */
import type { LegClosedReason, LegId, Rejection, Source, SourceOfMid } from '../../protocol/generated/types';
import { waitBefore_ms } from '../connection/backoff';
import { DISCONNECTED_FOR_MS } from './receiving_leg';

export type Published =
  | { readonly is: 'publishing'; readonly leg: LegId; readonly answer: string }
  | { readonly is: 'rejected'; readonly rejection: Rejection }
  | { readonly is: 'lost' };

export interface PublisherSignal {
  publish(offer: string, sources: SourceOfMid[], takeOver: boolean): Promise<Published>;
}

export type Sources = ReadonlyMap<Source, MediaStreamTrack>;

/** The layers of a camera's picture, smallest first, by their rid. */
export const CAMERA_LAYERS: readonly RTCRtpEncodingParameters[] = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 600_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
];
/** A screen is read: half its size is the least that makes sense. */
export const SCREEN_LAYERS: readonly RTCRtpEncodingParameters[] = [
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 700_000, maxFramerate: 15 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 3_500_000 },
];
const MICROPHONE_BITRATE_BPS = 64_000;
const SCREEN_AUDIO_BITRATE_BPS = 128_000;
/** Another leg must be up within this, or it is tried again. */
const CONNECTS_WITHIN_MS = 10_000;

function encodings(source: Source): RTCRtpEncodingParameters[] {
  switch (source) {
    case 'camera': return CAMERA_LAYERS.map((one) => ({ ...one }));
    case 'screen': return SCREEN_LAYERS.map((one) => ({ ...one }));
    case 'microphone': return [{ maxBitrate: MICROPHONE_BITRATE_BPS }];
    case 'screen_audio': return [{ maxBitrate: SCREEN_AUDIO_BITRATE_BPS }];
  }
}

/** Redundant sound first (RFC 2198): it survives the loss of a packet without waiting for another. */
export function redundantFirst<T extends { readonly mimeType: string }>(codecs: readonly T[]): T[] {
  const isRed = (one: T) => one.mimeType.toLowerCase() === 'audio/red';
  return [...codecs.filter(isRed), ...codecs.filter((one) => !isRed(one))];
}

/** What every browser decodes of H.264: constrained baseline, with packets that may hold parts of a picture. */
const H264_BEST = /packetization-mode=1.*profile-level-id=42e0|profile-level-id=42e0.*packetization-mode=1/i;

/**
 * H.264 first where the browser encodes it, then VP8: HLS and the recording take H.264 as it is, VP8 would be converted.
 * Chromium sends all layers of a simulcast in either.
 */
export function recordableFirst<T extends { readonly mimeType: string; readonly sdpFmtpLine?: string }>(codecs: readonly T[]): T[] {
  const rank = (one: T) => {
    const kind = one.mimeType.toLowerCase();
    if (kind === 'video/h264') return H264_BEST.test(one.sdpFmtpLine ?? '') ? 0 : 1;
    return kind === 'video/vp8' ? 2 : 3;
  };
  return codecs.map((one, at) => ({ one, at })).sort((a, b) => rank(a.one) - rank(b.one) || a.at - b.at).map(({ one }) => one);
}

interface SendingLeg {
  readonly peer: RTCPeerConnection;
  readonly senders: ReadonlyMap<Source, RTCRtpSender>;
  id: LegId | null;
}

export class Publisher {
  phase: 'idle' | 'starting' | 'live' | 'reconnecting' = 'idle';
  #sources: Sources = new Map();
  #leg: SendingLeg | null = null;
  #opening: SendingLeg | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly signal: PublisherSignal,
    private readonly changed: () => void,
    /** Another connection of the host took the broadcast over. */
    private readonly takenOver: () => void,
  ) {}

  get peer(): RTCPeerConnection | null { return this.#leg?.peer ?? null; }
  get leg(): LegId | null { return this.#leg?.id ?? null; }

  /** Goes live. `takeOver`: also from a leg of another connection that is alive. */
  async start(sources: Sources, takeOver: boolean): Promise<Published> {
    this.#sources = new Map(sources);
    this.#failures = 0;
    this.#become('starting');
    const published = await this.#publish(takeOver);
    if (published.is !== 'publishing' && this.phase === 'starting') this.stop();
    return published;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#opening?.peer.close();
    this.#leg?.peer.close();
    this.#opening = null;
    this.#leg = null;
    this.#become('idle');
  }

  /** Other tracks of the same sources are swapped unseen; other sources need another leg. */
  show(sources: Sources): void {
    const before = this.#sources;
    this.#sources = new Map(sources);
    if (this.phase === 'idle') return;
    const same = before.size === sources.size && [...sources.keys()].every((one) => before.has(one));
    if (!same) {
      this.#retryIn(0);
      return;
    }
    for (const leg of [this.#leg, this.#opening]) {
      for (const [source, sender] of leg?.senders ?? []) void sender.replaceTrack(sources.get(source) ?? null);
    }
  }

  /** The live connection is a new one. @param stillOn the legs that the server knows to publish */
  reconnected(stillOn: readonly LegId[]): void {
    if (this.phase === 'idle') return;
    const alive = this.#leg?.peer.connectionState === 'connected' && this.#leg.id !== null && stillOn.includes(this.#leg.id);
    if (!alive) this.#retryIn(0);
  }

  legClosed(leg: LegId, reason: LegClosedReason): void {
    if (this.phase === 'idle' || leg !== this.#leg?.id || reason === 'asked') return;
    if (reason !== 'replaced') this.#lost();
    // Our own next leg replaces the last one, too.
    else if (this.#opening === null) {
      this.stop();
      this.takenOver();
    }
  }

  async #publish(takeOver: boolean): Promise<Published> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#opening?.peer.close();
    const asked_ms = performance.now();
    const leg = this.#prepare();
    this.#opening = leg;
    const overtaken = () => this.#opening !== leg;
    try {
      await leg.peer.setLocalDescription();
      const sources = this.#sourcesOfMids(leg);
      const published = await this.signal.publish(leg.peer.localDescription?.sdp ?? '', sources, takeOver);
      if (overtaken() || published.is !== 'publishing') {
        if (!overtaken()) this.#opening = null;
        leg.peer.close();
        return published;
      }
      performance.measure('hearth:answered', { start: asked_ms, end: performance.now() });
      leg.id = published.leg;
      await leg.peer.setRemoteDescription({ type: 'answer', sdp: published.answer });
      if (overtaken()) return published;
      // The server has let go of the old leg already.
      this.#leg?.peer.close();
      this.#leg = leg;
      this.#opening = null;
      this.#watchOver(leg, asked_ms);
      this.changed();
      return published;
    } catch {
      if (!overtaken()) this.#opening = null;
      leg.peer.close();
      return { is: 'lost' };
    }
  }

  #prepare(): SendingLeg {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const senders = new Map<Source, RTCRtpSender>();
    for (const [source, track] of this.#sources) {
      if (source === 'screen') track.contentHint = 'detail';
      const transceiver = peer.addTransceiver(track, { direction: 'sendonly', sendEncodings: encodings(source) });
      const codecs = RTCRtpSender.getCapabilities(track.kind)?.codecs;
      if (codecs) transceiver.setCodecPreferences(track.kind === 'audio' ? redundantFirst(codecs) : recordableFirst(codecs));
      senders.set(source, transceiver.sender);
    }
    return { peer, senders, id: null };
  }

  #sourcesOfMids(leg: SendingLeg): SourceOfMid[] {
    const bySender = new Map([...leg.senders].map(([source, sender]) => [sender, source]));
    return leg.peer.getTransceivers().flatMap((one) => {
      const source = bySender.get(one.sender);
      return source !== undefined && one.mid !== null ? [{ mid: one.mid, source }] : [];
    });
  }

  #watchOver(leg: SendingLeg, asked_ms: number): void {
    const state = () => {
      if (this.#leg !== leg) return;
      switch (leg.peer.connectionState) {
        case 'connected':
          clearTimeout(this.#timer);
          this.#timer = undefined;
          this.#failures = 0;
          // In the browser's own record, for whoever measures.
          performance.measure('hearth:publish', { start: asked_ms, end: performance.now() });
          this.#become('live');
          break;
        case 'failed': case 'closed': this.#lost(); break;
        case 'disconnected':
          this.#become('reconnecting');
          this.#timer ??= setTimeout(() => { this.#timer = undefined; this.#lost(); }, DISCONNECTED_FOR_MS);
      }
    };
    leg.peer.onconnectionstatechange = state;
    this.#timer ??= setTimeout(() => { this.#timer = undefined; if (leg.peer.connectionState !== 'connected') this.#lost(); }, CONNECTS_WITHIN_MS);
    state();
  }

  #lost(): void {
    if (this.phase === 'idle') return;
    this.#become('reconnecting');
    this.#retryIn(waitBefore_ms(this.#failures++, Math.random()));
  }

  #retryIn(wait_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // It is our own broadcast, begun on a connection that the server may still believe in.
      void this.#publish(true).then((published) => {
        if (published.is !== 'publishing' && this.#opening === null) this.#lost();
      });
    }, wait_ms);
  }

  #become(phase: Publisher['phase']): void {
    if (this.phase === phase) return;
    this.phase = phase;
    this.changed();
  }
}
