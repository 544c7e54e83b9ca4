/** The chunk of what other hosts ask of me, fetched when one asks. */
import { visits } from './messages';

export { default as InvitationCards } from './InvitationCards.svelte';
export const ready = () => visits.ready();
