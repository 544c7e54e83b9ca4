/** The chunk of a visit that concerns a room, fetched when there is one. */
import { visits } from './messages';

export { default as Away } from './Away.svelte';
export { default as OtherChats } from './OtherChats.svelte';
export { default as VisitPlace } from './VisitPlace.svelte';
export const ready = () => visits.ready();
