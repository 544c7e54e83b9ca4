/** The chunk of friends, and of finding people. */
import { dialogWords } from './messages';

export { default as PeopleScreen } from './PeopleScreen.svelte';
export const ready = () => dialogWords.ready();
