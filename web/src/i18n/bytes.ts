import { localeTag } from './locale.svelte';

const SIZES: readonly [string, number][] = [['gigabyte', 1e9], ['megabyte', 1e6], ['kilobyte', 1e3], ['byte', 1]];
const kept = new Map<string, Intl.NumberFormat>();

/** 3,400,000 → "3.4 MB". */
export function bytes(value: number): string {
  const [unit, one] = SIZES.find(([, least]) => value >= least) ?? ['byte', 1];
  const maximumFractionDigits = value / one < 10 && one >= 1e6 ? 1 : 0;
  const key = `${localeTag()} ${unit} ${maximumFractionDigits}`;
  let formatter = kept.get(key);
  if (!formatter) kept.set(key, formatter = new Intl.NumberFormat(localeTag(), { style: 'unit', unit, maximumFractionDigits }));
  return formatter.format(value / one);
}
