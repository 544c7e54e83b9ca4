/** The chunk of a person's page. */
import { films } from '../../videos/messages';
import { pageWords } from './messages';

export { default as PersonScreen } from './PersonScreen.svelte';

export async function ready(): Promise<void> {
  await Promise.all([pageWords.ready(), films.ready()]);
}
