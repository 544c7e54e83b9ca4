/** The chunk of the way into a conversation for who is nobody yet. */
import { people } from './messages';

export { default as GuestEntry } from './GuestEntry.svelte';
export const ready = () => people.ready();
