import { expect, test } from 'vitest';
import { LONGEST_WAIT_MS, SPREAD_MS, waitBefore_ms } from './backoff';
import { SAMPLES_MAX, ServerClock } from './clock';

test('the offset is known from the quickest round trips, not from those that queued', () => {
  const clock = new ServerClock();
  // The server is 1,000 ms ahead; the way there queues on most pings.
  for (let i = 0; i < 20; i += 1) {
    const t0 = i * 50;
    const there = i % 4 === 0 ? 5 : 85;
    clock.sample(t0, t0 + there + 1_000, t0 + there + 1_001, t0 + there + 1 + 5);
  }
  expect(clock.offset_ms).toBeCloseTo(1_000, 5);
  expect(clock.roundTrip_ms).toBeCloseTo(10, 5);
});

test('a sample that runs backwards is no sample', () => {
  const clock = new ServerClock();
  clock.sample(100, 5, 5, 50);
  clock.sample(Number.NaN, 5, 5, 50);
  expect(clock.offset_ms).toBeNull();
});

test('samples beyond the limit push out the oldest', () => {
  const clock = new ServerClock();
  clock.sample(0, 500, 500, 1);
  for (let i = 0; i < SAMPLES_MAX; i += 1) clock.sample(i, i + 10, i + 10, i + 20);
  expect(clock.roundTrip_ms).toBe(20);
});

test('a restart keeps the offset until there is a better one', () => {
  const clock = new ServerClock();
  clock.sample(0, 1_005, 1_005, 10);
  clock.restart();
  expect(clock.offset_ms).toBe(1_000);
  clock.sample(0, 2_005, 2_005, 10);
  expect(clock.offset_ms).toBe(2_000);
});

test('the first try is at once, later ones wait within bounds', () => {
  expect(waitBefore_ms(0, 0)).toBe(0);
  expect(waitBefore_ms(0, 1)).toBe(SPREAD_MS);
  for (let failures = 1; failures < 40; failures += 1) {
    expect(waitBefore_ms(failures, 0)).toBeGreaterThan(0);
    expect(waitBefore_ms(failures, 1)).toBeLessThanOrEqual(LONGEST_WAIT_MS);
  }
});
