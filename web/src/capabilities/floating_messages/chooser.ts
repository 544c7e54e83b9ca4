/** The composer's chooser, fetched where there is a picture to float over. */
import FloatChooser from './FloatChooser.svelte';
import { floats } from './messages';

export async function chooser(): Promise<typeof FloatChooser> {
  await floats.ready();
  return FloatChooser;
}
