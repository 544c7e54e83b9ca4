/**
 * Where the tiles of a stage go, so that they are as large as the area allows. Pure: sizes in, rectangles out.
 *
 * - one: all of it
 * - several people: a grid of equal tiles, its last row in the middle
 * - a screen and the one who shows it: the screen, with an inset over its corner
 * - a screen and several people: the screen as large as possible, and the people in a strip beside or below it
 */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export interface Arrangement {
  /** In the order of the tiles; the first is the screen where there is one. */
  readonly rects: readonly Rect[];
  /** The second lies over the first. */
  readonly inset: boolean;
}

/** Between tiles, in the unit of the area. */
export const GAP = 8;
/** A face is cut to no narrower than a square, and to no wider than the camera's own shape. */
export const NARROWEST = 1;
export const WIDEST = 16 / 9;
/** A screen is shown whole, in its usual shape. */
const SCREEN_SHAPE = 16 / 9;
/** Parts of the area that a strip may take. */
const STRIPS = [0.14, 0.17, 0.2, 0.24, 0.28, 0.34];
/** What a square of faces is worth beside a square of screen. */
const FACES_WORTH = 0.8;
/** A face smaller than this, along its shorter side, can't be told from another. */
export const FACE_MIN = 52;
const INSET_SHARE = 0.23;
const INSET_SHAPE = 16 / 10;
const INSET_MARGIN = 16;

const areaOf = (size: Size) => size.width * size.height;

/** The largest tile for each of `count` in a grid of an area, and how many stand in a row. */
function gridTile(area: Size, count: number): { columns: number; tile: Size } {
  let best = { columns: 1, tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    // A column that no row fills makes every tile smaller for nothing.
    if (rows > 1 && (rows - 1) * columns >= count) continue;
    const width = Math.max(0, (area.width - GAP * (columns - 1)) / columns);
    const height = Math.max(0, (area.height - GAP * (rows - 1)) / rows);
    const tile = { width: Math.min(width, height * WIDEST), height: Math.min(height, width / NARROWEST) };
    // Of two as large the one with fewer rows: faces stand side by side.
    if (areaOf(tile) > areaOf(best.tile) * 1.001 || (rows < Math.ceil(count / best.columns) && areaOf(tile) >= areaOf(best.tile) * 0.999)) best = { columns, tile };
  }
  return best;
}

/** `count` equal tiles in the middle of a rectangle. */
export function grid(within: Rect, count: number): Rect[] {
  if (count === 0) return [];
  const { columns, tile } = gridTile(within, count);
  const rows = Math.ceil(count / columns);
  const top = within.y + (within.height - rows * tile.height - GAP * (rows - 1)) / 2;
  return Array.from({ length: count }, (_, at) => {
    const row = Math.floor(at / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = within.x + (within.width - inRow * tile.width - GAP * (inRow - 1)) / 2;
    return { x: left + (at % columns) * (tile.width + GAP), y: top + row * (tile.height + GAP), ...tile };
  });
}

/** The largest of a shape within an area. */
function fitted(area: Size, shape: number): Size {
  const width = Math.min(area.width, area.height * shape);
  return { width, height: width / shape };
}

function withStrip(area: Size, faces: number): Rect[] {
  let best: { score: number; rects: Rect[] } | null = null;
  for (const part of STRIPS) {
    for (const beside of [true, false]) {
      const thick = (beside ? area.width : area.height) * part;
      const screen: Rect = { x: 0, y: 0, width: Math.max(0, area.width - (beside ? thick + GAP : 0)), height: Math.max(0, area.height - (beside ? 0 : thick + GAP)) };
      const strip: Rect = beside ? { x: area.width - thick, y: 0, width: thick, height: area.height } : { x: 0, y: area.height - thick, width: area.width, height: thick };
      const { tile } = gridTile(strip, faces);
      const seen = Math.min(tile.width, tile.height) >= FACE_MIN ? 1 : 0.5;
      const score = seen * (areaOf(fitted(screen, SCREEN_SHAPE)) + FACES_WORTH * faces * areaOf(tile));
      if (best === null || score > best.score) best = { score, rects: [screen, ...grid(strip, faces)] };
    }
  }
  return best?.rects ?? [];
}

/** @param count tiles, the screen among them @param screen whether the first is one @param sameUser whether the other of two is who shows it */
export function arrange(area: Size, count: number, screen: boolean, sameUser: boolean): Arrangement {
  const whole: Rect = { x: 0, y: 0, ...area };
  if (count <= 1) return { rects: count === 0 ? [] : [whole], inset: false };
  if (screen && count === 2 && sameUser) {
    const width = area.width * INSET_SHARE;
    const height = width / INSET_SHAPE;
    return { rects: [whole, { x: area.width - width - INSET_MARGIN, y: area.height - height - INSET_MARGIN, width, height }], inset: true };
  }
  return { rects: screen ? withStrip(area, count - 1) : grid(whole, count), inset: false };
}
