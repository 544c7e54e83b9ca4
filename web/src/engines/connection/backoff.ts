/** When to try again: at once the first time, then ever later, spread so that a crowd does not return in one instant. */

/** The wait before the second try. */
export const FIRST_WAIT_MS = 400;
/** No wait is longer. */
export const LONGEST_WAIT_MS = 10_000;
/** The first try of a crowd is spread over this. */
export const SPREAD_MS = 150;

/**
 * Milliseconds to wait before a try.
 * @param failures tries that failed in a row; 0 before the first
 * @param random uniform in 0 to 1
 */
export function waitBefore_ms(failures: number, random: number): number {
  if (failures === 0) return Math.round(SPREAD_MS * random);
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(full * (0.5 + 0.5 * random));
}
