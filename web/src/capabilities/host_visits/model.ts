/**
 * Host visits as their views need them: a host asks others over, one of them comes with those who like to come along,
 * and for a while the two rooms show one stage.
 *
 * Views render these interfaces and call their actions.
 */
import type { Category, RoomModel } from '../live_rooms/model';
import type { Loaded, Outcome, Person, Refusal, UserId } from '../people/model';

export { OFFER_MAX_CHARS, VISIT_HOSTS_MAX, VISIT_REQUESTS_PER_HOUR_MAX } from '../../protocol/generated/limits';

/** How long an invited host has, and how long their audience has to choose. */
export const ANSWER_WITHIN_MS = 30_000;
export const COUNTDOWN_MS = 10_000;
/** How long a visit may be, as it is offered, in seconds. */
export const DURATIONS_S = [5 * 60, 10 * 60, 15 * 60, 30 * 60, 60 * 60] as const;

export type Way = 'watching' | 'on_stage';

// ── Asking others over ────────────────────────────────────────────────────────────────────────

/** Which hosts are wanted; what is null, empty or false is no condition. */
export interface Conditions {
  readonly category: Category | null;
  readonly language: string | null;
  readonly audienceFrom: number | null;
  readonly audienceTo: number | null;
  readonly tags: readonly string[];
  readonly followed: boolean;
  readonly standingFrom: number | null;
}

export type Reason =
  | { readonly is: 'category' | 'language' | 'followed' | 'thanked' | 'rarely_asked' }
  | { readonly is: 'tags'; readonly shared: readonly string[] }
  /** They came to me more seldom than I to them, or the other way about. */
  | { readonly is: 'owes_visits' | 'is_owed_visits'; readonly visits: number };

export interface Candidate {
  readonly host: Person;
  readonly title: string;
  readonly category: Category;
  readonly live: boolean;
  readonly audience: number;
  readonly standing: number;
  /** The strongest first. */
  readonly reasons: readonly Reason[];
  /** A recent still of their stream; null while there is none. */
  readonly picture: string | null;
}

export type InvitationState = 'open' | 'accepted' | 'declined' | 'expired' | 'withdrawn' | 'unavailable';

export interface Invited {
  readonly visit: string;
  readonly host: Person;
  readonly state: InvitationState;
  /** Server time until when it can be answered. */
  readonly until_ms: number;
}

export interface Request {
  readonly wanted: number;
  /** In the order in which they were asked. */
  readonly invited: readonly Invited[];
  /** How many may still be asked. */
  readonly left: number;
  readonly over: boolean;
}

/** Why a request was declined, where the words for it are its own. */
export type InviteRefusal =
  | { readonly is: 'no_condition' | 'audience' | 'not_live' | 'running' | 'nobody' }
  /** As many as an hour allows. */
  | { readonly is: 'spent'; readonly max: number; readonly retryAfter_ms: number | null }
  | { readonly is: 'other'; readonly refusal: Refusal };

export interface Wish {
  readonly conditions: Conditions;
  readonly wanted: number;
  readonly duration_s: number;
  readonly offer: string;
  /** In this order; empty: all who meet the conditions, the best first. */
  readonly hosts: readonly UserId[];
}

export interface InvitingModel {
  /** Who meets the conditions, the best first; null before one has looked. */
  readonly candidates: readonly Candidate[] | null;
  readonly looking: 'no' | 'yes' | 'failed';
  readonly request: Request | null;
  /** Whether other hosts may ask me; null while it is not known. */
  readonly askable: boolean | null;
  /** Server time now; moves while somebody looks. */
  readonly clock_ms: number;
  /** The newest look wins. */
  look(conditions: Conditions): Promise<void>;
  /** Null: it is under way. */
  invite(wish: Wish): Promise<InviteRefusal | null>;
  cancel(): Promise<Outcome>;
  /** Puts a request that is over out of sight. */
  forget(): void;
  setAskable(askable: boolean): Promise<Outcome>;
}

