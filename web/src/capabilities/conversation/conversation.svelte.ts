/** A room's conversation: what its views show, kept in step with the space. */
import type { Reply } from '../../engines/http/http';
import type { Answer } from '../../engines/connection/machine';
import type { Command, Event, Member, Message, MessagePage, PersonCommand, Profile, Snapshot, UserId } from '../../protocol/generated/types';
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import type { FloatStyle } from '../floating_messages/model';
import type { Me, Outcome, Person } from '../people/model';
import { person } from '../people/person';
import { DISCONNECTED, ofAnswer, refusal } from '../people/refusal';
import type { ChatWindow, ReadMessages } from './chat_window';
import { candidates, mentioned } from './mentions';
import type { Author, ChatMessage, ChatModel, MessageId, Quote, Role, Sanction, VisitorOf, Writing } from './model';
import { Timeline, type Unstored } from './timeline';

/** Pages that are read at once to fill a gap; a longer one is left to be read back by scrolling. */
export const GAP_PAGES_MAX = 5;
/** A new message not seen for this long is where the unread ones begin. */
export const UNSEEN_AFTER_MS = 800;
/** How long the divider stays once everything was seen. */
export const DIVIDER_STAYS_MS = 4_000;
/** Reading is told to the server at most this often. */
export const READ_EVERY_MS = 1_000;
/** People remembered by their messages, for completing mentions. */
export const SPEAKERS_MAX = 200;

/** What a conversation needs of the world. */
export interface ChatPort {
  command(command: Command): Promise<Answer>;
  person(command: PersonCommand): Promise<Answer>;
  before(position: number): Promise<Reply<MessagePage>>;
  /** Of the broadcast that is live, by media time. Absent: one can't look back. */
  readonly ofBroadcast?: ReadMessages;
  serverTime_ms(): number;
  /** The monotonic clock that deadlines are shown in. */
  now_ms(): number;
  nonce(): string;
  /** Where the picture is for me, in media time; null while there is none. Absent: there never is. */
  media_ms?(): number | null;
}

export class Conversation implements ChatModel {
  messages = $state.raw<readonly ChatMessage[]>([]);
  past = $state.raw<readonly ChatMessage[]>([]);
  older = $state<ChatModel['older']>('none');
  unreadFrom = $state<MessageId | null>(null);
  unread = $state(false);
  slowMode_ms = $state(0);
  mayWriteAt_ms = $state(0);
  floating = $state(false);
  role = $state<Member['role']>('viewer');
  visitors = $state.raw<ReadonlyMap<UserId, VisitorOf>>(new Map());
  #muted = $state(false);
  #mutedUntil_ms = $state.raw<number | null>(null);
  #open = $state(false);
  #me = $state.raw<Me | null>(null);

  #timeline = new Timeline();
  #shown = new WeakMap<Message, ChatMessage>();
  #shownUnstored = new WeakMap<Unstored, ChatMessage>();
  #host: UserId | null = null;
  #here = new Map<UserId, Member>();
  #speakers = new Map<UserId, Person>();
  #blocked = new Set<UserId>();
  /** What a banned person said up to here is hidden. */
  #hiddenUpTo = new Map<UserId, number>();
  /** What was said around the time that one looks back to. */
  #window: ChatWindow | null = null;
  #windowOpening: symbol | null = null;
  #seen = 0;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #unseenTimer: ReturnType<typeof setTimeout> | undefined;
  #dividerTimer: ReturnType<typeof setTimeout> | undefined;
  #muteTimer: ReturnType<typeof setTimeout> | undefined;
  /** When I said something last, on the port's clock. */
  #said_ms: number | null = null;
  #flushing = false;
  #closed = false;

  constructor(private readonly port: ChatPort) {}

