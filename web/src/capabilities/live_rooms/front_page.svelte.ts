/** Who is live now. */
import type { Api } from '../../engines/http/http';
import type { Room } from '../../protocol/generated/types';
import { person } from '../people/person';
import { categoryOf } from './details';
import type { FrontPageModel, LiveRoomCard } from './model';

/** While the page is looked at. */
export const READ_EVERY_MS = 5_000;

function card(room: Room): LiveRoomCard {
  return {
    host: person(room.host),
    title: room.about.title === '' ? room.host.display_name : room.about.title,
    category: categoryOf(room.about.category),
    language: room.about.language,
    tags: room.about.tags,
    here: room.audience,
    startedAt_ms: 'since_ms' in room.broadcast ? room.broadcast.since_ms : Date.now(),
    picture: null,
  };
}

export class FrontPage implements FrontPageModel {
  state = $state<FrontPageModel['state']>('loading');
  rooms = $state.raw<readonly LiveRoomCard[]>([]);
  #timer: ReturnType<typeof setInterval>;

  constructor(private readonly api: Api) {
    this.#timer = setInterval(() => { if (document.visibilityState === 'visible') void this.#read(); }, READ_EVERY_MS);
    void this.#read();
  }

  retry(): void {
    this.state = 'loading';
    void this.#read();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const reply = await this.api.live();
    if (reply.is === 'ok') {
      this.rooms = reply.value.rooms.map(card);
      this.state = 'ready';
      // What was read once stays on the page while the server is away.
    } else if (this.state === 'loading') this.state = 'failed';
  }
}
