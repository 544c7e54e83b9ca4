/**
 * Discussion groups as their views need them: whom one might invite here, what was invited, and the group that one is in.
 */
import type { ChatModel } from '../conversation/model';
import type { Outcome, Person, UserId } from '../people/model';

/** Why somebody is suggested, or was invited. */
export type Reason =
  | { readonly kind: 'picked' | 'friend' | 'followed' }
  | { readonly kind: 'interests'; readonly shared: readonly string[] }
  | { readonly kind: 'comments'; readonly terms: readonly string[] }
  | { readonly kind: 'replies'; readonly count: number };

export const SOURCES = ['friends', 'interests', 'comments'] as const;
export type Source = (typeof SOURCES)[number];

export interface Suggested {
  readonly person: Person;
  /** The strongest first; never empty. */
  readonly reasons: readonly Reason[];
}

export type InvitationState = 'open' | 'accepted' | 'declined' | 'expired' | 'left' | 'withdrawn';

/** An invitation to me. */
export interface Invitation {
  readonly id: string;
  readonly by: Person;
  readonly reasons: readonly Reason[];
  /** How many others were invited, or are members. */
  readonly others: number;
  /** Server time. */
  readonly until_ms: number;
}

/** What became of whom I invited. */
export interface InvitedPerson {
  readonly person: Person;
  readonly state: InvitationState;
}

export interface Request {
  readonly invited: readonly InvitedPerson[];
  /** Server time until which the last of them can answer. */
  readonly until_ms: number;
}

export type NotInvited = 'not_here' | 'unavailable' | 'asked' | 'member';

/** What came of inviting: who could not be, and why. */
export type Inviting = { readonly ok: true; readonly uninvited: readonly { readonly user: UserId; readonly reason: NotInvited }[] } | Extract<Outcome, { ok: false }>;

/** The discussion groups of a live room, as far as they concern me. */
export interface RoomGroupsModel {
  readonly invitations: readonly Invitation[];
  readonly request: Request | null;
  readonly suggestions: { readonly state: 'idle' | 'loading' | 'ready' | 'failed'; readonly list: readonly Suggested[] };
  /** People picked for the next invitation. */
  readonly picked: ReadonlySet<UserId>;
  /** The group that I am in, wherever it is bound to. */
  readonly group: GroupModel | null;
  suggest(source: Source | null): void;
  pick(user: UserId, picked: boolean): void;
  /** Invites those who are picked. */
  invite(): Promise<Inviting>;
  withdraw(): Promise<Outcome>;
  answer(id: string, accept: boolean): Promise<Outcome>;
  /** Nobody invites me any more, until I change it in the settings. */
  disturbNoMore(): Promise<Outcome>;
}

export interface GroupMember {
  readonly person: Person;
  readonly here: boolean;
  readonly owner: boolean;
  readonly me: boolean;
}

/** What a group watches. */
export type Content =
  | { readonly kind: 'live_room'; readonly room: string; readonly host: Person; readonly title: string }
  | { readonly kind: 'video'; readonly video: string; readonly title: string };

/** A wish to take everybody to something else. */
export interface Proposal {
  readonly by: Person;
  readonly to: Content;
  readonly until_ms: number;
  readonly mine: 'open' | 'accepted' | 'declined';
  readonly accepted: number;
  readonly declined: number;
}

/** Where everybody could be taken. */
export interface PlaceToGo {
  readonly room: string;
  readonly host: Person;
  readonly title: string;
  readonly here: number;
}

export interface GroupModel {
  readonly id: string;
  /** `ended`: it is over, and what was said can still be read. */
  readonly state: 'entering' | 'inside' | 'removed' | 'dissolved' | 'idle';
  readonly chat: ChatModel;
  readonly members: readonly GroupMember[];
  readonly owner: boolean;
  readonly content: Content | null;
  /** Whether there is something to see in it now. */
  readonly playing: boolean;
  /** Server time at which it ends by itself. */
  readonly ends_ms: number | null;
  readonly proposal: Proposal | null;
  readonly voice: VoiceModel;
  placesToGo(): Promise<readonly PlaceToGo[] | null>;
  move(room: string): Promise<Outcome>;
  answerMove(accept: boolean): Promise<Outcome>;
  remove(user: UserId): Promise<Outcome>;
  dissolve(): Promise<Outcome>;
  depart(): Promise<Outcome>;
  /** Puts a group that is over out of sight. */
  dismiss(): void;
}

/** Somebody who speaks or shows themselves in the group. */
export interface Voiced {
  readonly user: UserId;
  readonly name: string;
  readonly camera: boolean;
  readonly silent: boolean;
  readonly speaking: boolean;
  readonly own: boolean;
}

export type Device = 'off' | 'asking' | 'on' | 'denied' | 'no_device' | 'in_use' | 'insecure' | 'failed';

export interface VoiceModel {
  /** `off`: I neither hear nor am heard. */
  readonly phase: 'off' | 'joining' | 'on' | 'reconnecting';
  readonly microphone: Device;
  readonly camera: Device;
  /** Who is in the voice now, I among them. */
  readonly people: readonly Voiced[];
  join(withCamera: boolean): Promise<Outcome>;
  leave(): void;
  setMicrophone(on: boolean): void;
  setCamera(on: boolean): void;
  /** Shows somebody's camera. Returns what undoes it. */
  attach(user: UserId, video: HTMLVideoElement): () => void;
}

/** A group of mine, past or present. */
export interface PastGroup {
  readonly id: string;
  readonly members: readonly Person[];
  readonly content: Content | null;
  readonly since_ms: number;
  readonly ended_ms: number | null;
}
