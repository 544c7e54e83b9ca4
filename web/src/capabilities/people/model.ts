/**
 * What the screens need to know about people: who I am, where I am signed in,
 * whom I blocked, and (for administrators) everybody with an account.
 *
 * Views render these interfaces and call their actions; they never see a socket.
 * An implementation keeps its fields in runes, so reading one in a view subscribes to it.
 */

import type { PreferencesApi } from '../../engines/http/preferences';
import type { Begun } from '../dialogs/model';
import type { ModerationModel } from '../moderation/model';
import type { VideosModel } from '../videos/model';

export type UserId = string;
export type DeviceId = string;

/** Somebody as others see them. */
export interface Person {
  readonly id: UserId;
  /** The name in addresses and mentions, without the `@`. Guests have none of their own: theirs is derived. */
  readonly name: string;
  /** What is shown. May hold any script and any direction; always render it isolated. */
  readonly displayName: string;
  readonly guest: boolean;
}

export interface Me extends Person {
  readonly administrator: boolean;
}

/**
 * Why something was declined, in words the client can translate.
 * The wire's rejections map onto these one to one; `unknown` is for a server newer than this client.
 */
export type RefusalReason =
  | 'wrong_credentials'
  | 'not_signed_in'
  | 'not_allowed'
  | 'not_found'
  | 'name_taken'
  | 'name_invalid'
  | 'password_too_short'
  | 'password_too_long'
  | 'text_empty'
  | 'text_too_long'
  | 'too_many'
  | 'too_fast'
  | 'slow_mode'
  | 'muted'
  | 'banned'
  | 'blocked'
  | 'link_spent'
  | 'in_group'
  | 'invitation_over'
  | 'nobody_invited'
  | 'already_live'
  | 'media_failed'
  | 'full'
  | 'server_busy'
  | 'disconnected'
  | 'unknown';

export interface Refusal {
  readonly reason: RefusalReason;
  /** When trying again can succeed, if the server said so. */
  readonly retryAfter_ms?: number;
  /** The name and value of the limit that was met, if one was. */
  readonly limit?: { readonly name: string; readonly value: number };
}

/** What every action of a model resolves to. Actions never throw for what a server may answer. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

export interface SessionModel {
  /** `unknown` until the server has said who we are; `unreachable` when it can't be asked (it is being retried). */
  readonly state: 'unknown' | 'unreachable' | 'signed_out' | 'guest' | 'signed_in';
  /** Present for guests and for people with an account. */
  readonly me: Me | null;
  /** Whether this server lets people in without an account. */
  readonly guestsWelcome: boolean;
  /** What people call the provider that one can sign in with instead of a password; null where there is none. */
  readonly provider: string | null;
  /** Whether anybody may make an account here. */
  readonly registration: boolean;
  signIn(name: string, password: string): Promise<Outcome>;
  enterAsGuest(displayName: string): Promise<Outcome>;
  /** Makes an account for oneself, and signs in with it. */
  signUp(name: string, password: string): Promise<Outcome>;
  /** Uses up the one-time link that the server printed at its first start. */
  createFirstAdministrator(token: string, name: string, password: string): Promise<Outcome>;
  /** Whether a setup link is still good. */
  checkSetupLink(token: string): Promise<'good' | 'spent' | 'unreachable'>;
  setDisplayName(displayName: string): Promise<Outcome>;
  signOut(): Promise<void>;
}

export interface Device {
  readonly id: DeviceId;
  /** As derived from the browser or given by the person, such as "Firefox on Debian". */
  readonly name: string;
  readonly kind: 'computer' | 'phone' | 'program';
  readonly thisOne: boolean;
  readonly lastSeen_ms: number;
}

/** A list that is fetched: what a view shows while it waits, and when it failed. */
export interface Loaded {
  readonly state: 'loading' | 'ready' | 'failed';
  retry(): void;
  /** Ends subscriptions. The view calls it when it goes away. */
  close(): void;
}

export interface SettingsModel extends Loaded {
  /** What others may ask of me. */
  readonly preferences: PreferencesApi;
  readonly devices: readonly Device[];
  readonly blocked: readonly Person[];
  readonly follows: readonly Person[];
  signOutDevice(id: DeviceId): Promise<Outcome>;
  unblock(id: UserId): Promise<Outcome>;
  /** Signs every other device out. */
  changePassword(current: string, fresh: string): Promise<Outcome>;
  unfollow(id: UserId): Promise<Outcome>;
}

export interface Account extends Person {
  readonly administrator: boolean;
  readonly disabled: boolean;
  readonly created_ms: number;
}

export interface AdminModel extends Loaded {
  readonly accounts: readonly Account[];
  add(name: string, password: string, administrator: boolean): Promise<Outcome>;
  setDisabled(id: UserId, disabled: boolean): Promise<Outcome>;
  /** Signs all of their devices out. */
  setPassword(id: UserId, password: string): Promise<Outcome>;
  /** Of the whole server. */
  readonly moderation: ModerationModel;
}

/** How I stand to somebody. */
export interface Standing {
  readonly friends: boolean;
  /** I asked them to be friends, or they me. */
  readonly asked: boolean;
  readonly asks: boolean;
  readonly follows: boolean;
  readonly blocked: boolean;
}

export interface PersonPageModel {
  /** `missing` also for who blocked me. */
  readonly state: 'loading' | 'ready' | 'missing' | 'failed';
  readonly who: Person | null;
  readonly me: boolean;
  readonly live: boolean;
  readonly hasRoom: boolean;
  readonly standing: Standing;
  /** Those that I may watch. */
  readonly films: VideosModel | null;
  /** Asks, or says yes to who asked. */
  befriend(): Promise<Outcome>;
  /** Ends it, says no, or takes the question back. */
  unfriend(): Promise<Outcome>;
  follow(): Promise<Outcome>;
  unfollow(): Promise<Outcome>;
  block(): Promise<Outcome>;
  unblock(): Promise<Outcome>;
  /** Begins the dialog with them, or finds it. */
  write(): Promise<Begun>;
  retry(): void;
  close(): void;
}

/** Sizes that the server enforces too, so that a form can say so before sending. A name is of characters that are a byte each. */
export {
  ACCOUNT_NAME_MAX_BYTES as NAME_MAX_CHARS, DISPLAY_NAME_MAX_CHARS, PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS,
} from '../../protocol/generated/limits';
