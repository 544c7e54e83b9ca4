/** The chunk of discussion groups, fetched when one is first wanted. */
import { groups } from './messages';

export { default as GroupInvitationCard } from './GroupInvitationCard.svelte';
export { default as GroupPanel } from './GroupPanel.svelte';
export { default as GroupsHere } from './GroupsHere.svelte';
export const ready = () => groups.ready();