  get writing(): Writing {
    if (this.#me === null) return { may: 'sign_in' };
    if (!this.#open) return { may: 'closed' };
    return this.#muted ? { may: 'muted', until_ms: this.#mutedUntil_ms } : { may: 'write' };
  }
  get moderating(): boolean { return this.role !== 'viewer'; }
  get hosting(): boolean { return this.role === 'host'; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  setMe(me: Me | null, blocked: readonly Profile[]): void {
    this.#me = me;
    this.#blocked = new Set(blocked.map((one) => one.id));
    this.#redraw();
  }

  setOpen(open: boolean): void {
    this.#open = open;
  }

  setHere(members: readonly Member[]): void {
    const changed = members.some((one) => this.#here.get(one.profile.id)?.role !== one.role);
    this.#here = new Map(members.map((one) => [one.profile.id, one]));
    if (changed) this.#redraw();
  }

  /** The space as it is now. What is held already stays, and what was missed in between is read. */
  snapshot(snapshot: Snapshot): void {
    const lastHeld = this.#timeline.last;
    const first = snapshot.messages[0]?.position ?? null;
    const entering = lastHeld === 0;
    this.#host = snapshot.host.id;
    this.#you(snapshot.you, snapshot.muted_until_ms);
    this.slowMode_ms = snapshot.slow_mode_s * 1_000;
    this.#merge(snapshot.messages, false);
    this.#open = true;
    if (entering) {
      this.older = snapshot.more_messages ? 'more' : 'none';
      this.#seen = snapshot.read_position;
      if (snapshot.read_position > 0) this.#divide();
    } else if (first !== null && lastHeld < first && snapshot.more_messages) void this.#fill(lastHeld, first);
    else if (this.older === 'loading') this.older = 'more';
    this.#redraw();
  }

  event(event: Event): void {
    switch (event.kind) {
      case 'message':
        this.#hiddenUpTo.delete(event.message.author.id);
        this.#merge([event.message], true);
        this.unread ||= event.message.author.id !== this.#me?.id && !this.#blocked.has(event.message.author.id);
        this.#noticeUnseen();
        break;
      case 'message_deleted':
        this.#timeline.markDeleted(event.position);
        this.#window?.forget(event.position);
        break;
      case 'user_removed':
        this.#hiddenUpTo.set(event.user, this.#timeline.last);
        this.#shown = new WeakMap();
        break;
      case 'slow_mode':
        this.slowMode_ms = event.interval_s * 1_000;
        this.#holdBack();
        return;
      case 'you': this.#you(event.member, event.muted_until_ms); break;
      default: return;
    }
    this.#flush();
  }

  /** Another broadcast has another past. */
  forgetPast(): void {
    this.#window?.close();
    this.#window = this.#windowOpening = null;
    this.past = [];
  }

  close(): void {
    this.#closed = true;
    this.forgetPast();
    for (const timer of [this.#readTimer, this.#unseenTimer, this.#dividerTimer, this.#muteTimer]) clearTimeout(timer);
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  send(text: string, replyTo: MessageId | null, float: FloatStyle | null = null): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    const media_ms = this.port.media_ms?.() ?? null;
    const unstored: Unstored = {
      nonce: this.port.nonce(),
      text: trimmed,
      replyTo: replyTo === null ? null : this.#timeline.positionOf(replyTo),
      mentions: mentioned(trimmed, this.#people()),
      at_ms: this.port.serverTime_ms(),
      refusal: null,
      ...(media_ms === null ? {} : { media_ms: Math.max(0, Math.round(media_ms)) }),
      ...(float === null || media_ms === null ? {} : { float }),
    };
    void this.#say(unstored);
  }

  retry(id: MessageId): void {
    const failed = this.#timeline.discard(id);
    if (failed) void this.#say({ ...failed, refusal: null });
  }

  discard(id: MessageId): void {
    this.#timeline.discard(id);
    this.#flush();
  }

  loadOlder(): void {
    const first = this.#timeline.first;
    if (first === null || this.older === 'loading' || this.older === 'none') return;
    this.older = 'loading';
    void this.port.before(first).then((reply) => {
      if (this.#closed) return;
      if (reply.is !== 'ok') {
        this.older = 'failed';
        return;
      }
      this.#merge(reply.value.messages, false);
      this.older = reply.value.more ? 'more' : 'none';
      this.#flush();
    });
  }

  lookBack(media_ms: number): void {
    const { ofBroadcast } = this.port;
    if (this.#window) return this.#window.need(media_ms, this.port.now_ms());
    if (!ofBroadcast || this.#windowOpening) return;
    const opening = (this.#windowOpening = Symbol('window'));
    void import('./chat_window').then(({ ChatWindow }) => {
      if (this.#windowOpening !== opening) return;
      this.#window = new ChatWindow(ofBroadcast, () => this.#flush(), true);
      this.#window.need(media_ms, this.port.now_ms());
    }, () => { this.#windowOpening = null; });
  }

  markRead(): void {
    const last = this.#timeline.last;
    clearTimeout(this.#unseenTimer);
    this.#unseenTimer = undefined;
    if (this.unreadFrom !== null && this.#dividerTimer === undefined) {
      this.#dividerTimer = setTimeout(() => {
        this.#dividerTimer = undefined;
        this.unreadFrom = null;
      }, DIVIDER_STAYS_MS);
    }
    this.unread = false;
    if (last <= this.#seen) return;
    this.#seen = last;
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      void this.port.command({ kind: 'mark_read', position: this.#seen });
    }, READ_EVERY_MS);
  }

  async remove(id: MessageId): Promise<Outcome> {
    const position = this.#timeline.positionOf(id);
    if (position === null) return { ok: false, refusal: { reason: 'not_found' } };
    return this.#do({ kind: 'delete_message', position });
  }

  mute(who: UserId, duration_ms: number | null): Promise<Outcome> {
    return this.#do({ kind: 'mute', user: who, duration_s: duration_ms === null ? null : Math.ceil(duration_ms / 1_000) });
  }
  unmute(who: UserId): Promise<Outcome> { return this.#do({ kind: 'unmute', user: who }); }
  ban(who: UserId): Promise<Outcome> { return this.#do({ kind: 'ban', user: who }); }
  putOut(who: UserId): Promise<Outcome> { return this.#do({ kind: 'remove', user: who }); }
  report(who: UserId, message: MessageId | null, reason: string): Promise<Outcome> {
    return this.#do({ kind: 'report', user: who, position: message === null ? null : this.#timeline.positionOf(message), reason });
  }
  unban(who: UserId): Promise<Outcome> { return this.#do({ kind: 'unban', user: who }); }
  setModerator(who: UserId, moderator: boolean): Promise<Outcome> { return this.#do({ kind: 'set_moderator', user: who, moderator }); }
  setSlowMode(interval_ms: number): Promise<Outcome> { return this.#do({ kind: 'set_slow_mode', interval_s: Math.round(interval_ms / 1_000) }); }
  async block(who: UserId): Promise<Outcome> { return ofAnswer(await this.port.person({ kind: 'block', user: who })); }

  async sanctions(): Promise<readonly Sanction[] | null> {
    const answer = await this.port.command({ kind: 'list_sanctions' });
    if (answer.is !== 'ok' || answer.outcome.kind !== 'sanctions') return null;
    return answer.outcome.sanctions.map((one) => ({ person: person(one.user), is: one.banned ? 'banned' : 'muted', until_ms: one.until_ms }));
  }

  peopleStartingWith(prefix: string): readonly Person[] {
    return candidates(prefix, [...this.#people()].filter((one) => one.id !== this.#me?.id));
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #do(command: Command): Promise<Outcome> {
    return ofAnswer(await this.port.command(command));
  }

  async #say(unstored: Unstored): Promise<void> {
    this.#timeline.say(unstored);
    this.#flush();
    if ([...unstored.text].length > MESSAGE_MAX_CHARS) {
      this.#timeline.fail(unstored.nonce, { reason: 'text_too_long', limit: { name: 'message_chars', value: MESSAGE_MAX_CHARS } });
      this.#flush();
      return;
    }
    const saidBefore_ms = this.#said_ms;
    this.#said_ms = this.port.now_ms();
    this.#holdBack();
    const answer = await this.port.command({
      kind: 'send',
      text: unstored.text,
      nonce: unstored.nonce,
      ...(unstored.replyTo === null ? {} : { reply_to: unstored.replyTo }),
      ...(unstored.mentions.length === 0 ? {} : { mentions: [...unstored.mentions] }),
      ...wireFloat(unstored),
    });
    if (this.#closed) return;
    if (answer.is === 'ok' && answer.outcome.kind === 'sent') this.#acknowledge(unstored, answer.outcome.position, answer.outcome.at_ms);
    else if (answer.is === 'rejected') {
      const why = refusal(answer.rejection, this.port.serverTime_ms());
      this.#said_ms = saidBefore_ms;
      this.#holdBack();
      if (why.reason === 'slow_mode') this.mayWriteAt_ms = this.port.now_ms() + (why.retryAfter_ms ?? 0);
      this.#timeline.fail(unstored.nonce, why);
    } else this.#timeline.fail(unstored.nonce, answer.is === 'overfull' ? { reason: 'too_fast' } : DISCONNECTED);
    this.#flush();
  }

  /** Slow mode counts from what I said last, also from before it began. */
  #holdBack(): void {
    this.mayWriteAt_ms = this.slowMode_ms === 0 || this.moderating || this.#said_ms === null ? 0 : this.#said_ms + this.slowMode_ms;
  }

  #acknowledge(unstored: Unstored, position: number, at_ms: number): void {
    if (!this.#me) return;
    const me = this.#me;
    const quoted = unstored.replyTo === null ? undefined : this.#timeline.at(unstored.replyTo);
    this.#timeline.acknowledge(unstored.nonce, {
      position,
      at_ms,
      text: unstored.text,
      author: profileOf(me),
      nonce: unstored.nonce,
      mentions: [...this.#people()].filter((one) => unstored.mentions.includes(one.id)).map(profileOf),
      ...(quoted ? { reply_to: { position: quoted.position, author: quoted.author, text: quoted.text } } : {}),
      ...wireFloat(unstored),
    });
  }

  /** Reads what lies between what was held and what came anew, newest first; also what changed meanwhile just before it. */
  async #fill(lastHeld: number, first: number): Promise<void> {
    this.older = 'loading';
    let edge = first;
    for (let page = 0; page < GAP_PAGES_MAX; page += 1) {
      const reply = await this.port.before(edge);
      if (this.#closed) return;
      if (reply.is !== 'ok') break;
      this.#merge(reply.value.messages, false);
      edge = reply.value.messages[0]?.position ?? edge;
      if (!reply.value.more || edge <= lastHeld) {
        this.older = edge > (this.#timeline.first ?? edge) || reply.value.more ? 'more' : 'none';
        this.#flush();
        return;
      }
    }
    // A hole in the middle would be a loss that nobody sees: what lies behind it is read back from here on.
    this.#timeline.forgetBefore(edge);
    this.older = 'more';
    this.#flush();
  }

  #merge(messages: readonly Message[], live: boolean): void {
    for (const { author } of messages) {
      this.#speakers.delete(author.id);
      this.#speakers.set(author.id, person(author));
    }
    for (const id of this.#speakers.keys()) {
      if (this.#speakers.size <= SPEAKERS_MAX) break;
      this.#speakers.delete(id);
    }
    if (this.#timeline.merge(messages, live)) this.older = 'more';
  }

  #you(member: Member, mutedUntil_ms: number | null): void {
    this.role = member.role;
    this.#muted = member.muted === true;
    this.#mutedUntil_ms = mutedUntil_ms;
    clearTimeout(this.#muteTimer);
    if (this.#muted && mutedUntil_ms !== null) {
      this.#muteTimer = setTimeout(() => { this.#muted = false; }, Math.min(2 ** 31 - 1, Math.max(0, mutedUntil_ms - this.port.serverTime_ms())));
    }
  }

  #noticeUnseen(): void {
    this.#unseenTimer ??= setTimeout(() => {
      this.#unseenTimer = undefined;
      if (this.unreadFrom === null) this.#divide();
    }, UNSEEN_AFTER_MS);
  }

  #divide(): void {
    const first = this.#timeline.stored.find((one) => one.position > this.#seen && one.author.id !== this.#me?.id);
    if (first) this.unreadFrom = this.#timeline.idOf(first.position);
  }

  /** Those who spoke last first, then those who are here. */
  *#people(): Generator<Person> {
    yield* [...this.#speakers.values()].reverse();
    for (const [id, member] of this.#here) if (!this.#speakers.has(id)) yield person(member.profile);
  }

  #redraw(): void {
    this.#shown = new WeakMap();
    this.#shownUnstored = new WeakMap();
    this.#flush();
  }

  /** Many frames in one turn make one change. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      const shown = this.#shownOf(this.#timeline.stored);
      if (this.#window) this.past = this.#shownOf(this.#window.messages.filter((one) => !this.#timeline.at(one.position)));
      for (const unstored of this.#timeline.unstored) {
        let one = this.#shownUnstored.get(unstored);
        if (!one) this.#shownUnstored.set(unstored, one = this.#showUnstored(unstored));
        shown.push(one);
      }
      this.messages = shown;
    });
  }

  #shownOf(messages: readonly Message[]): ChatMessage[] {
    return messages.flatMap((message) => {
      if (this.#blocked.has(message.author.id) || message.position <= (this.#hiddenUpTo.get(message.author.id) ?? 0)) return [];
      let one = this.#shown.get(message);
      if (!one) this.#shown.set(message, one = this.#show(message));
      return [one];
    });
  }

  #show(message: Message): ChatMessage {
    const mentions = (message.mentions ?? []).map(person);
    const mine = message.author.id === this.#me?.id;
    return {
      id: this.#timeline.idOf(message.position),
      author: this.#author(message.author),
      text: message.text,
      at_ms: message.at_ms,
      state: message.deleted ? 'deleted' : 'stored',
      mine,
      replyTo: this.#quote(message.reply_to),
      mentions: mentions.map((one) => one.name),
      mentionsMe: !mine && (mentions.some((one) => one.id === this.#me?.id) || message.reply_to?.author.id === this.#me?.id),
      refusal: null,
      ...shownFloat(message.float, message.media_ms),
    };
  }

  #showUnstored(unstored: Unstored): ChatMessage {
    const quoted = unstored.replyTo === null ? undefined : this.#timeline.at(unstored.replyTo);
    return {
      id: `n${unstored.nonce}`,
      author: this.#me ? this.#author(profileOf(this.#me)) : { id: '', name: '', displayName: '', guest: true, role: 'guest' },
      text: unstored.text,
      at_ms: unstored.at_ms,
      state: unstored.refusal === null ? 'pending' : 'failed',
      mine: true,
      replyTo: quoted ? this.#quote({ position: quoted.position, author: quoted.author, text: quoted.text }) : null,
      mentions: [...this.#people()].filter((one) => unstored.mentions.includes(one.id)).map((one) => one.name),
      mentionsMe: false,
      refusal: unstored.refusal,
      ...shownFloat(unstored.float, unstored.media_ms),
    };
  }

  #quote(quote: Message['reply_to']): Quote | null {
    if (!quote) return null;
    return { id: this.#timeline.idOf(quote.position), authorName: quote.author.display_name, text: quote.text === '' ? null : quote.text };
  }

  #author(profile: Profile): Author {
    return { ...person(profile), role: this.#roleOf(profile) };
  }

  #roleOf(profile: Profile): Role {
    if (profile.id === this.#host) return 'host';
    const role = profile.id === this.#me?.id ? this.role : this.#here.get(profile.id)?.role;
    return authorRole(role ?? 'viewer', profile);
  }
}

/** The wire knows viewers; people see who has an account. */
export function authorRole(role: Member['role'], profile: Profile): Role {
  return role === 'viewer' ? (profile.name === null ? 'guest' : 'member') : role;
}

function wireFloat({ float, media_ms }: Unstored): { float?: FloatStyle; media_ms?: number } {
  return { ...(float && { float }), ...(media_ms !== undefined && { media_ms }) };
}

function shownFloat(style: FloatStyle | undefined, media_ms: number | undefined): Pick<ChatMessage, 'float'> {
  return style && media_ms !== undefined ? { float: { style, media_ms } } : {};
}

function profileOf(one: Person): Profile {
  return { id: one.id, name: one.guest ? null : one.name, display_name: one.displayName };
}
