/** Why somebody is suggested, in the reader's words. */
import { localeTag } from '../../i18n/locale.svelte';
import { groups } from './messages';
import type { Reason } from './model';

/** Of a long list the first few say enough. */
const SHOWN_MAX = 3;

/** "bread, ovens and rye", as the reader's language lists things. */
export function listed(things: readonly string[]): string {
  return new Intl.ListFormat(localeTag(), { type: 'conjunction' }).format(things.slice(0, SHOWN_MAX));
}

export function reasonText(reason: Reason): string {
  const say = groups().reasons;
  switch (reason.kind) {
    case 'interests': return say.interests(listed(reason.shared));
    case 'comments': return say.comments(listed(reason.terms));
    case 'replies': return say.replies(reason.count);
    default: return say[reason.kind];
  }
}
