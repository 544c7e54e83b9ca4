/** One chunk: what one does about accounts is small, and seldom. */
import { people } from './messages';

export { default as Admin } from './Admin.svelte';
export { default as Settings } from './Settings.svelte';
export { default as Setup } from './Setup.svelte';
export { default as SignUp } from './SignUp.svelte';
export { default as SignIn } from './SignIn.svelte';
export const ready = () => people.ready();
