/** What a room says of itself, on the wire and on the screen. */
import type { About } from '../../protocol/generated/types';
import { CATEGORIES, type Category, type RoomDetails } from './model';

/** The wire takes any word for a category; the screens know theirs. */
export function categoryOf(text: string): Category {
  return CATEGORIES.find((one) => one === text) ?? 'other';
}

export function detailsOf(about: About): RoomDetails {
  return { title: about.title, category: categoryOf(about.category), language: about.language, tags: about.tags, rules: about.rules, entry: about.entry };
}

/** @param before what the room said so far; what the screens don't show of it stays */
export function aboutOf(details: RoomDetails, before: About): About {
  return { ...before, ...details, tags: [...details.tags] };
}

export function sameAbout(a: About, b: About): boolean {
  return JSON.stringify(a, Object.keys(a).sort()) === JSON.stringify(b, Object.keys(a).sort()) && a.tags.join('\n') === b.tags.join('\n');
}
