import { localeTag } from './locale.svelte';

const SIZES: readonly [unit: string, bytes: number, unitDisplay: 'long' | 'short'][] = [['byte', 1, 'long'], ['kilobyte', 1e3, 'short'], ['megabyte', 1e6, 'short'], ['gigabyte', 1e9, 'short'], ['terabyte', 1e12, 'short']];
/** Up to here a tenth is worth saying, of megabytes and more. */
const TENTHS_BELOW = 100;
const kept = new Map<string, Intl.NumberFormat>();

/** A size as it is read: 1 → "1 byte", 3,400,000 → "3.4 MB", 53,687,091,200 → "53.7 GB". */
export function bytes(value: number): string {
  let at = SIZES.findLastIndex(([, least]) => value >= least);
  const digits = (of: number) => (of >= 2 && value / (SIZES[of]?.[1] ?? 1) < TENTHS_BELOW ? 1 : 0);
  // What rounds to a thousand of one is one of the next.
  const next = SIZES[at + 1];
  if (next && Number((value / (next[1] / 1e3)).toFixed(digits(at))) >= 1e3) at += 1;
  const [unit, one, unitDisplay] = SIZES[Math.max(0, at)] ?? ['byte', 1, 'long'];
  const key = `${localeTag()} ${unit} ${digits(at)}`;
  let formatter = kept.get(key);
  if (!formatter) kept.set(key, formatter = new Intl.NumberFormat(localeTag(), { style: 'unit', unit, unitDisplay, maximumFractionDigits: digits(at) }));
  return formatter.format(value / one);
}
