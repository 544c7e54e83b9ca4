/** Who is meant by the `@names` of a text, and who could be meant by the beginning of one. */
import type { Person, UserId } from '../people/model';

/** The server takes no more in one message. */
export const MENTIONS_MAX = 10;
/** Candidates offered while a name is typed. */
export const CANDIDATES_MAX = 8;

/** The people of `known` that a text mentions, each once. */
export function mentioned(text: string, known: Iterable<Person>): UserId[] {
  const byName = new Map<string, UserId>();
  for (const one of known) byName.set(one.name.toLowerCase(), one.id);
  const found = new Set<UserId>();
  for (const [, word = ''] of text.matchAll(/(?<![\p{L}\p{N}_])@([^\s@]+)/gu)) {
    // A name may be followed by a comma; and in Chinese by the sentence itself.
    for (let end = word.length; end > 0; end -= 1) {
      const id = byName.get(word.slice(0, end).toLowerCase());
      if (id === undefined) continue;
      const rest = word.slice(end);
      if (!/^[.-]*[\p{L}\p{N}_]/u.test(rest) || /^\p{Script=Han}/u.test(rest)) found.add(id);
      break;
    }
    if (found.size === MENTIONS_MAX) break;
  }
  return [...found];
}

/** @param people best first; the first of equals wins */
export function candidates(prefix: string, people: Iterable<Person>): Person[] {
  const wanted = prefix.toLowerCase();
  const found = new Map<UserId, Person>();
  for (const one of people) {
    if (found.size === CANDIDATES_MAX) break;
    if (one.name.toLowerCase().startsWith(wanted) || one.displayName.toLowerCase().startsWith(wanted)) found.set(one.id, found.get(one.id) ?? one);
  }
  return [...found.values()];
}
