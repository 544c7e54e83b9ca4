/** Who I am on this device, kept in step with the server. */
import { waitBefore_ms } from '../../engines/connection/backoff';
import type { Api, Reply } from '../../engines/http/http';
import type { Entry, Me as WireMe, Session as WireSession, SpaceId } from '../../protocol/generated/types';
import type { Me, Outcome, SessionModel } from './model';
import { person } from './person';
import { ofReply } from './refusal';

/** The room at whose door one stands, and what one has to show there. */
export interface Door {
  readonly room: SpaceId;
  readonly entry: Entry;
  readonly link: string | null;
}

export class Session implements SessionModel {
  state = $state<SessionModel['state']>('unknown');
  me = $state.raw<Me | null>(null);
  guestsWelcome = $state(false);
  provider = $state<string | null>(null);
  registration = $state(false);
  /** The whole of what the server says of me; `me` is its public part. */
  wire = $state.raw<WireMe | null>(null);
  setupPending = false;
  #door: Door | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<() => void>();

  constructor(private readonly api: Api) {}

  /** Called whenever it becomes somebody else's session or nobody's, or what is known of me changes. Returns what undoes it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the server who we are; tries again by itself until there is an answer. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const reply = await this.api.session();
    if (reply.is === 'ok') {
      this.#failures = 0;
      this.#take(reply.value);
    } else if (reply.is === 'rejected' && reply.rejection.kind === 'unauthenticated') {
      this.#failures = 0;
      this.#become(null);
    } else {
      if (this.state === 'unknown' && this.#failures > 0) this.state = 'unreachable';
      this.#timer = setTimeout(() => void this.refresh(), waitBefore_ms(++this.#failures, Math.random()));
    }
  }

  standAt(door: Door | null): void {
    this.#door = door;
    this.guestsWelcome = door !== null && (door.entry === 'open' || (door.entry === 'link' && door.link !== null));
  }

  /** What the live connection says of me. */
  learn(me: WireMe): void {
    this.#become(me);
  }

  async signIn(name: string, password: string): Promise<Outcome> {
    return this.#enter(await this.api.signIn({ name, password }));
  }

  async signUp(name: string, password: string): Promise<Outcome> {
    const reply = await this.api.addAccount({ name, password });
    return reply.is === 'ok' ? this.signIn(name, password) : ofReply(reply);
  }

  async enterAsGuest(displayName: string): Promise<Outcome> {
    if (!this.#door) return { ok: false, refusal: { reason: 'not_allowed' } };
    const { room, link } = this.#door;
    const reply = await this.api.enterAsGuest({ display_name: displayName, room, ...(link === null ? {} : { link }) });
    // The door was there a moment ago: what is gone is what the link was good for.
    if (link !== null && reply.is === 'rejected' && reply.rejection.kind === 'not_found') return { ok: false, refusal: { reason: 'link_spent' } };
    return this.#enter(reply);
  }

  async createFirstAdministrator(token: string, name: string, password: string): Promise<Outcome> {
    const reply = await this.api.setUp({ token, name, password });
    // A token that opens nothing is a link that was used, whatever else it may be.
    if (reply.is === 'rejected' && (reply.rejection.kind === 'not_found' || reply.rejection.kind === 'forbidden')) {
      return { ok: false, refusal: { reason: 'link_spent' } };
    }
    return this.#enter(reply);
  }

  async checkSetupLink(): Promise<'good' | 'spent' | 'unreachable'> {
    const reply = await this.api.session();
    if (reply.is !== 'ok') return 'unreachable';
    return reply.value.server.setup_pending ? 'good' : 'spent';
  }

  async setDisplayName(displayName: string): Promise<Outcome> {
    const reply = await this.api.changeMe({ display_name: displayName });
    if (reply.is === 'ok') this.#become(reply.value);
    return ofReply(reply);
  }

  async signOut(): Promise<void> {
    await this.api.signOut();
    this.#become(null);
  }

  #enter(reply: Reply<WireSession>): Outcome {
    if (reply.is === 'ok') this.#take(reply.value);
    return ofReply(reply);
  }

  #take(session: WireSession): void {
    this.setupPending = session.server.setup_pending;
    this.provider = session.server.oidc;
    this.registration = session.server.registration;
    this.#become(session.me);
  }

  #become(me: WireMe | null): void {
    const state = me === null ? 'signed_out' : me.profile.name === null ? 'guest' : 'signed_in';
    const changed = state !== this.state || JSON.stringify(me) !== JSON.stringify(this.wire);
    this.wire = me;
    this.me = me && { ...person(me.profile), administrator: me.administrator };
    this.state = state;
    if (changed) for (const listener of this.#listeners) listener();
  }
}