// ── Being asked ───────────────────────────────────────────────────────────────────────────────

export interface VisitInvitation {
  readonly visit: string;
  readonly host: Person;
  readonly title: string;
  readonly category: Category;
  readonly audience: number;
  readonly conditions: Conditions;
  readonly duration_s: number;
  readonly offer: string;
  readonly until_ms: number;
  readonly picture: string | null;
}

export interface InvitationsModel {
  readonly list: readonly VisitInvitation[];
  readonly clock_ms: number;
  /** @param way null: not now */
  answer(visit: string, way: Way | null): Promise<Outcome>;
  /** Nobody asks me any more; what is open is declined. */
  turnOff(visit: string): Promise<Outcome>;
}

// ── A visit ───────────────────────────────────────────────────────────────────────────────────

export interface Side {
  readonly host: Person;
  readonly title: string;
  /** The room's colour, one of the palette's voices; never the same for both. */
  readonly voice: number;
}

export interface Traffic {
  readonly publishers: number;
  readonly viewers: number;
  readonly in_bps: number;
  readonly out_bps: number;
}

export interface Saving {
  readonly before: Traffic;
  readonly now: Traffic;
}

export interface VisitState {
  readonly id: string;
  readonly way: Way;
  /** Who invited, and whose stage is shown. */
  readonly to: Side;
  readonly from: Side;
  /** Whether mine is the room that is visited, or the one that visits. */
  readonly mine: 'to' | 'from';
  /** Whether I am one of the two hosts. */
  readonly hosting: boolean;
  /** Server time when it begins; null once it is under way. */
  readonly begins_ms: number | null;
  readonly since_ms: number;
  readonly until_ms: number;
}

export type EndReason = 'over' | 'host' | 'broadcast_ended' | 'gone' | 'lost';

export interface VisitOver {
  readonly reason: EndReason;
  readonly thanked: boolean;
}

export interface VisitingModel {
  readonly visit: VisitState;
  /** Whether I come along; hosts always do. */
  readonly come: boolean;
  /** The other room, while one is in it. */
  readonly other: RoomModel | null;
  /** The room whose stage is shown in the place of one's own; null: one's own is. */
  readonly stage: RoomModel | null;
  /** I want to come along, and the other room does not let me in. */
  readonly keptOut: boolean;
  readonly saving: Saving | null;
  /** Where it is over, until that is put out of sight. */
  readonly over: VisitOver | null;
  readonly clock_ms: number;
  setCome(come: boolean): Promise<Outcome>;
  /** For hosts. */
  end(): Promise<Outcome>;
  /** For hosts, once it is over. */
  thank(): Promise<Outcome>;
  forget(): void;
}

/** What a room has of visits. */
export interface RoomVisitsModel {
  /** Announced, under way or just over. Several hosts may visit one; one visits only one. */
  readonly all: readonly VisitingModel[];
  /** In one's own room: what was asked of other hosts; null before. */
  readonly inviting: InvitingModel | null;
  /** Null in a room that isn't mine. */
  invite(): Promise<InvitingModel | null>;
}

// ── What it brought ───────────────────────────────────────────────────────────────────────────

export interface LedgerEntry {
  readonly id: string;
  readonly way: Way;
  /** The other host. */
  readonly other: Person;
  /** Whether they came to me, or I to them. */
  readonly direction: 'came' | 'went';
  readonly began_ms: number;
  /** Null: it goes on. */
  readonly ended_ms: number | null;
  readonly people: number;
  readonly personMinutes: number;
  /** That I gained, and that they gained. */
  readonly followsMine: number;
  readonly followsTheirs: number;
  readonly thanked: { readonly byMe: boolean; readonly byThem: boolean };
}

export interface LedgerModel extends Loaded {
  /** The latest first. */
  readonly entries: readonly LedgerEntry[];
  readonly askable: boolean | null;
  thank(id: string): Promise<Outcome>;
  setAskable(askable: boolean): Promise<Outcome>;
}
