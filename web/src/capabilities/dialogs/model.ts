/**
 * Dialogs as their views need them: the list of mine, the talk of one, and finding people and messages.
 */
import type { Carried } from '../../protocol/generated/types';
import type { MessageId, MessageState, Quote } from '../conversation/model';
import type { Outcome, Person, Refusal, UserId } from '../people/model';
import type { ScreeningModel, SpokenMoment } from '../videos/model';

export type DialogId = string;

/** What was said last. */
export interface LastSaid {
  readonly by: Person;
  readonly mine: boolean;
  /** Null: it was deleted. */
  readonly text: string | null;
  readonly carries: Carried['kind'] | null;
  readonly at_ms: number;
}

/** A dialog from outside. */
export interface DialogRow {
  readonly id: DialogId;
  readonly two: boolean;
  /** Empty where it goes by the others' names. */
  readonly title: string;
  /** Everybody but me. */
  readonly others: readonly Person[];
  readonly last: LastSaid | null;
  /** When something was said last, or else when it was begun. */
  readonly at_ms: number;
  /** Counted to `UNREAD_MAX`. */
  readonly unread: number;
  readonly pinned: boolean;
  readonly muted: boolean;
  /** Whether something of mine could not be sent. */
  readonly unsent: boolean;
}

/** More of a list, in one direction. */
export type More = 'none' | 'more' | 'loading' | 'failed';

export interface FoundRow {
  readonly dialog: DialogId;
  readonly position: number;
  readonly by: Person;
  readonly mine: boolean;
  readonly text: string;
  readonly carries: Carried['kind'] | null;
  readonly at_ms: number;
}

/** Messages by their words. */
export interface SearchModel {
  /** `no`: nothing is looked for. */
  readonly state: 'no' | 'loading' | 'ready' | 'failed';
  readonly found: readonly FoundRow[];
  readonly more: More;
  /** Waits for a moment, as one types. Empty words end it. */
  search(words: string, dialog: DialogId | null): void;
  loadMore(): void;
  retry(): void;
}

/** People by their names. */
export interface FinderModel {
  readonly state: 'no' | 'loading' | 'ready' | 'failed';
  readonly found: readonly Person[];
  /** Waits for a moment, as one types. */
  search(words: string): void;
  retry(): void;
}

export type Begun = { readonly ok: true; readonly id: DialogId } | Extract<Outcome, { ok: false }>;

/** What was written and not sent, by dialog. Kept in the browser. */
/** A message that is replied to, as far as who replies sees it. */
export interface Answered {
  readonly id: MessageId;
  readonly position: number | null;
  readonly mine: boolean;
  readonly author: { readonly displayName: string };
  readonly text: string;
  readonly carries: { readonly kind: Carried['kind'] } | null;
}

export interface DraftsModel {
  of(id: DialogId): string;
  set(id: DialogId, text: string): void;
  /** What it replies to. */
  replyOf(id: DialogId): Answered | null;
  setReply(id: DialogId, to: Answered | null): void;
}

export interface DialogsModel {
  readonly state: 'loading' | 'ready' | 'failed';
  /** Pinned ones first, then by what was said last. */
  readonly rows: readonly DialogRow[];
  readonly more: More;
  /** Unread messages in those that are not muted. */
  readonly unread: number;
  readonly drafts: DraftsModel;
  readonly search: SearchModel;
  finder(): FinderModel;
  row(id: DialogId): DialogRow | undefined;
  retry(): void;
  loadMore(): void;
  /** Goes into one. Whoever opens it closes it. */
  open(id: DialogId): TalkModel;
  /** The films of a talk that is open. Whoever opens it closes it. */
  screening(talk: TalkModel): Promise<ScreeningModel>;
  begin(people: readonly UserId[], title: string): Promise<Begun>;
  keep(id: DialogId, change: { readonly pinned?: boolean; readonly muted?: boolean }): Promise<Outcome>;
}

