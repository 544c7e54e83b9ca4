/** The chunk of a live room, fetched when one is first entered. */
import { conversation } from '../conversation/messages';
import { live } from './messages';

export { default as RoomScreen } from './RoomScreen.svelte';

export async function ready(): Promise<void> {
  await Promise.all([live.ready(), conversation.ready()]);
}
