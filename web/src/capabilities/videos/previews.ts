/**
 * The index of a film's previews: WebVTT whose cues name a part of a picture (`sprites.jpg#xywh=x,y,w,h`, Media Fragments URI 1.0,
 * section 4.2.2). Pure.
 */
export interface Preview {
  readonly from_ms: number;
  readonly to_ms: number;
  /** The picture, as an address on this origin. */
  readonly picture: string;
  /** The part of it, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A film of a day has a few hundred; what claims more is no index of ours. */
export const PREVIEWS_MAX = 5_000;

const TIMES = /^((?:\d+:)?\d{2}:\d{2}\.\d{3})\s+-->\s+((?:\d+:)?\d{2}:\d{2}\.\d{3})/;
const PART = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;

function time_ms(written: string): number {
  return Math.round(written.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000);
}

/** @param index where the text is from: the picture is beside it */
export function previewsOf(text: string, index: string): Preview[] {
  const found: Preview[] = [];
  const base = new URL(index, 'http://film');
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length && found.length < PREVIEWS_MAX; at += 1) {
    const times = TIMES.exec(lines[at] ?? '');
    const part = times && PART.exec((lines[at + 1] ?? '').trim());
    if (!times || !part) continue;
    const picture = new URL(part[1] ?? '', base);
    // Only beside it: nothing else is asked for on its word.
    if (picture.origin !== base.origin) continue;
    const [x, y, width, height] = part.slice(2).map(Number) as [number, number, number, number];
    if (width > 0 && height > 0) found.push({ from_ms: time_ms(times[1] ?? ''), to_ms: time_ms(times[2] ?? ''), picture: picture.pathname + picture.search, x, y, width, height });
  }
  return found.sort((a, b) => a.from_ms - b.from_ms);
}

/** The preview of a time: the last that begins by then; null where there is none. */
export function previewAt(previews: readonly Preview[], at_ms: number): Preview | null {
  let low = 0;
  let high = previews.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((previews[middle]?.from_ms ?? 0) <= at_ms) low = middle + 1;
    else high = middle;
  }
  return previews[low - 1] ?? null;
}
