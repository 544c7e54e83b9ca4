/**
 * The server's clock as seen from here, by RFC 5905's four time stamps.
 *
 * Of the samples held, those with the least round trip have waited least in queues,
 * so the offset is the mean of the best three.
 */

/** Samples held. */
export const SAMPLES_MAX = 60;
/** Samples that the offset is the mean of. */
export const BEST = 3;

interface Sample {
  readonly offset_ms: number;
  readonly roundTrip_ms: number;
}

export class ServerClock {
  #samples: Sample[] = [];
  #offset_ms: number | null = null;

  /** @param t0_ms sent here @param t1_ms received there @param t2_ms sent there @param t3_ms received here */
  sample(t0_ms: number, t1_ms: number, t2_ms: number, t3_ms: number): void {
    const roundTrip_ms = t3_ms - t0_ms - (t2_ms - t1_ms);
    // A clock that was set in between gives nonsense.
    if (!Number.isFinite(roundTrip_ms) || roundTrip_ms < 0) return;
    this.#samples.push({ offset_ms: (t1_ms - t0_ms + t2_ms - t3_ms) / 2, roundTrip_ms });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    const best = [...this.#samples].sort((a, b) => a.roundTrip_ms - b.roundTrip_ms).slice(0, BEST);
    this.#offset_ms = best.reduce((sum, one) => sum + one.offset_ms, 0) / best.length;
  }

  /** Server time (Unix milliseconds) less the local monotonic clock; null before the first sample. */
  get offset_ms(): number | null {
    return this.#offset_ms;
  }

  /** The least round trip held; null before the first sample. */
  get roundTrip_ms(): number | null {
    return this.#samples.length === 0 ? null : Math.min(...this.#samples.map((one) => one.roundTrip_ms));
  }

  /** Forgets the samples (the way to the server has changed), and keeps the offset until there is a better one. */
  restart(): void {
    this.#samples = [];
  }
}
