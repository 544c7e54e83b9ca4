import { expect, test } from 'vitest';
import { faultOf } from './capture';
import { between, layerHeights, read, wordOf } from './figures';
import { loudness } from './level';
import { redundantFirst } from './publisher';

const stats = (frames: number, bytes: number, lost: number) => [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.02, localCandidateId: 'L' },
  { id: 'L', type: 'local-candidate', protocol: 'udp' },
  { id: 'C', type: 'codec', mimeType: 'video/VP8' },
  { id: 'A', type: 'inbound-rtp', kind: 'audio', bytesReceived: 999_999 },
  { id: 'V', type: 'inbound-rtp', kind: 'video', codecId: 'C', bytesReceived: bytes, framesDecoded: frames, packetsReceived: frames * 4, packetsLost: lost, frameWidth: 1_280, frameHeight: 720, jitter: 0.003 },
];

test('figures are what happened between two readings', () => {
  const first = read(stats(30, 100_000, 0), 'inbound', 1_000);
  const second = read(stats(60, 350_000, 6), 'inbound', 2_000);
  expect(second).toMatchObject({ codec: 'VP8', path: 'udp', width_px: 1_280, height_px: 720, roundTrip_ms: 20, jitter_ms: 3 });
  expect(between(first, second)).toEqual({ bitrate_bps: 2_000_000, fps: 30, lost_percent: (100 * 6) / 126 });
});

test('a first reading, and one of a new connection, say nothing of rates', () => {
  const before = read(stats(60, 350_000, 6), 'inbound', 1_000);
  const after = read(stats(2, 5_000, 0), 'inbound', 2_000);
  expect(between(null, after)).toEqual({ bitrate_bps: null, fps: null, lost_percent: null });
  expect(between(before, after)).toEqual({ bitrate_bps: null, fps: null, lost_percent: null });
});

test('what is not counted is not known', () => {
  expect(read([], 'outbound', 0)).toMatchObject({ bytes: null, frames: null, codec: null, path: null, roundTrip_ms: null });
});

test('health in a word', () => {
  const good = { bitrate_bps: 2_000_000, frame_rate: 30, key_frame_distance_ms: 3_000, loss: 0 };
  expect(wordOf(null, true)).toBe('unknown');
  expect(wordOf(good, true)).toBe('good');
  expect(wordOf({ ...good, loss: 0.05 }, true)).toBe('fair');
  expect(wordOf({ ...good, frame_rate: 3 }, true)).toBe('poor');
  expect(wordOf({ ...good, frame_rate: 0 }, false)).toBe('good');
  expect(wordOf({ ...good, bitrate_bps: 0 }, false)).toBe('poor');
});

test('the heights of layers follow from the one that is seen', () => {
  expect([...layerHeights(['l', 'm', 'h'], 'm', 270)]).toEqual([['l', 135], ['m', 270], ['h', 540]]);
  expect([...layerHeights(['l', 'm', 'h'], null, null)]).toEqual([['l', 180], ['m', 360], ['h', 720]]);
  expect([...layerHeights(['s0', 's1', 's2'], 's1', 270)]).toEqual([['s0', 135], ['s1', 270], ['s2', 540]]);
  expect([...layerHeights(['s0', 's1'], null, null)]).toEqual([['s0', 360], ['s1', 720]]);
  expect([...layerHeights(['360', '1080'], null, null)]).toEqual([['360', 360], ['1080', 1_080]]);
});

test('loudness goes from silence to full, and halves of it are heard as steps', () => {
  expect(loudness(new Float32Array(100))).toBe(0);
  expect(loudness(new Float32Array(100).fill(1))).toBe(1);
  const quiet = loudness(new Float32Array(100).fill(0.01));
  const middle = loudness(new Float32Array(100).fill(0.1));
  expect(quiet).toBeGreaterThan(0);
  expect(middle).toBeGreaterThan(quiet);
  expect(middle).toBeLessThan(1);
});

test('redundant sound is offered first, and nothing is left out', () => {
  const codecs = ['audio/opus', 'audio/G722', 'audio/red'].map((mimeType) => ({ mimeType }));
  expect(redundantFirst(codecs).map((one) => one.mimeType)).toEqual(['audio/red', 'audio/opus', 'audio/G722']);
});

test('why there is no device is told apart', () => {
  const named = (name: string) => Object.assign(new Error(), { name });
  expect(faultOf(named('NotAllowedError'))).toBe('denied');
  expect(faultOf(named('NotFoundError'))).toBe('no_device');
  expect(faultOf(named('NotReadableError'))).toBe('in_use');
  expect(faultOf('anything')).toBe('failed');
});
