/** Joins films, the library and people's pages to the engines. Its code comes with the first of them. */
import { PersonPage } from '../capabilities/people/page/person_page.svelte';
import type { Session } from '../capabilities/people/session.svelte';
import { Library } from '../capabilities/videos/library/library.svelte';
import { Video, type VideoPort } from '../capabilities/videos/video.svelte';
import { Videos } from '../capabilities/videos/videos.svelte';
import type { Live } from '../engines/connection/live';
import { people } from '../engines/http/people';
import { videos } from '../engines/http/videos';
import type { MyDialogs } from './open_dialogs';
import type { OwnVideos } from './own_videos';

export function openLibrary(port: Omit<VideoPort, 'api' | 'link'>, told: OwnVideos): Library {
  return new Library({ api: videos, onVideo: (listener) => told.on(listener), open: (id) => new Video(id, { ...port, api: videos, link: null }) });
}

export function openPerson(name: string, session: Session, line: Live, talks: () => Promise<MyDialogs>): PersonPage {
  return new PersonPage(name, {
    page: (who) => people.page(who),
    session,
    person: (command) => line.connection.person(command),
    begin: async (user) => (await talks()).begin([user], ''),
    films: (who) => new Videos((before_ms) => videos.ofPerson(who, '', before_ms), videos),
  });
}
