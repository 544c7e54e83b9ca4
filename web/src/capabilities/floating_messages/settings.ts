/** How a viewer wants floating messages. Pure; `preferences.svelte.ts` keeps it. */
import type { Field } from './lanes';
import { DEFAULT_STYLE, isColor, PLACES, type FloatingMessage, type FloatStyle, type Place } from './model';

export const AREAS = [0.25, 0.5, 0.75, 1] as const;
export type Area = (typeof AREAS)[number];
export const DENSITIES = ['few', 'some', 'many'] as const;
export type Density = (typeof DENSITIES)[number];

export const OPACITY = { min: 0.2, max: 1, step: 0.05 } as const;
export const SIZE = { min: 0.6, max: 1.6, step: 0.1 } as const;
export const SPEED = { min: 0.5, max: 2, step: 0.1 } as const;
export const WORDS_MAX = 200;
export const WORD_MAX_CHARS = 50;

export interface FloatSettings {
  /** Null until the viewer has said so: then it is off for who wants less motion, else on. */
  readonly on: boolean | null;
  /** The part of the picture, from above. */
  readonly area: Area;
  readonly opacity: number;
  readonly size: number;
  readonly speed: number;
  readonly density: Density;
  /** Off: all are white. */
  readonly colors: boolean;
  readonly top: boolean;
  readonly bottom: boolean;
  /** What contains one of these doesn't float. Words as they are, no patterns. */
  readonly words: readonly string[];
}

export const DEFAULTS: FloatSettings = {
  on: null, area: 0.5, opacity: 0.85, size: 1, speed: 1, density: 'some', colors: true, top: true, bottom: true, words: [],
};

/** What I send. */
export interface SendingChoice {
  readonly floats: boolean;
  readonly style: FloatStyle;
}
export const SENDING: SendingChoice = { floats: true, style: DEFAULT_STYLE };

type Unknown<T> = Partial<Record<keyof T, unknown>>;
const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});
const within = (value: unknown, { min, max }: { min: number; max: number }, otherwise: number): number =>
  typeof value === 'number' && value >= min && value <= max ? value : otherwise;
const oneOf = <T>(value: unknown, all: readonly T[], otherwise: T): T => (all.includes(value as T) ? (value as T) : otherwise);

/** Whatever was stored, by whatever version: what can't be read is as usual. */
export function settingsFrom(value: unknown): FloatSettings {
  const one: Unknown<FloatSettings> = object(value);
  return {
    on: typeof one.on === 'boolean' ? one.on : null,
    area: oneOf(one.area, AREAS, DEFAULTS.area),
    opacity: within(one.opacity, OPACITY, DEFAULTS.opacity),
    size: within(one.size, SIZE, DEFAULTS.size),
    speed: within(one.speed, SPEED, DEFAULTS.speed),
    density: oneOf(one.density, DENSITIES, DEFAULTS.density),
    colors: one.colors !== false,
    top: one.top !== false,
    bottom: one.bottom !== false,
    words: Array.isArray(one.words) ? one.words.reduce<string[]>((all, word) => (typeof word === 'string' ? withWord(all, word) : all), []) : [],
  };
}

export function sendingFrom(value: unknown): SendingChoice {
  const one: Unknown<SendingChoice> = object(value);
  const style: Unknown<FloatStyle> = object(one.style);
  return {
    floats: one.floats !== false,
    style: { color: isColor(style.color) ? style.color : DEFAULT_STYLE.color, place: oneOf<Place>(style.place, PLACES, DEFAULT_STYLE.place) },
  };
}

const folded = (text: string): string => text.normalize('NFKC').toLocaleLowerCase();

/** The list with a word more, unless it is empty, too long, there already, or one too many. */
export function withWord(words: readonly string[], word: string): string[] {
  const trimmed = word.trim();
  const known = words.some((one) => folded(one) === folded(trimmed));
  return trimmed === '' || trimmed.length > WORD_MAX_CHARS || known || words.length >= WORDS_MAX ? [...words] : [...words, trimmed];
}

/** Which messages float for a viewer with these settings. My own always do. */
export function admits(settings: FloatSettings): (message: FloatingMessage) => boolean {
  const words = settings.words.map(folded);
  return (message) => {
    if (message.mine) return true;
    if ((message.style.place === 'top' && !settings.top) || (message.style.place === 'bottom' && !settings.bottom)) return false;
    if (words.length === 0) return true;
    const text = folded(message.text);
    return !words.some((word) => text.includes(word));
  };
}

// ── From settings to a field ──────────────────────────────────────────────────────────────────

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
