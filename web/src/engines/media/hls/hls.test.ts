import { describe, expect, it } from 'vitest';
import { Dates, TOLERANCE_MS, type Dated } from './dates';
import { FAULTS_MAX, Recovery, RELOADS_MAX, SERIES_WITHIN_MS } from './recovery';

const DATE_MS = 1_800_000_000_000;
const segments = (count: number, from_s: number, date_ms: number | null): Dated[] =>
  Array.from({ length: count }, (_, at) => ({ start_s: from_s + at * 2, duration_s: 2, date_ms: date_ms === null ? null : date_ms + at * 2_000 }));

describe('the dates of a playlist', () => {
  it('say which moment a position shows, and back', () => {
    const dates = new Dates(segments(10, 100, DATE_MS));
    expect(dates.at(100)).toBe(DATE_MS);
    expect(dates.at(113.5)).toBe(DATE_MS + 13_500);
    expect(dates.positionOf(DATE_MS + 13_500)).toBe(113.5);
  });
  it('jump where the publisher was away', () => {
    const dates = new Dates([...segments(5, 0, DATE_MS), ...segments(5, 10, DATE_MS + 60_000)]);
    expect(dates.at(9.9)).toBeCloseTo(DATE_MS + 9_900, 3);
    expect(dates.at(10)).toBe(DATE_MS + 60_000);
    expect(dates.at(12)).toBe(DATE_MS + 62_000);
    // What nobody saw is followed by what was seen next.
    expect(dates.positionOf(DATE_MS + 30_000)).toBe(10);
    expect(dates.positionOf(DATE_MS + 61_000)).toBe(11);
  });
  it('take what encoders round for one stretch, and no more', () => {
    const rounded = new Dates([...segments(2, 0, DATE_MS), ...segments(2, 4, DATE_MS + 4_000 + TOLERANCE_MS)]);
    expect(rounded.at(5)).toBe(DATE_MS + 5_000);
    const jumped = new Dates([...segments(2, 0, DATE_MS), ...segments(2, 4, DATE_MS + 4_001 + TOLERANCE_MS)]);
    expect(jumped.at(5)).toBe(DATE_MS + 5_001 + TOLERANCE_MS);
  });
  it('go on beyond both ends for a position, and end there for a moment', () => {
    const dates = new Dates(segments(5, 100, DATE_MS));
    expect(dates.at(99)).toBe(DATE_MS - 1_000);
    expect(dates.at(111)).toBe(DATE_MS + 11_000);
    expect(dates.positionOf(DATE_MS - 5_000)).toBe(100);
    expect(dates.positionOf(DATE_MS + 50_000)).toBe(110);
  });
  it('are unknown where the playlist has none', () => {
    const none = new Dates(segments(3, 0, null));
    expect(none.known).toBe(false);
    expect(none.at(1)).toBeNull();
    expect(none.positionOf(DATE_MS)).toBeNull();
    const some = new Dates([...segments(1, 0, DATE_MS), ...segments(2, 2, null)]);
    expect(some.positionOf(DATE_MS + 5_000)).toBe(5);
  });
});

describe('the recovery', () => {
  it('loads again, ever later, then begins anew, then gives up', () => {
    const recovery = new Recovery();
    const remedies = Array.from({ length: FAULTS_MAX + 1 }, (_, at) => recovery.after('network', at * 1_000, 1));
    expect(remedies.slice(0, RELOADS_MAX).map((one) => one.do)).toEqual(Array<string>(RELOADS_MAX).fill('reload'));
    expect(remedies.slice(RELOADS_MAX, FAULTS_MAX).every((one) => one.do === 'begin_anew')).toBe(true);
    expect(remedies.at(-1)).toEqual({ do: 'give_up' });
    const waits = remedies.flatMap((one) => ('after_ms' in one ? [one.after_ms] : []));
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(5_000);
  });
  it('recovers what the browser refused, then tries the other profile, then begins anew', () => {
    const recovery = new Recovery();
    expect([0, 1, 2].map((at) => recovery.after('media', at, 0).do)).toEqual(['recover_media', 'swap_audio', 'begin_anew']);
  });
  it('waits for a broadcast that is starting as long as it takes', () => {
    const recovery = new Recovery();
    const remedies = Array.from({ length: FAULTS_MAX * 2 }, (_, at) => recovery.after('early', at * 11_000, 1));
    expect(remedies.every((one) => one.do === 'begin_anew')).toBe(true);
    expect(recovery.faults).toBe(0);
    expect(recovery.after('network', 0, 0).do).toBe('reload');
  });
  it('forgets after a while of quiet', () => {
    const recovery = new Recovery();
    for (let at = 0; at < FAULTS_MAX; at += 1) recovery.after('other', at, 0);
    expect(recovery.after('media', FAULTS_MAX - 1 + SERIES_WITHIN_MS + 1, 0)).toEqual({ do: 'recover_media' });
    expect(recovery.faults).toBe(1);
  });
});
