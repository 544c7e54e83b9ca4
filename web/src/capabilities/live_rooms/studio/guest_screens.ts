/** The chunk of a guest of the stage, fetched when one is asked. */
import { hosting } from './messages';

export { default as GuestBar } from './GuestBar.svelte';
export { default as GuestGreenRoom } from './GuestGreenRoom.svelte';
export const ready = () => hosting.ready();
