/**
 * Which moment a position in a live stream shows, by `EXT-X-PROGRAM-DATE-TIME` (RFC 8216bis, section 4.4.4.6).
 *
 * Where the publisher was away the dates jump while positions go on, so it is a table of stretches.
 */

/** A segment, as far as it matters here. */
export interface Dated {
  /** Position of its beginning, in seconds. */
  readonly start_s: number;
  readonly duration_s: number;
  /** Unix time of its beginning; null where the playlist does not say. */
  readonly date_ms: number | null;
}

interface Stretch {
  readonly from_s: number;
  to_s: number;
  readonly date_ms: number;
}

/** Dates that differ by less from what the durations add up to are one stretch: encoders round. */
export const TOLERANCE_MS = 80;

export class Dates {
  readonly #stretches: readonly Stretch[];

  /** @param segments in order */
  constructor(segments: readonly Dated[]) {
    const stretches: Stretch[] = [];
    for (const one of segments) {
      const last = stretches.at(-1);
      if (one.date_ms === null) {
        if (last) last.to_s = one.start_s + one.duration_s;
        continue;
      }
      const expected_ms = last ? last.date_ms + (one.start_s - last.from_s) * 1_000 : Number.NaN;
      if (last && Math.abs(one.date_ms - expected_ms) <= TOLERANCE_MS) last.to_s = one.start_s + one.duration_s;
      else stretches.push({ from_s: one.start_s, to_s: one.start_s + one.duration_s, date_ms: one.date_ms });
    }
    this.#stretches = stretches;
  }

  get known(): boolean { return this.#stretches.length > 0; }

  /** Unix time that a position shows; null where no date is known. Beyond the ends the nearest stretch is gone on with. */
  at(position_s: number): number | null {
    const found = this.#stretches.findLast((one) => one.from_s <= position_s) ?? this.#stretches[0];
    return found ? found.date_ms + (position_s - found.from_s) * 1_000 : null;
  }

  /** The position that shows a moment; of one that nobody saw, the next that was. */
  positionOf(date_ms: number): number | null {
    let before: Stretch | undefined;
    for (const one of this.#stretches) {
      if (one.date_ms > date_ms) return one.from_s;
      if (date_ms <= one.date_ms + (one.to_s - one.from_s) * 1_000) return one.from_s + (date_ms - one.date_ms) / 1_000;
      before = one;
    }
    return before?.to_s ?? null;
  }
}
