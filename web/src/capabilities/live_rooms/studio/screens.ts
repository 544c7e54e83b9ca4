/** The chunk of a room's host, fetched in one's own room. */
import { hosting } from './messages';

export { default as EditRoom } from './EditRoom.svelte';
export { default as GreenRoom } from './GreenRoom.svelte';
export { default as HostBar } from './HostBar.svelte';
export const ready = () => hosting.ready();
