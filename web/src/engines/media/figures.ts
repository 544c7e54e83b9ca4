/** Figures out of what a peer connection counts. Pure: two readings in, what happened between them out. */
import type { Health as WireHealth } from '../../protocol/generated/types';

/** The counters of one moment, as far as they matter here; absent ones are null. */
export interface Reading {
  readonly at_ms: number;
  readonly bytes: number | null;
  readonly frames: number | null;
  readonly packets: number | null;
  readonly lost: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly roundTrip_ms: number | null;
  readonly jitter_ms: number | null;
  readonly codec: string | null;
  readonly path: 'udp' | 'tcp' | null;
}

export interface Figures {
  readonly bitrate_bps: number | null;
  readonly fps: number | null;
  readonly lost_percent: number | null;
}

type Stat = Record<string, unknown>;
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** @param stats a stats report's values @param direction whether it sends or receives */
export function read(stats: Iterable<Stat>, direction: 'inbound' | 'outbound', at_ms: number): Reading {
  const all = [...stats];
  const byId = new Map(all.map((one) => [one['id'], one]));
  const rtp = all.filter((one) => one['type'] === `${direction}-rtp` && one['kind'] === 'video');
  // Of a simulcast's layers the largest that is sent is what one means.
  const main = [...rtp].sort((a, b) => (number(b['frameHeight']) ?? 0) - (number(a['frameHeight']) ?? 0))[0];
  const sum = (name: string) => rtp.reduce<number | null>((total, one) => {
    const value = number(one[name]);
    return value === null ? total : (total ?? 0) + value;
  }, null);
  const transport = all.find((one) => one['type'] === 'transport');
  const pair = byId.get(transport?.['selectedCandidatePairId']) ?? all.find((one) => one['type'] === 'candidate-pair' && one['nominated'] === true);
  const local = byId.get(pair?.['localCandidateId']);
  const protocol = text(local?.['protocol']);
  const roundTrip_s = number(pair?.['currentRoundTripTime']);
  const jitter_s = number(main?.['jitter']);
  const remote = all.filter((one) => one['type'] === 'remote-inbound-rtp' && one['kind'] === 'video');
  return {
    at_ms,
    bytes: sum(direction === 'inbound' ? 'bytesReceived' : 'bytesSent'),
    frames: number(main?.[direction === 'inbound' ? 'framesDecoded' : 'framesEncoded']),
    packets: sum(direction === 'inbound' ? 'packetsReceived' : 'packetsSent'),
    lost: direction === 'inbound' ? sum('packetsLost') : remote.reduce<number | null>((total, one) => (total ?? 0) + (number(one['packetsLost']) ?? 0), null),
    width_px: number(main?.['frameWidth']),
    height_px: number(main?.['frameHeight']),
    roundTrip_ms: roundTrip_s === null ? null : roundTrip_s * 1_000,
    jitter_ms: jitter_s === null ? null : jitter_s * 1_000,
    codec: text(byId.get(main?.['codecId'])?.['mimeType'])?.replace(/^video\//, '') ?? null,
    path: protocol === 'udp' || protocol === 'tcp' ? protocol : null,
  };
}

export function between(before: Reading | null, now: Reading): Figures {
  const span_s = before === null ? 0 : (now.at_ms - before.at_ms) / 1_000;
  const gained = (name: 'bytes' | 'frames' | 'packets' | 'lost') => {
    const from = before?.[name] ?? null;
    const to = now[name];
    // A new connection counts from nothing again.
    return from === null || to === null || to < from || span_s <= 0 ? null : to - from;
  };
  const bytes = gained('bytes');
  const frames = gained('frames');
  const packets = gained('packets');
  const lost = gained('lost');
  return {
    bitrate_bps: bytes === null ? null : Math.round((bytes * 8) / span_s),
    fps: frames === null ? null : Math.round(frames / span_s),
    lost_percent: packets === null || lost === null || packets + lost === 0 ? null : (100 * lost) / (packets + lost),
  };
}

/** More loss than this on the way to the server is seen by everybody. */
export const POOR_LOSS = 0.08;
export const FAIR_LOSS = 0.02;
/** Fewer frames a second than this jerk. A camera in the evening gives fifteen, which is no fault. */
export const POOR_FPS = 5;
export const FAIR_FPS = 12;

/** A host's broadcast in a word. Without a picture the frame rate says nothing. */
export function wordOf(health: Pick<WireHealth, 'bitrate_bps' | 'loss' | 'frame_rate'> | null, hasPicture: boolean): 'good' | 'fair' | 'poor' | 'unknown' {
  if (health === null) return 'unknown';
  if (health.bitrate_bps === 0 || health.loss > POOR_LOSS || (hasPicture && health.frame_rate < POOR_FPS)) return 'poor';
  return health.loss > FAIR_LOSS || (hasPicture && health.frame_rate < FAIR_FPS) ? 'fair' : 'good';
}

/** How much smaller than the largest the layers of our own publisher are. */
const SCALE: Record<string, number> = { l: 4, m: 2, h: 1 };

/** The same of any: sizes inside of one encoding are called s0, s1 and so on, each half of the next. */
function scaleOf(name: string, layers: readonly string[]): number | undefined {
  const size = /^s(\d)$/.exec(name);
  return size ? 2 ** (layers.length - 1 - Number(size[1])) : SCALE[name];
}

/**
 * The height of each layer of a track. A name that is a number is one; of the others one is told
 * by the layer that is coming and its height, and by a usual camera's before anything came.
 */
export function layerHeights(layers: readonly string[], coming: string | null, height_px: number | null): Map<string, number> {
  const scale = coming === null ? undefined : scaleOf(coming, layers);
  const full_px = scale !== undefined && height_px !== null ? height_px * scale : 720;
  return new Map(layers.map((name) => {
    const named = Number.parseInt(name, 10);
    return [name, Number.isFinite(named) ? named : Math.round(full_px / (scaleOf(name, layers) ?? 1))];
  }));
}
