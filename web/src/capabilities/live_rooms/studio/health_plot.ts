/** The line of a small plot: samples in, points of a polyline out. Pure. */
import { HISTORY_MS, type HealthSample } from '../studio_model';

export interface Plot {
  /** For `points` of SVG polylines; a gap in the samples begins another. */
  readonly lines: readonly string[];
  /** What the top of the plot stands for. */
  readonly top_bps: number;
  readonly least_bps: number;
  readonly most_bps: number;
}

/** Reports come once a second; longer than this without one is a gap, not a slope. */
export const GAP_MS = 5_000;
/** A quiet broadcast is not blown up to look wild. */
export const LEAST_TOP_BPS = 500_000;
/** Room above the line. */
const HEADROOM = 1.15;

/** @param now_ms on the samples' clock; the right edge */
export function plotOf(samples: readonly HealthSample[], now_ms: number, width: number, height: number): Plot {
  const seen = samples.filter((one) => one.at_ms > now_ms - HISTORY_MS && one.at_ms <= now_ms);
  const rates = seen.map((one) => one.bitrate_bps);
  const most_bps = Math.max(0, ...rates);
  const top_bps = Math.max(LEAST_TOP_BPS, most_bps * HEADROOM);
  const lines: string[][] = [];
  seen.forEach((one, at) => {
    const before = seen[at - 1];
    if (before === undefined || one.at_ms - before.at_ms > GAP_MS) lines.push([]);
    const x = width * (1 - (now_ms - one.at_ms) / HISTORY_MS);
    const y = height * (1 - one.bitrate_bps / top_bps);
    lines.at(-1)?.push(`${x.toFixed(1)},${y.toFixed(1)}`);
  });
  return { lines: lines.map((line) => line.join(' ')), top_bps, least_bps: rates.length === 0 ? 0 : Math.min(...rates), most_bps };
}
