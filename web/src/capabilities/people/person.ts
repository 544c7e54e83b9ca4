/** Profiles of the wire as the people that views show. */
import type { Profile } from '../../protocol/generated/types';
import type { Person } from './model';

/** What a guest is mentioned by: the display name in one word. */
function derivedName(displayName: string): string {
  return displayName.replace(/[\s@]+/gu, '_');
}

export function person(profile: Profile): Person {
  return {
    id: profile.id,
    name: profile.name ?? derivedName(profile.display_name),
    displayName: profile.display_name,
    guest: profile.name === null,
  };
}
