/**
 * A visit as somebody in one of its two rooms lives it.
 *
 * ```text
 * announced ──at_ms──► under way ──over, ended, gone, lost──► over ──forget──► (out of sight)
 *     └─────────────── ended ────────────────────────────────►┘
 * ```
 *
 * Home is where one is. While it is under way one is in the other room as well, on the same connection:
 * who comes along sees its stage, and everybody else has its chat beside their own. At the end one only leaves the other.
 */
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { SpaceId, UserId, Visit, VisitCommand, VisitId, VisitSide } from '../../protocol/generated/types';
import { now_ms } from '../../ui/now';
import type { RoomModel } from '../live_rooms/model';
import type { Outcome } from '../people/model';
import { ofAnswer, ofReply } from '../people/refusal';
import type { EndReason, Saving, VisitingModel, VisitOver, VisitState } from './model';
import { visitOf } from './wire';

/** What was said of a visit that is over goes by itself after this long, but for its hosts. */
export const OVER_STAYS_MS = 60_000;

export interface VisitingPort {
  readonly room: SpaceId;
  me(): UserId | null;
  command(wants: VisitCommand): Promise<Answer>;
  thank(visit: VisitId): Promise<Reply<unknown>>;
  /** Enters the other room. @param changed it was entered, or can't be */
  open(side: VisitSide, changed: () => void): RoomModel & { holdStage(held: boolean): void };
  /** Whose stage is seen may have changed. */
  changed(): void;
  /** There is no more to be said of it. */
  forget(): void;
  serverTime_ms(): number;
}

export class Visiting implements VisitingModel {
  visit: VisitState;
  come: boolean;
  other = $state.raw<RoomModel | null>(null);
  saving = $state.raw<Saving | null>(null);
  over = $state.raw<VisitOver | null>(null);
  #wire: Visit;
  #overTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(wire: Visit, come: boolean, private readonly port: VisitingPort) {
    this.#wire = wire;
    this.visit = $state.raw(visitOf(wire, port.room, port.me()));
    this.come = $state(come || this.visit.hosting);
    this.#settle();
  }

  get clock_ms(): number { return now_ms() + this.port.serverTime_ms() - Date.now(); }
  get keptOut(): boolean { return this.#away && (this.other?.entry === 'missing' || this.other?.entry === 'banned'); }
  get stage(): RoomModel | null { return this.#away && !this.keptOut ? this.other : null; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  /** @param come as the server says; absent: as before */
  stands(wire: Visit, come = this.come): void {
    if (this.over) return;
    this.#wire = wire;
    this.visit = visitOf(wire, this.port.room, this.port.me());
    this.coming(come);
  }

  /** Whether I come along, as I said on whatever device. */
  coming(come: boolean): void {
    this.come = come || this.visit.hosting;
    this.#settle();
  }

  saves(saving: Saving): void {
    this.saving = saving;
  }

  ended(reason: EndReason): void {
    if (this.over) return;
    this.over = { reason, thanked: false };
    this.#leaveOther();
    // What was called off before it began is not worth a look back.
    if (this.visit.begins_ms !== null && reason === 'host') this.forget();
    else if (!this.visit.hosting) this.#overTimer = setTimeout(() => this.forget(), OVER_STAYS_MS);
  }

  close(): void {
    clearTimeout(this.#overTimer);
    this.other?.close();
    this.other = null;
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  async setCome(come: boolean): Promise<Outcome> {
    const outcome = ofAnswer(await this.port.command({ kind: 'come', visit: this.visit.id, come }));
    if (outcome.ok && !this.over) this.coming(come);
    return outcome;
  }

  async end(): Promise<Outcome> {
    return ofAnswer(await this.port.command({ kind: 'end', visit: this.visit.id }));
  }

  async thank(): Promise<Outcome> {
    const outcome = ofReply(await this.port.thank(this.visit.id));
    if (outcome.ok && this.over) this.over = { ...this.over, thanked: true };
    return outcome;
  }

  forget(): void {
    clearTimeout(this.#overTimer);
    this.port.forget();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  /** Whether one is with the visitor, in the other room. */
  get #away(): boolean {
    return this.over === null && this.visit.mine === 'from' && this.visit.begins_ms === null && this.come;
  }

  #settle(): void {
    const wanted = this.visit.begins_ms === null && (this.visit.mine === 'to' || this.come);
    if (!wanted) return this.#leaveOther();
    if (this.other === null) {
      const other = this.port.open(this.visit.mine === 'to' ? this.#wire.from : this.#wire.to, () => this.port.changed());
      // Nothing is shown there while its host is here.
      if (this.visit.mine === 'to') other.holdStage(true);
      this.other = other;
    }
    this.port.changed();
  }

  #leaveOther(): void {
    this.other?.close();
    this.other = null;
    this.port.changed();
  }
}
