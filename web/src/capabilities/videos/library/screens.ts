/** The chunk of the library, fetched when it is first opened. */
import { floats } from '../../floating_messages/messages';
import { films } from '../messages';
import { libraryWords } from './messages';

export { default as LibraryScreen } from './LibraryScreen.svelte';

export async function ready(): Promise<void> {
  await Promise.all([films.ready(), floats.ready(), libraryWords.ready()]);
}
