/** What a picture needs for messages to float over it, fetched when it is first shown. */
import { floats } from './messages';

export { default as FloatingLayer } from './FloatingLayer.svelte';
export { default as FloatMenu } from './FloatMenu.svelte';

export async function ready(): Promise<void> {
  await floats.ready();
}
