/** Conditions as a form holds them, and whether they say something. */
import type { Conditions } from './model';

export const NO_CONDITIONS: Conditions = {
  category: null, language: null, audienceFrom: null, audienceTo: null, tags: [], followed: false, standingFrom: null,
};

/** How many conditions there are. */
export function countOf(conditions: Conditions): number {
  const { category, language, audienceFrom, audienceTo, tags, followed, standingFrom } = conditions;
  return [category !== null, language !== null, audienceFrom !== null || audienceTo !== null, tags.length > 0, followed, standingFrom !== null].filter(Boolean).length;
}

/** What stands in the way of asking by these; null: nothing. */
export function problemOf(conditions: Conditions): 'no_condition' | 'audience' | null {
  const { audienceFrom, audienceTo } = conditions;
  if (audienceFrom !== null && audienceTo !== null && audienceFrom > audienceTo) return 'audience';
  return countOf(conditions) === 0 ? 'no_condition' : null;
}

/** A number as it is typed; null for what is none. */
export function numberOf(typed: string): number | null {
  const text = typed.trim();
  return /^\d{1,7}$/.test(text) ? Number(text) : null;
}
