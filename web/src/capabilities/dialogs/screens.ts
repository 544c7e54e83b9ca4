/** The chunk of dialogs, fetched when they are first gone to. */
import { sendingWords } from '../sending/messages';
import { dialogWords } from './messages';

export { default as DialogsScreen } from './DialogsScreen.svelte';
export const ready = () => Promise.all([dialogWords.ready(), sendingWords.ready()]);
