/** The chunk of a dialog's films, fetched when the first is there to be watched. */
import { floats } from '../floating_messages/messages';
import { films } from './messages';

export { default as DialogPlayer } from './DialogPlayer.svelte';

export async function ready(): Promise<void> {
  await Promise.all([films.ready(), floats.ready()]);
}
