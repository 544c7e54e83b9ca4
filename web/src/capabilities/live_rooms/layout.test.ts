import { describe, expect, it } from 'vitest';
import { arrange, FACE_MIN, GAP, grid, NARROWEST, type Rect, type Size, WIDEST } from './layout';

const DESKTOP: Size = { width: 880, height: 495 };
const THEATRE: Size = { width: 1540, height: 1080 };
const PORTRAIT: Size = { width: 390, height: 388 };
const LANDSCAPE: Size = { width: 844, height: 390 };
const AREAS = [['desktop', DESKTOP], ['theatre', THEATRE], ['phone upright', PORTRAIT], ['phone sideways', LANDSCAPE]] as const;

const overlap = (a: Rect, b: Rect) => a.x < b.x + b.width - 0.01 && b.x < a.x + a.width - 0.01 && a.y < b.y + b.height - 0.01 && b.y < a.y + a.height - 0.01;
const rows = (rects: readonly Rect[]) => [...new Set(rects.map((one) => Math.round(one.y)))].map((y) => rects.filter((one) => Math.round(one.y) === y).length);
const inside = (area: Size, rects: readonly Rect[]) => rects.every((one) => one.x >= -0.01 && one.y >= -0.01 && one.x + one.width <= area.width + 0.01 && one.y + one.height <= area.height + 0.01);

describe.each(AREAS)('on a %s', (_name, area) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('%d people have equal places that neither overlap nor leave the area', (count) => {
    const { rects, inset } = arrange(area, count, false, false);
    expect(inset).toBe(false);
    expect(rects).toHaveLength(count);
    expect(inside(area, rects)).toBe(true);
    expect(rects.some((one, at) => rects.some((other, where) => where > at && overlap(one, other)))).toBe(false);
    const [first] = rects as [Rect];
    for (const one of rects) {
      expect(one.width).toBeCloseTo(first.width, 6);
      expect(one.height).toBeCloseTo(first.height, 6);
      if (count > 1) expect(one.width / one.height).toBeGreaterThanOrEqual(NARROWEST - 1e-9);
      if (count > 1) expect(one.width / one.height).toBeLessThanOrEqual(WIDEST + 1e-9);
    }
  });

  it.each([1, 2, 5, 9])('a screen with %d people beside it is larger than all of them together, and every face can be told', (faces) => {
    const { rects } = arrange(area, faces + 1, true, false);
    const [screen, ...people] = rects as [Rect, ...Rect[]];
    expect(rects).toHaveLength(faces + 1);
    expect(inside(area, rects)).toBe(true);
    expect(rects.some((one, at) => rects.some((other, where) => where > at && overlap(one, other)))).toBe(false);
    const shown = Math.min(screen.width, (screen.height * 16) / 9) ** 2 * (9 / 16);
    expect(shown).toBeGreaterThan(people.reduce((sum, one) => sum + one.width * one.height, 0));
    for (const one of people) expect(Math.min(one.width, one.height)).toBeGreaterThanOrEqual(FACE_MIN);
  });

  it('no other number of columns would make the tiles of a grid larger', () => {
    for (let count = 2; count <= 9; count += 1) {
      const [first] = grid({ x: 0, y: 0, ...area }, count) as [Rect];
      for (let columns = 1; columns <= count; columns += 1) {
        const width = (area.width - GAP * (columns - 1)) / columns;
        const many = Math.ceil(count / columns);
        const height = (area.height - GAP * (many - 1)) / many;
        const other = Math.min(width, height * WIDEST) * Math.min(height, width / NARROWEST);
        expect(first.width * first.height).toBeGreaterThanOrEqual(other * 0.998);
      }
    }
  });
});

describe('the places of a stage', () => {
  it('one has all of it', () => expect(arrange(DESKTOP, 1, false, false).rects).toEqual([{ x: 0, y: 0, ...DESKTOP }]));
  it('nobody has none', () => expect(arrange(DESKTOP, 0, false, false).rects).toEqual([]));
  it('two stand side by side, three and four in a square of two by two', () => {
    expect(rows(arrange(DESKTOP, 2, false, false).rects)).toEqual([2]);
    expect(rows(arrange(DESKTOP, 3, false, false).rects)).toEqual([2, 1]);
    expect(rows(arrange(DESKTOP, 4, false, false).rects)).toEqual([2, 2]);
    expect(rows(arrange(DESKTOP, 9, false, false).rects)).toEqual([3, 3, 3]);
  });
  it('a row that isn’t full stands in the middle', () => {
    const { rects } = arrange(DESKTOP, 3, false, false);
    const last = rects[2] as Rect;
    expect(last.x + last.width / 2).toBeCloseTo(DESKTOP.width / 2, 6);
  });
  it('one who shows their screen keeps to its corner', () => {
    const { rects, inset } = arrange(DESKTOP, 2, true, true);
    expect(inset).toBe(true);
    expect(rects[0]).toEqual({ x: 0, y: 0, ...DESKTOP });
    expect(inside(DESKTOP, rects)).toBe(true);
  });
  it('a strip stands below where the area is high', () => {
    const [screen, face] = arrange({ width: 390, height: 700 }, 3, true, false).rects as [Rect, Rect];
    expect(face.y).toBeGreaterThanOrEqual(screen.height);
  });
  it('an area that is not there yet breaks nothing', () => {
    for (const count of [1, 2, 4, 9]) for (const screen of [true, false]) {
      for (const one of arrange({ width: 0, height: 0 }, count, screen, false).rects) {
        expect(Number.isFinite(one.x + one.y + one.width + one.height)).toBe(true);
        expect(Math.min(one.width, one.height)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});
