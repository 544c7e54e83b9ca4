/** Visits between a room and others: their code comes with the first word of one, and hears everything in order. */
import type { Member, Snapshot, SpaceId, VisitEvent } from '../../protocol/generated/types';
import type { InvitingModel, RoomVisitsModel, VisitingModel } from '../host_visits/model';
import type { RoomVisits, RoomVisitsPort } from '../host_visits/room_visits.svelte';

export interface VisitsPort extends Omit<RoomVisitsPort, 'room'> {
  /** Null while it is not known. */
  room(): SpaceId | null;
}

export class VisitsPart implements RoomVisitsModel {
  #visits = $state.raw<RoomVisits | null>(null);
  #opening: Promise<RoomVisits> | null = null;
  #closed = false;

  constructor(private readonly port: VisitsPort) {}

  get all(): readonly VisitingModel[] { return this.#visits?.all ?? []; }
  get inviting(): InvitingModel | null { return this.#visits?.inviting ?? null; }

  told(event: VisitEvent): void {
    void this.#open()?.then((visits) => visits.told(event));
  }

  entered({ visits: all = [], visit_request: request }: Snapshot): void {
    if (all.length > 0 || request || this.#opening) void this.#open()?.then((visits) => visits.stands(all, request ?? null));
  }

  seen(members: readonly Member[]): void {
    this.#visits?.seen(members);
  }

  async invite(): Promise<InvitingModel | null> {
    return (await this.#open())?.invite() ?? null;
  }

  close(): void {
    this.#closed = true;
    this.#visits?.close();
  }

  #open(): Promise<RoomVisits> | null {
    const room = this.port.room();
    if (room === null) return null;
    return (this.#opening ??= import('../host_visits/room_visits.svelte').then(({ RoomVisits }) => {
      const visits = new RoomVisits({ ...this.port, room });
      if (!this.#closed) this.#visits = visits;
      return visits;
    }));
  }
}
