/** What other hosts ask of me: a card on every device of mine, until one of them has answered. */
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { PersonEvent, Room, SpaceId, VisitCommand, VisitId } from '../../protocol/generated/types';
import { now_ms } from '../../ui/now';
import type { Outcome } from '../people/model';
import { DISCONNECTED, ofAnswer, ofReply } from '../people/refusal';
import type { VisitsApi } from '../../engines/http/visits';
import { Askable } from './askable.svelte';
import type { InvitationsModel, VisitInvitation, Way } from './model';
import { invitationOf } from './wire';

export type InvitationEvent = Extract<PersonEvent, { kind: 'visit_invitation' | 'visit_invitation_over' }>;
/** More at once are not read; the newest wait behind the oldest, which end first. */
export const CARDS_MAX = 3;

export interface InvitationsPort {
  readonly visits: Pick<VisitsApi, 'preferences' | 'setPreferences'>;
  /** The account name of who I am; null: I have none. */
  myName(): string | null;
  roomOf(name: string): Promise<Reply<Room>>;
  /** Goes to my own room, and says something there once I am inside. */
  goAndSay(name: string, room: SpaceId, wants: VisitCommand): Promise<Answer>;
  /** Says something in my own room from wherever I am. */
  say(room: SpaceId, wants: VisitCommand): Promise<Answer>;
  serverTime_ms(): number;
}

export class Invitations implements InvitationsModel {
  list = $state.raw<readonly VisitInvitation[]>([]);
  #timers = new Map<VisitId, ReturnType<typeof setTimeout>>();

  constructor(private readonly port: InvitationsPort) {}

  get clock_ms(): number { return now_ms() + this.port.serverTime_ms() - Date.now(); }

  heard(event: InvitationEvent): void {
    if (event.kind === 'visit_invitation_over') return this.#end(event.visit);
    const { invitation } = event;
    const left_ms = invitation.until_ms - this.port.serverTime_ms();
    if (left_ms <= 0 || this.#timers.has(invitation.visit)) return;
    // A lost word of its end must not leave it standing.
    this.#timers.set(invitation.visit, setTimeout(() => this.#end(invitation.visit), left_ms));
    this.list = [...this.list, invitationOf(invitation, null)].slice(0, CARDS_MAX);
    void this.#picture(invitation.visit, invitation.host.name);
  }

  async answer(visit: VisitId, way: Way | null): Promise<Outcome> {
    const name = this.port.myName();
    if (name === null) return { ok: false, refusal: { reason: 'not_signed_in' } };
    const home = await this.port.roomOf(name);
    if (home.is !== 'ok') return ofReply(home);
    const wants: VisitCommand = { kind: 'answer', visit, accept: way };
    // Who visits is at home: their audience is told from there.
    const answer = await (way === null ? this.port.say(home.value.id, wants) : this.port.goAndSay(name, home.value.id, wants));
    // Whose answer comes too late sees it go, like any other.
    if (answer.is === 'ok' || (answer.is === 'rejected' && answer.rejection.kind === 'invitation_over')) this.#end(visit);
    return ofAnswer(answer);
  }

  async turnOff(visit: VisitId): Promise<Outcome> {
    const off = await new Askable(this.port.visits).set(false);
    if (!off.ok) return off;
    const outcome = await this.answer(visit, null);
    return outcome.ok || outcome.refusal.reason !== DISCONNECTED.reason ? off : outcome;
  }

  async #picture(visit: VisitId, host: string | null): Promise<void> {
    if (host === null) return;
    const reply = await this.port.roomOf(host);
    if (reply.is === 'ok') this.list = this.list.map((one) => (one.visit === visit ? { ...one, picture: reply.value.picture } : one));
  }

  #end(visit: VisitId): void {
    clearTimeout(this.#timers.get(visit));
    this.#timers.delete(visit);
    this.list = this.list.filter((one) => one.visit !== visit);
  }
}