export interface TalkMessage {
  /** Stays the same from pending to stored. */
  readonly id: MessageId;
  /** Null until it is stored. */
  readonly position: number | null;
  readonly author: Person;
  readonly text: string;
  readonly at_ms: number;
  readonly state: MessageState;
  readonly mine: boolean;
  /** What it carries besides its words. */
  readonly carries: Carried | null;
  readonly replyTo: (Quote & { readonly position: number; readonly carries: Carried['kind'] | null }) | null;
  readonly mentions: readonly string[];
  /** Whether it has other words now than at first. */
  readonly edited: boolean;
  readonly refusal: Refusal | null;
  /** The moment of a film that it belongs to. */
  readonly moment: SpokenMoment | null;
}

export interface TalkMember {
  readonly person: Person;
  readonly here: boolean;
  readonly me: boolean;
}

/** How far my words have been read: by whom, up to which message of mine. */
export interface Seen {
  readonly id: MessageId;
  readonly by: readonly Person[];
  readonly everybody: boolean;
}

/** What came of going to a message; `overtaken`: something else was gone to meanwhile. */
export type Reached = { readonly is: 'here'; readonly id: MessageId } | { readonly is: 'gone' | 'failed' | 'overtaken' };

/**
 * ```text
 * entering ──► inside ──► gone (left, or taken out)
 *     └─────► missing
 * ```
 */
export interface TalkModel {
  readonly id: DialogId;
  readonly state: 'entering' | 'inside' | 'missing' | 'gone';
  /** One stretch without gaps, oldest first; unsent ones of mine last. */
  readonly messages: readonly TalkMessage[];
  readonly older: More;
  /** Newer ones than the stretch holds; `none`: it reaches to the newest. */
  readonly newer: More;
  /** Messages of others that came while the newest were not held. */
  readonly arrived: number;
  readonly unreadFrom: MessageId | null;
  readonly title: string;
  readonly two: boolean;
  readonly members: readonly TalkMember[];
  /** Who is writing now. */
  readonly typing: readonly Person[];
  readonly seen: Seen | null;
  /** Since when the connection is being made again, by `Date.now()`; null: it stands. */
  readonly reconnecting_ms: number | null;
  /** Whether I blocked the other one of two. */
  readonly blocked: boolean;
  /** @param moment of a film shared here, that it belongs to */
  send(text: string, replyTo: MessageId | null, moment?: SpokenMoment | null): void;
  retry(id: MessageId): void;
  discard(id: MessageId): void;
  /** I am writing. */
  typed(): void;
  edit(id: MessageId, text: string): Promise<Outcome>;
  remove(id: MessageId): Promise<Outcome>;
  loadOlder(): void;
  loadNewer(): void;
  /** Holds the newest. */
  toNewest(): Promise<boolean>;
  /** Holds what was said around a position. */
  goTo(position: number): Promise<Reached>;
  /** Whether the newest message held is in view. */
  setAtEnd(atEnd: boolean): void;
  /** Everything up to the newest message held has been on screen. */
  markRead(): void;
  reconnectNow(): void;
  /** Calls whenever the films shared here may be others. Returns what undoes it. */
  onShared(listener: () => void): () => void;
  setTitle(title: string): Promise<Outcome>;
  add(user: UserId): Promise<Outcome>;
  depart(): Promise<Outcome>;
  block(user: UserId): Promise<Outcome>;
  unblock(user: UserId): Promise<Outcome>;
  close(): void;
}

/** Mutual friends, and who would be one. */
export interface FriendsModel {
  readonly friends: readonly Person[];
  /** Who asked me. */
  readonly requests: readonly Person[];
  /** Whom I asked. */
  readonly asked: readonly Person[];
  readonly finder: FinderModel;
  /** Asks, or says yes to who asked. */
  befriend(user: UserId): Promise<Outcome>;
  /** Ends it, says no, or takes the question back. */
  unfriend(user: UserId): Promise<Outcome>;
  /** Begins the dialog with them, or finds it. */
  write(user: UserId): Promise<Begun>;
}
