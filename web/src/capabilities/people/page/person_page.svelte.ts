/** Somebody's page: who they are, how I stand to them, and which of their films I may see. */
import { waitBefore_ms } from '../../../engines/connection/backoff';
import type { Answer } from '../../../engines/connection/machine';
import type { Reply } from '../../../engines/http/http';
import type { PersonCommand, PersonPage as WirePage, Profile } from '../../../protocol/generated/types';
import type { Begun } from '../../dialogs/model';
import type { VideosModel } from '../../videos/model';
import type { Outcome, Person, PersonPageModel, Standing, UserId } from '../model';
import { person } from '../person';
import { ofAnswer } from '../refusal';
import type { Session } from '../session.svelte';

/** Whether they are live is looked at again this often. */
export const LOOK_EVERY_MS = 30_000;

export interface PersonPagePort {
  page(name: string): Promise<Reply<WirePage>>;
  readonly session: Pick<Session, 'me' | 'wire'>;
  person(command: PersonCommand): Promise<Answer>;
  begin(user: UserId): Promise<Begun>;
  films(name: string): VideosModel;
}

export class PersonPage implements PersonPageModel {
  state = $state<PersonPageModel['state']>('loading');
  who = $state.raw<Person | null>(null);
  live = $state(false);
  hasRoom = $state(false);
  films = $state.raw<VideosModel | null>(null);
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(private readonly name: string, private readonly port: PersonPagePort) {
    void this.#load();
  }

  get me(): boolean { return this.who !== null && this.who.id === this.port.session.me?.id; }

  /** As what is known of me says: so it is the same everywhere at once. */
  get standing(): Standing {
    const { wire } = this.port.session;
    const has = (list: readonly Profile[] | undefined) => list?.some((one) => one.id === this.who?.id) === true;
    return { friends: has(wire?.friends), asked: has(wire?.friends_asked), asks: has(wire?.friend_requests), follows: has(wire?.follows), blocked: has(wire?.blocked) };
  }

  befriend(): Promise<Outcome> { return this.#do('befriend'); }
  unfriend(): Promise<Outcome> { return this.#do('unfriend'); }
  follow(): Promise<Outcome> { return this.#do('follow'); }
  unfollow(): Promise<Outcome> { return this.#do('unfollow'); }
  block(): Promise<Outcome> { return this.#do('block'); }
  unblock(): Promise<Outcome> { return this.#do('unblock'); }
  write(): Promise<Begun> { return this.port.begin(this.who?.id ?? ''); }

  retry(): void {
    this.state = 'loading';
    void this.#load();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.films?.close();
  }

  async #do(kind: 'befriend' | 'unfriend' | 'follow' | 'unfollow' | 'block' | 'unblock'): Promise<Outcome> {
    const user = this.who?.id;
    return user === undefined ? { ok: false, refusal: { reason: 'not_found' } } : ofAnswer(await this.port.person({ kind, user }));
  }

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    const reply = await this.port.page(this.name);
    if (this.#closed) return;
    if (reply.is === 'ok') {
      this.#failures = 0;
      this.who = person(reply.value.profile);
      this.live = reply.value.live;
      this.hasRoom = reply.value.room !== null;
      this.films ??= this.port.films(this.name);
      this.state = 'ready';
      this.#timer = setTimeout(() => void this.#load(), LOOK_EVERY_MS);
    } else if (reply.is === 'rejected') {
      this.films?.close();
      this.films = null;
      this.who = null;
      this.state = 'missing';
    } else {
      if (this.who === null) this.state = 'failed';
      this.#timer = setTimeout(() => void this.#load(), waitBefore_ms(++this.#failures, Math.random()));
    }
  }
}
