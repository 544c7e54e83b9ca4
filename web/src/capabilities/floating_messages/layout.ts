/** The field that a viewer's settings make of a picture. Pure. */
import type { Field } from './lanes';
import type { Density, FloatSettings } from './settings';

/** Letters at size 1 on pictures of every size, between these. */
const FONT = { share: 1 / 44, min_px: 15, max_px: 34 } as const;
const ROW_PER_FONT = 1.42;
const CROSS_MS = { narrow: 6_000, wide: 9_500, wide_px: 1_280 } as const;
export const STAY_MS = 4_500;
/** One that stands waits this long for the middle of a row. */
export const STANDS_PATIENCE_MS = 3_000;
/** One's own waits this long for a seat. */
export const OWN_PATIENCE_MS = 8_000;
const DENSITY: Record<Density, { readonly gapPerWidth: number; readonly gapPerRow: number; readonly patience_ms: number }> = {
  few: { gapPerWidth: 0.5, gapPerRow: 0, patience_ms: 0 },
  some: { gapPerWidth: 0, gapPerRow: 1.2, patience_ms: 600 },
  many: { gapPerWidth: 0, gapPerRow: 0.45, patience_ms: 4_000 },
};

export interface Box {
  readonly width_px: number;
  readonly height_px: number;
  /** Kept free below, for captions and controls. */
  readonly bottomInset_px: number;
}

export interface Layout {
  readonly field: Field;
  readonly font_px: number;
  /** Nothing moves: what would scroll stands instead, and comes and goes gently. */
  readonly still: boolean;
}

export function layoutOf(box: Box, settings: FloatSettings, still: boolean): Layout {
  const font_px = Math.round(Math.min(FONT.max_px, Math.max(FONT.min_px, box.width_px * FONT.share)) * settings.size);
  const row_px = Math.round(font_px * ROW_PER_FONT);
  const usable_px = Math.max(0, Math.min(box.height_px * settings.area, box.height_px - box.bottomInset_px));
  const rows = Math.floor(usable_px / row_px);
  const density = DENSITY[settings.density];
  const wide = Math.min(1, box.width_px / CROSS_MS.wide_px);
  return {
    font_px,
    still,
    field: {
      width_px: box.width_px,
      // A picture that is too low for a row of letters gets none.
      rows: still ? Math.min(rows, STILL_ROWS_MAX) : rows,
      row_px,
      cross_ms: (CROSS_MS.narrow + (CROSS_MS.wide - CROSS_MS.narrow) * wide) / settings.speed,
      stay_ms: STAY_MS / Math.sqrt(settings.speed),
      gap_px: density.gapPerWidth * box.width_px + density.gapPerRow * row_px,
      patience_ms: density.patience_ms,
      standsPatience_ms: Math.max(density.patience_ms, STANDS_PATIENCE_MS),
    },
  };
}

/** With less motion only a few are there at a time. */
export const STILL_ROWS_MAX = 3;
