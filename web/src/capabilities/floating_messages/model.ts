/** Messages that float over the picture, as everything here needs them. */

export const PLACES = ['scroll', 'top', 'bottom'] as const;
/** Across the picture from right to left, or standing for a while near its upper or lower edge. */
export type Place = (typeof PLACES)[number];

/** How the author wants it to look. */
export interface FloatStyle {
  /** `#rrggbb` */
  readonly color: string;
  readonly place: Place;
}

export interface FloatingMessage {
  readonly id: string;
  readonly text: string;
  readonly style: FloatStyle;
  /** My own are framed, and are never left out for want of room. */
  readonly mine: boolean;
  /** Media time at which it was said: milliseconds since the broadcast or the video began. */
  readonly media_ms: number;
}

/** Where the picture is, and how fast it moves; `rate` 0 while it stands. */
export interface MediaMoment {
  readonly media_ms: number;
  readonly rate: number;
}

/** The colours that are offered. Each is read on light and on dark pictures, with its outline. */
export const COLORS = [
  '#ffffff', '#ffd84d', '#ff9f43', '#ff6b6b', '#ff8fc7', '#c49bff', '#7cb8ff', '#5fe3e0', '#7ee787', '#c8e64c',
] as const;
export const DEFAULT_STYLE: FloatStyle = { color: COLORS[0], place: 'scroll' };

/** Graphemes of a message that float; the chat has the rest. */
export const FLOAT_MAX_GRAPHEMES = 100;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What of a text floats: one line, without marks that only steer direction, cut where it would not be read. */
export function floatingText(text: string): string {
  const line = text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').replace(/\s+/g, ' ').trim();
  if (line.length <= FLOAT_MAX_GRAPHEMES) return line;
  let kept = '';
  let taken = 0;
  for (const { segment } of graphemes.segment(line)) {
    if (taken === FLOAT_MAX_GRAPHEMES) return `${kept.trimEnd()}…`;
    kept += segment;
    taken += 1;
  }
  return kept;
}

export function isColor(value: unknown): value is string {
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value);
}
