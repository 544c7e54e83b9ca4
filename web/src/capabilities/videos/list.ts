/** The list of a room's films, fetched when a room that is not live is looked at. */
import { films } from './messages';
import RoomVideos from './RoomVideos.svelte';

export async function roomVideos(): Promise<typeof RoomVideos> {
  await films.ready();
  return RoomVideos;
}
