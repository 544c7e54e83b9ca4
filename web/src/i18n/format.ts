/** Numbers, times and names of languages as the reader writes them. All formatters are `Intl`'s, kept once made. */
import { localeTag } from './locale.svelte';

const kept = new Map<string, unknown>();
function once<T>(kind: string, make: (tag: string) => T): T {
  const key = `${kind} ${localeTag()}`;
  let formatter = kept.get(key) as T | undefined;
  if (formatter === undefined) {
    formatter = make(localeTag());
    kept.set(key, formatter);
  }
  return formatter;
}

/** 12,345 → "12K". */
export function count(value: number): string {
  return once('count', (tag) => new Intl.NumberFormat(tag, { notation: 'compact', maximumFractionDigits: 1 })).format(value);
}

export function number(value: number, fractionDigits = 0): string {
  return once(`number ${fractionDigits}`, (tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: fractionDigits })).format(value);
}

/** Bits a second → "2.4 Mbit/s". */
export function bitrate(value_bps: number): string {
  return value_bps >= 1e6 ? `${number(value_bps / 1e6, 1)} Mbit/s` : `${number(value_bps / 1e3)} kbit/s`;
}

/** 3,725,000 ms → "1:02:05". */
export function clock(duration_ms: number): string {
  const total_s = Math.max(0, Math.floor(duration_ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total_s / 3600);
  const minutes = Math.floor(total_s / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total_s % 60)}` : `${minutes}:${two(total_s % 60)}`;
}

export function timeOfDay(at_ms: number): string {
  return once('time', (tag) => new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit' })).format(at_ms);
}

export function date(at_ms: number): string {
  return once('date', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium' })).format(at_ms);
}

export function day(at_ms: number): string {
  return once('day', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'long' })).format(at_ms);
}

export function fullTime(at_ms: number): string {
  return once('full', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeStyle: 'short' })).format(at_ms);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000],
];

/** "2 hours ago"; below a minute "now". */
export function ago(at_ms: number, now_ms: number): string {
  const formatter = once('ago', (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }));
  for (const [unit, unit_ms] of STEPS) {
    const steps = Math.floor((now_ms - at_ms) / unit_ms);
    if (steps >= 1) return formatter.format(-steps, unit);
  }
  return formatter.format(0, 'second');
}

/** A BCP 47 tag or ISO 639-2 code in the reader's words; the tag itself where it is unknown or malformed. */
export function languageName(tag: string): string {
  return knownLanguage(tag) ?? tag;
}

/** Null where there is no name for it: unknown, malformed, or said to be undetermined. */
export function knownLanguage(tag: string): string | null {
  try {
    return once('language', (own) => new Intl.DisplayNames(own, { type: 'language', fallback: 'none' })).of(tag) ?? null;
  } catch {
    return null;
  }
}
