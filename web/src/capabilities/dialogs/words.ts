/** Names and times of dialogs in the reader's words. */
import { localeTag } from '../../i18n/locale.svelte';
import { timeOfDay } from '../../i18n/format';
import type { Carried } from '../../protocol/generated/types';
import { dialogWords } from './messages';
import type { Person } from '../people/model';

const DAY_MS = 86_400_000;
const kept = new Map<string, Intl.DateTimeFormat>();

function formatted(at_ms: number, options: Intl.DateTimeFormatOptions): string {
  const key = localeTag() + JSON.stringify(options);
  let formatter = kept.get(key);
  if (!formatter) kept.set(key, formatter = new Intl.DateTimeFormat(localeTag(), options));
  return formatter.format(at_ms);
}

/** As short as it can be told apart: a time today, a weekday within a week, a date before. */
export function shortly(at_ms: number, now_ms: number): string {
  const at = new Date(at_ms);
  const now = new Date(now_ms);
  if (at.toDateString() === now.toDateString()) return timeOfDay(at_ms);
  if (now_ms - at_ms < 6 * DAY_MS && now_ms > at_ms) return formatted(at_ms, { weekday: 'short' });
  return formatted(at_ms, at.getFullYear() === now.getFullYear() ? { month: 'short', day: 'numeric' } : { dateStyle: 'short' });
}

export function listed(names: readonly string[]): string {
  return new Intl.ListFormat(localeTag(), { style: 'narrow', type: 'conjunction' }).format(names);
}

/** Its title, or the others' names. */
export function dialogName(one: { readonly title: string; readonly others: readonly Person[] }): string {
  if (one.title !== '') return one.title;
  return one.others.length === 0 ? dialogWords().alone : listed(one.others.map((other) => other.displayName));
}

/** What is said; where that is nothing, what is sent instead. */
export function wordsOf(text: string, carries: Carried['kind'] | null): string {
  return text === '' && carries !== null ? dialogWords().carries[carries] : text;
}

/** The beginning, the match and the rest of a text, cut so that the match is in view; null where the words are elsewhere. */
export function around(text: string, words: string): readonly [string, string, string] | null {
  const flat = text.replace(/\s+/gu, ' ');
  const whole = words.trim().replace(/\s+/gu, ' ');
  const at = [whole, ...whole.split(' ').sort((a, b) => b.length - a.length)].filter(Boolean).map((word) => [flat.toLowerCase().indexOf(word.toLowerCase()), word.length] as const).find(([from]) => from >= 0);
  if (!at) return null;
  const [from, length] = at;
  const start = from > 30 ? from - 24 : 0;
  return [`${start > 0 ? '…' : ''}${flat.slice(start, from)}`, flat.slice(from, from + length), flat.slice(from + length)];
}
