/** All that a room has to do with visits: those to it and the one from it, its guests from elsewhere, and what its host asks of others. */
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import { visits, type VisitsApi } from '../../engines/http/visits';
import type {
  LiveRooms, Member, SpaceId, UserId, Visit, VisitCommand, VisitEvent, VisitRequest, VisitSide, YourVisit,
} from '../../protocol/generated/types';
import type { VisitorOf } from '../conversation/model';
import type { RoomModel } from '../live_rooms/model';
import { Inviting } from './inviting.svelte';
import { Visiting } from './visiting.svelte';
import { roomVoices } from './wire';

/** Guests that stay marked; the first of them are forgotten for more. */
export const VISITORS_MAX = 2_000;

/** What visits do to a room. */
export interface OtherRoom {
  /** Nothing of its stage is to be received while another is shown in its place. */
  holdStage(held: boolean): void;
  markVisitors(visitors: ReadonlyMap<UserId, VisitorOf>): void;
}

export interface RoomVisitsPort {
  readonly home: OtherRoom;
  readonly room: SpaceId;
  /** The other room of a visit: of the two one's own says how it stands. */
  readonly visited: boolean;
  mine(): boolean;
  me(): UserId | null;
  command(wants: VisitCommand): Promise<Answer>;
  live(): Promise<Reply<LiveRooms>>;
  open(side: VisitSide, changed: () => void): RoomModel & OtherRoom;
  serverTime_ms(): number;
}

export class RoomVisits {
  all = $state.raw<readonly Visiting[]>([]);
  inviting = $state.raw<Inviting | null>(null);
  /** Whose rooms guests come from. */
  #rooms = new Map<SpaceId, VisitorOf>();
  #visitors = new Map<UserId, VisitorOf>();

  constructor(private readonly port: RoomVisitsPort, private readonly api: VisitsApi = visits) {}

  told(event: VisitEvent): void {
    switch (event.kind) {
      case 'request': this.invite()?.told(event.request); break;
      case 'visit': this.#visit(event.visit); break;
      case 'coming': this.#of(event.visit)?.coming(event.come); break;
      case 'saving': this.#of(event.visit)?.saves(event.saving); break;
      case 'ended': this.#of(event.visit)?.ended(event.reason);
    }
  }

  /** How it all stands, as told on coming in, anew or again. */
  stands(yours: readonly YourVisit[], request: VisitRequest | null): void {
    // What ended while nobody could be told ended by being lost.
    for (const one of this.all) if (!yours.some(({ visit }) => visit.id === one.visit.id)) one.ended('lost');
    for (const { visit, come } of yours) this.#visit(visit, come);
    if (request !== null) this.invite()?.told(request);
  }

  /** Who was a guest while a visit lasted stays marked, also by what they said before they went. */
  seen(members: readonly Member[]): void {
    let marked = false;
    for (const { profile, guest_from } of members) {
      const from = guest_from === undefined ? undefined : this.#rooms.get(guest_from);
      if (from === undefined || this.#visitors.get(profile.id) === from) continue;
      this.#visitors.set(profile.id, from);
      marked = true;
    }
    for (const id of this.#visitors.keys()) {
      if (this.#visitors.size <= VISITORS_MAX) break;
      this.#visitors.delete(id);
    }
    if (marked) this.port.home.markVisitors(new Map(this.#visitors));
  }

  /** Null in a room that isn't mine. */
  invite(): Inviting | null {
    if (!this.port.mine()) return null;
    return (this.inviting ??= new Inviting({
      command: (wants) => this.port.command(wants),
      live: () => this.port.live(),
      visits: this.api,
      serverTime_ms: () => this.port.serverTime_ms(),
    }));
  }

  close(): void {
    for (const one of this.all) one.close();
    this.all = [];
  }

  #of(id: string): Visiting | undefined {
    return this.all.find((one) => one.visit.id === id);
  }

  #visit(wire: Visit, come?: boolean): void {
    const voices = roomVoices(wire.to.host.id, wire.from.host.id);
    this.#rooms.set(wire.to.room, { host: wire.to.host.display_name, voice: voices.to });
    this.#rooms.set(wire.from.room, { host: wire.from.host.display_name, voice: voices.from });
    if (this.port.visited) return;
    const known = this.#of(wire.id);
    if (known) return known.stands(wire, come);
    const { port } = this;
    const visiting: Visiting = new Visiting(wire, come ?? true, {
      room: port.room,
      me: () => port.me(),
      command: (wants) => port.command(wants),
      thank: (visit) => this.api.thank(visit),
      open: (side, changed) => port.open(side, changed),
      changed: () => this.#hold(),
      forget: () => { this.all = this.all.filter((one) => one.visit.id !== wire.id); },
      serverTime_ms: () => port.serverTime_ms(),
    });
    // What was said of an earlier one between the same two makes way.
    this.all = [...this.all.filter((one) => one.over === null), visiting];
    this.#hold();
  }

  #hold(): void {
    this.port.home.holdStage(this.all.some((one) => one.stage !== null));
  }
}
