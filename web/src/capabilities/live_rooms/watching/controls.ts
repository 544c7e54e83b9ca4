/** Controls of a picture that come after it: they are not needed to begin watching. */
import FloatMenu from '../../floating_messages/FloatMenu.svelte';
import { floats } from '../../floating_messages/messages';
import LiveSeek from './LiveSeek.svelte';

export async function watchingControls(): Promise<{ FloatMenu: typeof FloatMenu; LiveSeek: typeof LiveSeek }> {
  await floats.ready();
  return { FloatMenu, LiveSeek };
}
