/** The chunk of a film's page, fetched when one is first opened. */
import { conversation } from '../conversation/messages';
import { floats } from '../floating_messages/messages';
import { films } from './messages';

export { default as ReplayScreen } from './ReplayScreen.svelte';

export async function ready(): Promise<void> {
  await Promise.all([films.ready(), floats.ready(), conversation.ready()]);
}
