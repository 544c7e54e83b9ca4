import { describe, expect, it } from 'vitest';
import { Lanes, leftOf, speedOf, type Field, type Seat } from './lanes';
import { PLACES, type Place } from './model';

/** Mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FIELD: Field = { width_px: 800, rows: 6, row_px: 30, cross_ms: 8_000, stay_ms: 4_000, gap_px: 20, patience_ms: 0, standsPatience_ms: 0 };
/** What rounding may cost, in pixels. */
const TOLERANCE_PX = 1e-6;

/** The least distance between two of a row while both can be seen, looked at every 10 ms; negative where they overlap. */
function closest(seats: readonly Seat[], field: Field): number {
  let least = Infinity;
  for (const [at, a] of seats.entries()) {
    for (const b of seats.slice(at + 1)) {
      if (a.row !== b.row) continue;
      const from = Math.max(a.start_ms, b.start_ms);
      const to = Math.min(a.end_ms, b.end_ms);
      if (from >= to) continue;
      // At the very end of one that stands the next may be there.
      for (let time = from; time < to - 1e-6; time += 10) {
        const [first, second] = [a, b].map((one) => ({ left: leftOf(one, field, time), right: leftOf(one, field, time) + one.width_px }));
        if (!first || !second) continue;
        least = Math.min(least, Math.max(second.left - first.right, first.left - second.right));
      }
    }
  }
  return least;
}

const kinds = { stands: 0, scrolls: 0 };

describe('the lanes', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))('never let two of a row overlap (seed %i)', (seed) => {
    const next = random(seed);
    const field: Field = {
      width_px: 200 + Math.floor(next() * 1_800), rows: 1 + Math.floor(next() * 8), row_px: 30,
      cross_ms: 3_000 + next() * 9_000, stay_ms: 2_000 + next() * 4_000, gap_px: next() < 0.3 ? 0 : next() * 60, patience_ms: next() < 0.5 ? 0 : next() * 5_000, standsPatience_ms: next() * 6_000,
    };
    const lanes = new Lanes(field);
    const seats: Seat[] = [];
    let now = 0;
    for (let said = 0; said < 160; said += 1) {
      now += next() * 350;
      // Mostly short ones, and some far wider than the picture: those are caught up with.
      const width = next() < 0.8 ? 20 + next() * 250 : next() * field.width_px * 3;
      const place = PLACES[Math.floor(next() * 5)] ?? 'scroll';
      const seat = lanes.seat(width, place, now, next() < 0.1 ? 8_000 : undefined);
      if (!seat) continue;
      expect(seat.start_ms).toBeGreaterThanOrEqual(now);
      expect(seat.row).toBeLessThan(field.rows);
      seats.push(seat);
    }
    expect(seats.length).toBeGreaterThan(0);
    kinds.stands += seats.filter((one) => one.place !== 'scroll').length;
    kinds.scrolls += seats.filter((one) => one.place === 'scroll').length;
    expect(closest(seats, field)).toBeGreaterThanOrEqual(field.gap_px - TOLERANCE_PX);
  });

  it('were tried with many of both kinds', () => {
    expect(kinds.stands).toBeGreaterThan(300);
    expect(kinds.scrolls).toBeGreaterThan(1_000);
  });

  it('let one stand once what scrolls there has passed the middle, and the next reach it when it goes', () => {
    const lanes = new Lanes({ ...FIELD, rows: 1, standsPatience_ms: Infinity });
    const before = lanes.seat(100, 'scroll', 0);
    const stands = lanes.seat(200, 'top', 1_000);
    const after = lanes.seat(100, 'scroll', 1_000, Infinity);
    if (!before || !stands || !after) throw new Error('all have a seat');
    expect(leftOf(before, FIELD, stands.start_ms) + 100).toBeCloseTo(300 - FIELD.gap_px, 6);
    expect(leftOf(after, FIELD, stands.end_ms)).toBeCloseTo(500 + FIELD.gap_px, 6);
  });

  it('would overlap without the rule: the check sees it', () => {
    const careless: Seat[] = [100, 1_500].map((width, at) => {
      const speed = speedOf(width, FIELD);
      return { place: 'scroll', row: 0, start_ms: at * 1_500, end_ms: at * 1_500 + (800 + width) / speed, width_px: width, speed_px_per_ms: speed };
    });
    expect(closest(careless, FIELD)).toBeLessThan(0);
  });

  it('fill from above, and leave out what finds no room', () => {
    const lanes = new Lanes(FIELD);
    const rows = Array.from({ length: 7 }, () => lanes.seat(100, 'scroll', 0)?.row ?? null);
    expect(rows).toEqual([0, 1, 2, 3, 4, 5, null]);
  });

  it('let one wait for the first lane that comes free, no longer than the patience', () => {
    const lanes = new Lanes({ ...FIELD, rows: 1 });
    const first = lanes.seat(100, 'scroll', 0);
    const entered_ms = (100 + FIELD.gap_px) / speedOf(100, FIELD);
    expect(lanes.seat(100, 'scroll', 0, entered_ms - 1)).toBeNull();
    const second = lanes.seat(100, 'scroll', 0, entered_ms + 1);
    expect(second).toMatchObject({ row: 0, start_ms: expect.closeTo(entered_ms, 6) as number });
    expect(first?.start_ms).toBe(0);
  });

  it('hold a faster one back until it cannot catch up', () => {
    const lanes = new Lanes({ ...FIELD, rows: 1 });
    const slow = lanes.seat(10, 'scroll', 0);
    const fast = lanes.seat(800, 'scroll', 0, Infinity);
    if (!slow || !fast) throw new Error('both have a seat');
    expect(fast.speed_px_per_ms).toBeGreaterThan(slow.speed_px_per_ms);
    expect(leftOf(fast, FIELD, slow.end_ms)).toBeCloseTo(FIELD.gap_px, 6);
  });

  it('go faster the longer they are, up to the width of the picture', () => {
    expect(speedOf(400, FIELD)).toBeGreaterThan(speedOf(100, FIELD));
    expect(speedOf(5_000, FIELD)).toBe(speedOf(800, FIELD));
    expect(speedOf(5_000, FIELD)).toBe(2 * speedOf(0, FIELD));
  });

  it.each<[Place, number[]]>([['top', [0, 1, 2]], ['bottom', [5, 4, 3]]])('put those at the %s from their edge on', (place, rows) => {
    const lanes = new Lanes(FIELD);
    const seats = rows.map(() => lanes.seat(100, place, 0));
    expect(seats.map((one) => one?.row)).toEqual(rows);
    expect(seats.map((one) => one && leftOf(one, FIELD, 100))).toEqual([350, 350, 350]);
    expect(lanes.seat(100, place, FIELD.stay_ms)?.row).toBe(rows[0]);
  });

  it('let what is wider than the picture scroll, since it could not be read standing', () => {
    expect(new Lanes(FIELD).seat(801, 'top', 0)?.place).toBe('scroll');
    expect(new Lanes(FIELD).seat(800, 'top', 0)?.place).toBe('top');
  });

  it('seat nobody where there are no rows', () => {
    for (const place of PLACES) expect(new Lanes({ ...FIELD, rows: 0 }).seat(10, place, 0, Infinity)).toBeNull();
  });
});
