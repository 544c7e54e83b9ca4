/**
 * A conversation as its views need it: the ordered messages of a space, what I may do in it, and its actions.
 */
import type { FloatStyle } from '../floating_messages/model';
import type { Outcome, Person, Refusal, UserId } from '../people/model';

export type MessageId = string;

export type Role = 'host' | 'moderator' | 'member' | 'guest';

export interface Author extends Person {
  readonly role: Role;
}

/**
 * ```text
 * pending ──stored──► stored ──► deleted
 *    └────refused───► failed ──retry──► pending
 * ```
 */
export type MessageState = 'pending' | 'stored' | 'failed' | 'deleted';

export interface Quote {
  readonly id: MessageId;
  readonly authorName: string;
  /** `null` when the message that is replied to was deleted. */
  readonly text: string | null;
}

export interface ChatMessage {
  /** Stays the same from pending to stored, so that the row on screen stays the same row. */
  readonly id: MessageId;
  readonly author: Author;
  readonly text: string;
  /** Unix time. For a pending message the client's estimate of the server's time. */
  readonly at_ms: number;
  readonly state: MessageState;
  readonly mine: boolean;
  readonly replyTo: Quote | null;
  /** Names (without `@`) in the text that are people; others stay plain text. */
  readonly mentions: readonly string[];
  readonly mentionsMe: boolean;
  /** Why it failed. Only with state `failed`. */
  readonly refusal: Refusal | null;
  /** How and when it floats over the picture; absent: it doesn't. */
  readonly float?: ChatFloat;
}

export interface ChatFloat {
  readonly style: FloatStyle;
  /** Media time, milliseconds since the broadcast or the video began. */
  readonly media_ms: number;
}

/** Whether I may write, and if not, what stands in the way. */
export type Writing =
  | { readonly may: 'write' }
  | { readonly may: 'sign_in' }
  | { readonly may: 'muted'; readonly until_ms: number | null }
  | { readonly may: 'closed' };

/** The room that somebody came from with a visit. */
export interface VisitorOf {
  /** Whose it is. */
  readonly host: string;
  /** The room's colour, one of the palette's voices. */
  readonly voice: number;
}

/** Somebody who may not write, or not enter. */
export interface Sanction {
  readonly person: Person;
  readonly is: 'muted' | 'banned';
  /** Unix time; null until it is lifted. */
  readonly until_ms: number | null;
}

export interface ChatModel {
  /** Oldest first, pending and failed ones of mine last. */
  readonly messages: readonly ChatMessage[];
  /** What lies before the first message held. */
  readonly older: 'more' | 'loading' | 'none' | 'failed';
  /** The first message that I have not seen; a divider is drawn before it. */
  readonly unreadFrom: MessageId | null;
  /** Whether somebody has said something that was not on screen yet. */
  readonly unread: boolean;
  readonly writing: Writing;
  /** 0 when slow mode is off. */
  readonly slowMode_ms: number;
  /** When slow mode lets me write again, in `performance.now()` time; 0 when I may now. */
  readonly mayWriteAt_ms: number;
  /** Whether I may delete others' messages, mute and ban. */
  readonly moderating: boolean;
  /** Whether I may appoint moderators and set slow mode. */
  readonly hosting: boolean;

  /** Who came with a visit, and from whose room. */
  readonly visitors?: ReadonlyMap<UserId, VisitorOf>;
  /** Whether there is a picture that messages may float over. */
  readonly floating?: boolean;
  /** Shows it at once as pending. A refusal turns it into `failed`; nothing is thrown away. `float` null: only in the chat. */
  send(text: string, replyTo: MessageId | null, float?: FloatStyle | null): void;
  retry(id: MessageId): void;
  /** Gives up a failed message of mine. */
  discard(id: MessageId): void;
  loadOlder(): void;
  /** What was said around the time that one looks back to in a broadcast, without what `messages` holds. Absent: one can't. */
  readonly past?: readonly ChatMessage[];
  /** Sees to it that `past` holds what belongs to a media time. Called again and again while one looks back. */
  lookBack?(media_ms: number): void;
  /** Everything up to the newest message has been on screen. */
  markRead(): void;

  remove(id: MessageId): Promise<Outcome>;
  /** `duration_ms` null: until unmuted. */
  mute(who: UserId, duration_ms: number | null): Promise<Outcome>;
  unmute(who: UserId): Promise<Outcome>;
  ban(who: UserId): Promise<Outcome>;
  unban(who: UserId): Promise<Outcome>;
  /** Out of the room; they may come back at once. */
  putOut(who: UserId): Promise<Outcome>;
  block(who: UserId): Promise<Outcome>;
  /** @param message null: the person is reported @param reason may be empty */
  report(who: UserId, message: MessageId | null, reason: string): Promise<Outcome>;
  setModerator(who: UserId, moderator: boolean): Promise<Outcome>;
  setSlowMode(interval_ms: number): Promise<Outcome>;
  /** Who is muted or banned here. Null when it couldn't be read. Only for those who moderate. */
  sanctions(): Promise<readonly Sanction[] | null>;
  /** People here whose name starts with `prefix`, best first, for completing a mention. */
  peopleStartingWith(prefix: string): readonly Person[];
}

/** The server refuses longer texts; the composer counts down from here. */
export const MESSAGE_MAX_CHARS = 2000;
export const SLOW_MODE_CHOICES_S = [0, 3, 5, 10, 30, 60] as const;
