/** My part in the stage of somebody's room: asking, being asked, being on it. And what a moderator does about others'. */
import type { Answer } from '../../engines/connection/machine';
import type { Command, LegClosedReason, LegId, Profile, StageRequests as WireRequests, StageStanding, UserId } from '../../protocol/generated/types';
import type { Outcome, Person } from '../people/model';
import { person } from '../people/person';
import { ofAnswer } from '../people/refusal';
import type { StagePartModel, StageRequests, Standing } from './stage_model';
import type { Lent } from './studio/lent';
import type { Studio } from './studio/studio.svelte';

/** How long it is said what somebody answered. */
export const ANSWERED_STAYS_MS = 6_000;

export interface PartPort {
  command(command: Command): Promise<Answer>;
  /** My side of the stage, once its code is here. */
  openStudio(): Promise<Studio>;
  /** Who is known by name changed, or what I send did. */
  changed(): void;
  /** A host who visits brings camera and microphone from their own room; null: they have none there. */
  lend?(): Promise<Lent | null>;
}

function standingOf(wire: StageStanding): Standing {
  return wire.state === 'asked' ? { is: 'asked', by: person(wire.by), until_ms: wire.until_ms } : { is: wire.state };
}

export class StagePart implements StagePartModel {
  standing = $state.raw<Standing>({ is: 'audience' });
  requests = $state.raw<StageRequests | null>(null);
  answered = $state.raw<StagePartModel['answered']>(null);
  studio = $state.raw<Studio | null>(null);
  #live = $state(false);
  #inside = $state(false);
  #mine = $state(false);
  #moderating = $state(false);
  /** The one answer that was given here: other devices of mine get on the stage without a green room of their own. */
  #accepting = false;
  #opening: Promise<Studio> | null = null;
  #answeredTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly port: PartPort) {}

  get mayRaiseHand(): boolean { return this.#inside && this.#live && !this.#mine; }
  get mayAsk(): boolean { return this.#inside && this.#live && this.#moderating; }
  /** Somebody is on the way onto the stage, or on it. */
  get expectsGuests(): boolean { return this.requests !== null && this.requests.asked.length + this.requests.guests.length > 0; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  stands(inside: boolean, live: boolean, mine: boolean, moderating: boolean): void {
    this.#inside = inside;
    this.#live = live;
    this.#mine = mine;
    this.#moderating = moderating;
    if (!moderating) this.requests = null;
  }

  /** @param fresh the room was entered anew: what was on before a reload may go on */
  told(wire: StageStanding, fresh = false): void {
    const before = this.standing.is;
    this.standing = standingOf(wire);
    if (wire.state === 'asked') void this.#open();
    if (wire.state === 'on_stage' && before !== 'on_stage') {
      if (this.#accepting) void this.#open().then((studio) => { if (this.standing.is === 'on_stage') studio.open(); });
      else if (this.port.lend) void this.#bring(this.port.lend);
      else if (fresh) void this.#open().then((studio) => studio.resume());
    }
    this.#accepting = false;
    if (wire.state !== 'on_stage') this.studio?.dismiss();
  }

  toldRequests(wire: WireRequests | undefined): void {
    const people = (profiles: readonly Profile[]) => profiles.map(person);
    this.requests = wire === undefined ? null : { hands: people(wire.hands), asked: people(wire.asked), guests: people(wire.guests) };
    this.port.changed();
  }

  toldAnswer(user: Profile, accepted: boolean): void {
    this.answered = { person: person(user), accepted };
    clearTimeout(this.#answeredTimer);
    this.#answeredTimer = setTimeout(() => { this.answered = null; }, ANSWERED_STAYS_MS);
  }

  legClosed(leg: LegId, reason: LegClosedReason): void { this.studio?.legClosed(leg, reason); }
  reconnected(stillOn: readonly LegId[]): void { this.studio?.reconnected(stillOn); }

  /** Out of the room: what was sent ends with it. */
  leaveRoom(): void {
    clearTimeout(this.#answeredTimer);
    this.studio?.leave();
    this.standing = { is: 'audience' };
    this.requests = null;
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  raiseHand(raised: boolean): Promise<Outcome> { return this.#do({ kind: 'raise_hand', raised }); }

  async answer(accept: boolean): Promise<Outcome> {
    this.#accepting = accept;
    const outcome = await this.#do({ kind: 'answer_stage', accept });
    if (!outcome.ok) this.#accepting = false;
    // The word may have come before the answer.
    else if (accept && this.standing.is === 'on_stage') (await this.#open()).open();
    return outcome;
  }

  leave(): Promise<Outcome> { return this.#do({ kind: 'leave_stage' }); }
  ask(who: UserId): Promise<Outcome> { return this.#do({ kind: 'ask_on_stage', user: who }); }
  takeOff(who: UserId): Promise<Outcome> { return this.#do({ kind: 'leave_stage', user: who }); }
  lowerHand(who: UserId): Promise<Outcome> { return this.#do({ kind: 'lower_hand', user: who }); }
  silence(who: UserId): Promise<Outcome> { return this.#do({ kind: 'set_muted', user: who, source: 'microphone', muted: true }); }

  /** Who is known by name from here. */
  get known(): readonly Person[] {
    const { requests, standing } = this;
    return [...(requests?.guests ?? []), ...(requests?.hands ?? []), ...(requests?.asked ?? []), ...(standing.is === 'asked' ? [standing.by] : [])];
  }

  async #do(command: Command): Promise<Outcome> {
    return ofAnswer(await this.port.command(command));
  }

  async #bring(lend: () => Promise<Lent | null>): Promise<void> {
    const [studio, lent] = await Promise.all([this.#open(), lend()]);
    if (lent === null) return;
    if (this.standing.is === 'on_stage') await studio.take(lent);
    else for (const track of lent.copies.values()) track.stop();
  }

  #open(): Promise<Studio> {
    return (this.#opening ??= this.port.openStudio().then((studio) => (this.studio = studio)));
  }
}
