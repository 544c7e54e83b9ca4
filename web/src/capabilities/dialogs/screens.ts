/** The chunk of dialogs, fetched when they are first gone to. */
import { dialogWords } from './messages';

export { default as DialogsScreen } from './DialogsScreen.svelte';
export const ready = () => dialogWords.ready();
