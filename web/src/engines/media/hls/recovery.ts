/** What is tried when an HLS stream fails, and when it is given up. Pure. */
import { waitBefore_ms } from '../../connection/backoff';

export type Fault =
  /** A playlist or a segment could not be had. */
  | 'network'
  /** There is no first segment yet: nothing is wrong. */
  | 'early'
  /** The browser refused what it was given. */
  | 'media'
  /** Anything else: only beginning anew helps. */
  | 'other';

export type Remedy =
  | { readonly do: 'reload'; readonly after_ms: number }
  | { readonly do: 'recover_media' }
  /** Decode with the other AAC profile: some streams lie about theirs. */
  | { readonly do: 'swap_audio' }
  | { readonly do: 'begin_anew'; readonly after_ms: number }
  | { readonly do: 'give_up' };

/** Faults that follow one another more closely than this are one series. */
export const SERIES_WITHIN_MS = 15_000;
/** Within a series so many are put up with. */
export const FAULTS_MAX = 8;
/** After so many reloads of a series the stream is begun anew, with an address asked for anew. */
export const RELOADS_MAX = 3;

/** The server has been waiting for the first segment itself: it is asked again soon, for as long as it says that it will come. */
export const EARLY_AGAIN_MS = 1_000;

export class Recovery {
  #inSeries = 0;
  #media = 0;
  #last_ms = -Infinity;

  get faults(): number { return this.#inSeries; }

  /** @param random uniform in 0 to 1 */
  after(fault: Fault, now_ms: number, random: number): Remedy {
    if (fault === 'early') return { do: 'begin_anew', after_ms: EARLY_AGAIN_MS };
    if (now_ms - this.#last_ms > SERIES_WITHIN_MS) this.#inSeries = this.#media = 0;
    this.#last_ms = now_ms;
    this.#inSeries += 1;
    if (this.#inSeries > FAULTS_MAX) return { do: 'give_up' };
    const after_ms = waitBefore_ms(this.#inSeries - 1, random);
    if (fault === 'media') {
      this.#media += 1;
      if (this.#media === 1) return { do: 'recover_media' };
      if (this.#media === 2) return { do: 'swap_audio' };
    }
    if (fault === 'network' && this.#inSeries <= RELOADS_MAX) return { do: 'reload', after_ms };
    return { do: 'begin_anew', after_ms };
  }
}
