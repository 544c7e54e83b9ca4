/**
 * A live room as its views need it: the room, its broadcast, the stage on which one watches,
 * and, for its host, the green room and the controls while live.
 *
 * Views render these interfaces and call their actions. Media reaches a view only by `attach…`,
 * which an implementation fills with whatever it plays by (WebRTC now, LL-HLS later).
 */
import type { Author, ChatModel } from '../conversation/model';
import type { RoomGroupsModel } from '../discussion_groups/model';
import type { ModerationModel } from '../moderation/model';
import type { RoomVisitsModel } from '../host_visits/model';
import type { Loaded, Outcome, Person, Refusal } from '../people/model';
import type { StageModel, StagePartModel } from './stage_model';
import type { Recording, StreamKeysModel, StudioModel } from './studio_model';
import type { VideosModel } from '../videos/model';

export * from './stage_model';
export * from './studio_model';

export const CATEGORIES = [
  'talk', 'music', 'games', 'making', 'learning', 'sport', 'outdoors', 'food', 'other',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Who may come in besides the host and moderators: everybody, people with an account and guests with a link, people with an account. */
export const ENTRIES = ['open', 'link', 'accounts'] as const;
export type Entry = (typeof ENTRIES)[number];

/** What a host says about the room. */
export interface RoomDetails {
  readonly title: string;
  readonly category: Category;
  /** BCP 47, such as `en` or `zh`. */
  readonly language: string;
  readonly tags: readonly string[];
  readonly rules: string;
  readonly entry: Entry;
}

export { RULES_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TITLE_MAX_CHARS } from '../../protocol/generated/limits';

// ── The front page ────────────────────────────────────────────────────────────────────────────

export interface RoomCard {
  readonly host: Person;
  readonly title: string;
  readonly category: Category;
  readonly language: string;
  readonly tags: readonly string[];
  /** How many are in the room, its host among them. */
  readonly here: number;
  /** Null while it isn't live. */
  readonly startedAt_ms: number | null;
  /** A recent still of the stream, else the cover, on this origin; null while there is none. */
  readonly picture: string | null;
  readonly followers: number;
  /** Whether I follow its host. */
  readonly followed: boolean;
}

/** What is looked for among all rooms, live or not. */
export interface RoomSearch {
  readonly words: string;
  readonly category: Category | '';
  readonly language: string;
  readonly tag: string;
}

export interface FrontPageModel extends Loaded {
  /** Who is live. */
  readonly rooms: readonly RoomCard[];
  /** What the last search found, live ones first; null while nothing is looked for. */
  readonly found: readonly RoomCard[] | null;
  readonly searching: 'no' | 'yes' | 'failed';
  /** Null ends looking. The newest search wins. */
  search(what: RoomSearch | null): void;
}

// ── The room ──────────────────────────────────────────────────────────────────────────────────

/** The live connection to the server. It mends itself; views only say how it stands. */
export type Connection =
  | { readonly is: 'connecting'; readonly since_ms: number }
  | { readonly is: 'open' }
  | { readonly is: 'reconnecting'; readonly since_ms: number; readonly attempt: number }
  /** It was given up for a reason that trying again by itself would not mend. */
  | { readonly is: 'refused'; readonly refusal: Refusal };

/**
 * ```text
 * offline ──goes live──► live ◄──back within 15 s── publisher_lost ◄──comes home── away
 *    ▲                    ├──────── ends ─────────────────┤                          ▲
 *    └───────────────── ended ◄───────────────────────────┘      live ──visits───────┘
 * ```
 * `away`: its host visits another room, and sends nothing here.
 */
export type BroadcastState = 'offline' | 'live' | 'publisher_lost' | 'away' | 'ended';

export interface Broadcast {
  readonly state: BroadcastState;
  /** Unix time; null unless live or lost. */
  readonly startedAt_ms: number | null;
  /** How many are in the room, its host among them. */
  readonly here: number;
}

export interface RoomModel {
  /** `missing` also for what I may not see. */
  readonly entry: 'entering' | 'inside' | 'missing' | 'banned';
  readonly connection: Connection;
  readonly host: Person | null;
  readonly details: RoomDetails | null;
  readonly broadcast: Broadcast;
  /** Whether this is my own room. */
  readonly mine: boolean;
  readonly stage: StageModel;
  readonly chat: ChatModel;
  readonly people: readonly Author[];
  /** How many are here; more than `people` holds when the list is cut. */
  readonly peopleCount: number;
  /** Only in my own room. */
  readonly studio: StudioModel | null;
  /** Discussion groups, as far as they concern me; null until their code is here. */
  readonly groups: RoomGroupsModel | null;
  /** My part in the stage. */
  readonly part: StagePartModel;
  /** How many follow the host; null while it is not known. */
  readonly followers: number | null;
  readonly following: boolean;
  /** Whether I can: I have an account, and it is not my own room. */
  readonly mayFollow: boolean;
  readonly recording: Recording;
  /** The room's cover; null: it has none, or has not been read. */
  readonly cover: string | null;
  /** For the host and moderators: how many reports are open, and the lists. */
  readonly moderation: ModerationModel | null;
  /** Visits between this room and others. */
  readonly visits?: RoomVisitsModel;
  saveDetails(details: RoomDetails): Promise<Outcome>;
  /** Opens the list of my room's guest links; null in a room that isn't mine. */
  guestLinks(): Promise<GuestLinksModel> | null;
  /** Opens the list of my room's stream keys; null in a room that isn't mine. */
  streamKeys(): Promise<StreamKeysModel> | null;
  follow(follow: boolean): Promise<Outcome>;
  setRecording(wanted: boolean): Promise<Outcome>;
  /** Null takes it away. */
  setCover(picture: Blob | null): Promise<Outcome>;
  /** Opens the list of the room's films; null while the room is not known. */
  videos?(): Promise<VideosModel> | null;
  reconnectNow(): void;
  close(): void;
}

// ── Guest links ───────────────────────────────────────────────────────────────────────────────

export interface GuestLink {
  readonly id: string;
  readonly created_ms: number;
  /** Null until it is revoked. */
  readonly expires_ms: number | null;
}

export interface MadeGuestLink {
  readonly id: string;
  /** Whole, with the secret; it can't be had again. */
  readonly address: string;
}

export interface GuestLinksModel extends Loaded {
  /** Newest first. */
  readonly links: readonly GuestLink[];
  /** The one made last here. */
  readonly made: MadeGuestLink | null;
  /** @param lifetime_s null: until it is revoked */
  make(lifetime_s: number | null): Promise<Outcome>;
  revoke(id: string): Promise<Outcome>;
}

/** The lifetimes that are offered, in seconds; null: until it is revoked. */
export const GUEST_LINK_LIFETIMES_S = [null, 24 * 3_600, 7 * 24 * 3_600] as const;
