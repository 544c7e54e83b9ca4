/** The frame of a picture in a talk: of its own shape, as far as that is neither a thread nor a ribbon. */

const RATIO_MIN = 0.5;
const RATIO_MAX = 2.4;
const WIDTH_MAX_REM = 22;
const HEIGHT_MAX_REM = 22;
/** Of several in a row. */
const SMALLER = 0.62;

export interface Frame {
  /** Width by height. */
  readonly ratio: number;
  readonly width_rem: number;
}

export function frameOf(width: number, height: number, inRow = false): Frame {
  const ratio = Math.min(RATIO_MAX, Math.max(RATIO_MIN, width > 0 && height > 0 ? width / height : 16 / 9));
  const width_rem = Math.min(WIDTH_MAX_REM, HEIGHT_MAX_REM * ratio) * (inRow ? SMALLER : 1);
  return { ratio: Number(ratio.toFixed(4)), width_rem: Number(width_rem.toFixed(3)) };
}
