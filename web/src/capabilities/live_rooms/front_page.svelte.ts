/** Who is live now, and what is looked for among all rooms. */
import type { Api } from '../../engines/http/http';
import type { Room } from '../../protocol/generated/types';
import { person } from '../people/person';
import { categoryOf } from './details';
import type { FrontPageModel, RoomCard, RoomSearch } from './model';

/** While the page is looked at. */
export const READ_EVERY_MS = 5_000;
/** A search begins when nothing was typed for this long. */
export const TYPED_MS = 250;

/** Whose page it is: whom I follow comes first. */
export interface Follower {
  readonly wire: { readonly follows: readonly { readonly id: string }[] } | null;
  onChange(listener: () => void): () => void;
}

export class FrontPage implements FrontPageModel {
  state = $state<FrontPageModel['state']>('loading');
  rooms = $state.raw<readonly RoomCard[]>([]);
  found = $state.raw<readonly RoomCard[] | null>(null);
  searching = $state<FrontPageModel['searching']>('no');
  #wire: readonly Room[] = [];
  #wireFound: readonly Room[] | null = null;
  #wanted: RoomSearch | null = null;
  #timer: ReturnType<typeof setInterval>;
  #typedTimer: ReturnType<typeof setTimeout> | undefined;
  #undo: () => void;

  constructor(private readonly api: Pick<Api, 'live' | 'findRooms'>, private readonly me: Follower) {
    this.#undo = me.onChange(() => this.#show());
    this.#timer = setInterval(() => { if (document.visibilityState === 'visible') void this.#read(); }, READ_EVERY_MS);
    void this.#read();
  }

  retry(): void {
    this.state = 'loading';
    void this.#read();
  }

  search(what: RoomSearch | null): void {
    this.#wanted = what;
    clearTimeout(this.#typedTimer);
    if (what === null) {
      this.found = this.#wireFound = null;
      this.searching = 'no';
      return;
    }
    this.searching = 'yes';
    this.#typedTimer = setTimeout(() => void this.#find(what), TYPED_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#typedTimer);
    this.#wanted = null;
    this.#undo();
  }

  #card(room: Room): RoomCard {
    return {
      host: person(room.host),
      title: room.about.title === '' ? room.host.display_name : room.about.title,
      category: categoryOf(room.about.category),
      language: room.about.language,
      tags: room.about.tags,
      here: room.audience,
      startedAt_ms: 'since_ms' in room.broadcast ? room.broadcast.since_ms : null,
      picture: room.picture,
      followers: room.followers,
      followed: this.me.wire?.follows.some((one) => one.id === room.host.id) ?? false,
    };
  }

  #show(): void {
    this.rooms = this.#wire.map((room) => this.#card(room));
    this.found = this.#wireFound && this.#wireFound.map((room) => this.#card(room));
  }

  async #read(): Promise<void> {
    const reply = await this.api.live();
    if (reply.is === 'ok') {
      this.#wire = reply.value.rooms;
      this.#show();
      this.state = 'ready';
      // What was read once stays on the page while the server is away.
    } else if (this.state === 'loading') this.state = 'failed';
    if (this.#wanted !== null && this.searching !== 'yes') void this.#find(this.#wanted);
  }

  async #find(what: RoomSearch): Promise<void> {
    const reply = await this.api.findRooms({ q: what.words.trim(), category: what.category, language: what.language, tag: what.tag });
    if (this.#wanted !== what) return;
    if (reply.is === 'ok') {
      this.#wireFound = reply.value.rooms;
      this.searching = 'no';
      this.#show();
    } else this.searching = 'failed';
  }
}
