/** Whom I want to invite back: chosen on the page of visits, asked in my own room. */
import type { Person } from '../people/model';

let wanted = $state.raw<Person | null>(null);

export const inviteBack = {
  get person(): Person | null { return wanted; },
  want(person: Person | null): void { wanted = person; },
};
