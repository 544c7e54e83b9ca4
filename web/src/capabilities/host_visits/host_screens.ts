/** The chunk of a host's request for visits, fetched when it is opened. */
import { visits } from './messages';

export { default as InviteDialog } from './InviteDialog.svelte';
export const ready = () => visits.ready();
