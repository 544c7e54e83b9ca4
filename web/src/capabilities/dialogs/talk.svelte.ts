/**
 * The talk of one dialog: one stretch of what was said, without gaps, that reaches to the newest or lies somewhere in the past.
 * However long the talk is, no more than `HELD_MAX` messages are held.
 */
import type { Connection as LiveConnection, SpaceLine } from '../../engines/connection/connection';
import type { Answer } from '../../engines/connection/machine';
import type { DialogsApi } from '../../engines/http/dialogs';
import { MESSAGE_MAX_CHARS, TYPING_MS } from '../../protocol/generated/limits';
import type { Command, DialogCommand, DialogEvent, DialogState, Event, Message, Profile, Snapshot, SpaceId, UserId } from '../../protocol/generated/types';
import type { MessageId } from '../conversation/model';
import { Timeline, type Unstored } from '../conversation/timeline';
import type { Outcome, Person } from '../people/model';
import { person } from '../people/person';
import { DISCONNECTED, ofAnswer, refusal } from '../people/refusal';
import type { Session } from '../people/session.svelte';
import type { SpokenMoment } from '../videos/model';
import type { More, Reached, Seen, TalkMember, TalkMessage, TalkModel } from './model';

/** Stored messages held; beyond it, those that are furthest from what is read are let go, and can be read again. */
export const HELD_MAX = 1_000;
/** A new message not seen for this long is where the unread ones begin. */
export const UNSEEN_AFTER_MS = 800;
/** How long the divider stays once everything was seen. */
export const DIVIDER_STAYS_MS = 4_000;
/** Reading is told to the server at most this often. */
export const READ_EVERY_MS = 1_000;
/** Writing is told to the server at most this often. */
export const TYPED_EVERY_MS = TYPING_MS / 2;

export interface TalkPort {
  readonly api: Pick<DialogsApi, 'messages'>;
  readonly connection: Pick<LiveConnection, 'join' | 'person' | 'serverTime_ms' | 'reconnectNow'>;
  readonly session: Pick<Session, 'me' | 'wire'>;
  onStatus(listener: (open: boolean) => void): () => void;
  nonce(): string;
  /** For the row of it in the list. */
  said(message: Message): void;
  read(position: number): void;
  stands(title: string, members: Profile[]): void;
  gone(): void;
  /** What could not be sent, once one has gone. */
  unsent(messages: readonly Unstored[]): void;
  /** What is not stored yet is to outlive the page; null: it is stored, or given up. */
  kept(nonce: string, message: Unstored | null): void;
}

export class Talk implements TalkModel {
  state = $state<TalkModel['state']>('entering');
  messages = $state.raw<readonly TalkMessage[]>([]);
  older = $state<More>('none');
  newer = $state<More>('none');
  arrived = $state(0);
  unreadFrom = $state<MessageId | null>(null);
  title = $state('');
  two = $state(true);
  members = $state.raw<readonly TalkMember[]>([]);
  typing = $state.raw<readonly Person[]>([]);
  seen = $state.raw<Seen | null>(null);
  reconnecting_ms = $state<number | null>(null);
  #blocked = $state.raw<ReadonlySet<UserId>>(new Set());

  #line: SpaceLine | null;
  #timeline = new Timeline();
  #shown = new WeakMap<Message, TalkMessage>();
  #shownUnstored = new WeakMap<Unstored, TalkMessage>();
  #stands: DialogState | null = null;
  /** What is said while the stretch lies in the past: appended once it reaches there. */
  #tail: Message[] = [];
  /** Another stretch is being read: what comes of an earlier wish is of no use any more. */
  #stretch = Symbol('stretch');
  #atEnd = true;
  #read = 0;
  #told = 0;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #unseenTimer: ReturnType<typeof setTimeout> | undefined;
  #dividerTimer: ReturnType<typeof setTimeout> | undefined;
  #typingTimers = new Map<UserId, ReturnType<typeof setTimeout>>();
  #typed_ms = -Infinity;
  #online = true;
  #flushing = false;
  /** What outlives the page by now. */
  #kept: readonly Unstored[] = [];
  #closing = false;
  #unheard: () => void;
  #shared = new Set<() => void>();

  constructor(readonly id: SpaceId, private readonly port: TalkPort) {
    this.sessionChanged();
    this.#line = port.connection.join(id, {
      joined: (resumed) => { if (resumed) this.state = 'inside'; },
      event: (event) => this.#event(event),
      declined: (rejection) => {
        if (rejection.kind !== 'not_found' && rejection.kind !== 'forbidden' && rejection.kind !== 'banned') return;
        if (this.state === 'entering') this.state = 'missing';
        else this.#end();
      },
    });
    this.#unheard = port.onStatus((open) => {
      this.#online = open;
      this.reconnecting_ms = open ? null : (this.reconnecting_ms ?? Date.now());
    });
  }

  get blocked(): boolean {
    return this.two && this.members.some((one) => !one.me && this.#blocked.has(one.person.id));
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  send(text: string, replyTo: MessageId | null, moment: SpokenMoment | null = null): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    this.#typed_ms = -Infinity;
    void this.#say({
      nonce: this.port.nonce(),
      text: trimmed,
      replyTo: replyTo === null ? null : this.#timeline.positionOf(replyTo),
      mentions: [],
      at_ms: this.port.connection.serverTime_ms,
      refusal: null,
      ...(moment === null ? {} : { moment: { video: moment.video, at_ms: Math.floor(moment.at_ms) } }),
    });
  }

  retry(id: MessageId): void {
    const failed = this.#timeline.discard(id);
    if (failed) void this.#say({ ...failed, refusal: null });
  }

  discard(id: MessageId): void {
    this.#timeline.discard(id);
    this.#flush();
  }

  typed(): void {
    const now_ms = this.port.connection.serverTime_ms;
    // It holds for a moment only: told later, it would be wrong.
    if (!this.#online || this.state !== 'inside' || now_ms - this.#typed_ms < TYPED_EVERY_MS) return;
    this.#typed_ms = now_ms;
    void this.#wants({ kind: 'typing' });
  }

  async edit(id: MessageId, text: string): Promise<Outcome> {
    const position = this.#timeline.positionOf(id);
    const trimmed = text.trim();
    if (position === null) return { ok: false, refusal: { reason: 'not_found' } };
    if (trimmed === '') return { ok: false, refusal: { reason: 'text_empty' } };
    const outcome = await this.#wants({ kind: 'edit', position, text: trimmed });
    if (outcome.ok) this.#edited({ position, text: trimmed, edited_ms: this.port.connection.serverTime_ms });
    return outcome;
  }

  async remove(id: MessageId): Promise<Outcome> {
    const position = this.#timeline.positionOf(id);
    if (position === null) return { ok: false, refusal: { reason: 'not_found' } };
    return ofAnswer(await this.#command({ kind: 'delete_message', position }));
  }

  loadOlder(): void {
    const first = this.#timeline.first;
    if (first === null || this.older === 'loading' || this.older === 'none') return;
    this.older = 'loading';
    const stretch = this.#stretch;
    void this.port.api.messages(this.id, { before: first }).then((reply) => {
      if (stretch !== this.#stretch) return;
      if (reply.is !== 'ok') {
        this.older = 'failed';
        return;
      }
      this.#merge(reply.value.messages);
      this.older = reply.value.more && reply.value.messages.length > 0 ? 'more' : 'none';
      const { stored } = this.#timeline;
      const last = stored[HELD_MAX - 1];
      if (stored.length > HELD_MAX && last) {
        this.#timeline.forgetAfter(last.position);
        if (this.newer === 'none') this.newer = 'more';
      }
      this.#flush();
    });
  }

  loadNewer(): void {
    if (this.newer === 'loading' || this.newer === 'none') return;
    this.newer = 'loading';
    const stretch = this.#stretch;
    void this.port.api.messages(this.id, { after: this.#timeline.last }).then((reply) => {
      if (stretch !== this.#stretch) return;
      if (reply.is !== 'ok') {
        this.newer = 'failed';
        return;
      }
      this.#merge(reply.value.messages);
      if (reply.value.more && reply.value.messages.length > 0) this.newer = 'more';
      else this.#reachedEnd();
      const { stored } = this.#timeline;
      const first = stored[stored.length - HELD_MAX];
      if (stored.length > HELD_MAX && first) {
        this.#timeline.forgetBefore(first.position);
        if (this.older === 'none') this.older = 'more';
      }
      this.#flush();
    });
  }

  async toNewest(): Promise<boolean> {
    if (this.newer === 'none') return true;
    const stretch = (this.#stretch = Symbol('stretch'));
    const reply = await this.port.api.messages(this.id, {});
    if (stretch !== this.#stretch) return false;
    if (reply.is !== 'ok') {
      this.newer = 'failed';
      return false;
    }
    this.#replace(reply.value.messages, reply.value.more);
    this.#reachedEnd();
    this.#flush();
    await Promise.resolve();
    return true;
  }

  async goTo(position: number): Promise<Reached> {
    if (!this.#timeline.at(position)) {
      const stretch = (this.#stretch = Symbol('stretch'));
      const reply = await this.port.api.messages(this.id, { around: position });
      if (stretch !== this.#stretch) return { is: 'overtaken' };
      if (reply.is !== 'ok') return { is: 'failed' };
      const { messages } = reply.value;
      if (!messages.some((one) => one.position === position)) return { is: 'gone' };
      // What lies on either side is known once it is asked for.
      this.#replace(messages, true);
      this.newer = 'more';
      this.#flush();
      await Promise.resolve();
    }
    return { is: 'here', id: this.#timeline.idOf(position) };
  }

  setAtEnd(atEnd: boolean): void {
    this.#atEnd = atEnd;
  }

  markRead(): void {
    if (this.newer !== 'none') return;
    const last = this.#timeline.last;
    clearTimeout(this.#unseenTimer);
    this.#unseenTimer = undefined;
    if (this.unreadFrom !== null && this.#dividerTimer === undefined) {
      this.#dividerTimer = setTimeout(() => {
        this.#dividerTimer = undefined;
        this.unreadFrom = null;
      }, DIVIDER_STAYS_MS);
    }
    if (last <= this.#read) return;
    this.#read = last;
    this.port.read(last);
    if (this.#readTimer === undefined) this.#tellRead();
  }

  onShared(listener: () => void): () => void {
    this.#shared.add(listener);
    return () => this.#shared.delete(listener);
  }

  reconnectNow(): void { this.port.connection.reconnectNow(); }
  setTitle(title: string): Promise<Outcome> { return this.#wants({ kind: 'set_title', title: title.trim() }); }
  add(user: UserId): Promise<Outcome> { return this.#wants({ kind: 'add', user }); }
  async block(user: UserId): Promise<Outcome> { return ofAnswer(await this.port.connection.person({ kind: 'block', user })); }
  async unblock(user: UserId): Promise<Outcome> { return ofAnswer(await this.port.connection.person({ kind: 'unblock', user })); }

  async depart(): Promise<Outcome> {
    const outcome = await this.#wants({ kind: 'depart' });
    if (outcome.ok) this.#end();
    return outcome;
  }

  close(): void {
    if (this.#read > this.#told && this.#line) void this.#command({ kind: 'mark_read', position: this.#read });
    this.#stretch = Symbol('closed');
    for (const timer of [this.#readTimer, this.#unseenTimer, this.#dividerTimer, ...this.#typingTimers.values()]) clearTimeout(timer);
    this.#typingTimers.clear();
    this.#unheard();
    this.#shared.clear();
    this.#closing = true;
    this.#leave();
  }

  /** Shows what could not be sent when one was here before. */
  adopt(unsent: readonly Unstored[]): void {
    for (const one of unsent) this.#timeline.say(one);
    this.#flush();
  }

  sessionChanged(): void {
    this.#blocked = new Set(this.port.session.wire?.blocked.map((one) => one.id));
    this.#shown = new WeakMap();
    this.#flush();
  }

  // ── What the dialog tells ───────────────────────────────────────────────────────────────────

  #event(event: Event): void {
    switch (event.kind) {
      case 'snapshot': this.#snapshot(event.snapshot); break;
      case 'message':
        this.#said(event.message);
        if (event.message.carries?.kind === 'video') this.#tellShared();
        break;
      case 'message_deleted':
        if (this.#timeline.at(event.position)?.carries?.kind !== 'image') this.#tellShared();
        this.#timeline.markDeleted(event.position);
        this.#tail = this.#tail.map((one) => (one.position === event.position ? { ...one, text: '', deleted: true } : one));
        this.#tellLast();
        break;
      case 'dialogs': this.#happened(event.event); break;
      case 'removed': return this.#end();
      default: return;
    }
    this.#flush();
  }

  #tellShared(): void {
    for (const listener of this.#shared) listener();
  }

  #said(message: Message): void {
    const mine = message.author.id === this.#me();
    this.#stopTyping(message.author.id);
    this.port.said(message);
    if (this.newer !== 'none') {
      this.#tail = [...this.#tail, message].slice(-HELD_MAX);
      if (!mine) this.arrived += 1;
      return;
    }
    this.#merge([message], true);
    if (!mine) this.#noticeUnseen();
  }

  #happened(event: DialogEvent): void {
    switch (event.kind) {
      case 'state': this.#standsNow(event.state); break;
      case 'edited': this.#edited(event); break;
      case 'typing': {
        if (event.user === this.#me() || this.#blocked.has(event.user)) return;
        clearTimeout(this.#typingTimers.get(event.user));
        this.#typingTimers.set(event.user, setTimeout(() => this.#stopTyping(event.user), TYPING_MS));
        this.#showTyping();
      }
    }
  }

  #snapshot(snapshot: Snapshot): void {
    const { messages } = snapshot;
    const held = this.#timeline.last;
    const first = messages[0]?.position ?? Infinity;
    const entering = this.state === 'entering';
    if (!entering) this.#tellShared();
    this.state = 'inside';
    if (snapshot.dialog) this.#standsNow(snapshot.dialog);
    for (const last of messages.slice(-1)) this.port.said(last);
    if (entering) {
      this.#read = this.#told = snapshot.read_position;
      // A message that was asked for may be here before.
      if (held === 0) {
        // Not another stretch: a message that was asked for may be on its way.
        this.#merge(messages);
        this.older = snapshot.more_messages ? 'more' : 'none';
      } else if (this.newer === 'none') this.newer = 'more';
      if (snapshot.read_position > 0) this.#divide();
    } else if (this.newer === 'none' && (first <= held || held === 0 || !snapshot.more_messages)) {
      this.#merge(messages);
      void this.#readAgain(Math.min(first, held));
    } else if (this.newer === 'none' && this.#atEnd) {
      this.#replace(messages, snapshot.more_messages);
      this.#divide();
    } else {
      if (this.newer === 'none') this.newer = 'more';
      void this.#readAgain(held + 1);
    }
    this.#flush();
  }

  /** What changed meanwhile in what is held: newest first, page by page. */
  async #readAgain(from: number): Promise<void> {
    const stretch = this.#stretch;
    let edge = from;
    const first = this.#timeline.first ?? edge;
    while (edge > first) {
      const reply = await this.port.api.messages(this.id, { before: edge });
      if (stretch !== this.#stretch || reply.is !== 'ok' || reply.value.messages.length === 0) return;
      this.#merge(reply.value.messages.filter((one) => one.position >= first));
      edge = reply.value.messages[0]?.position ?? first;
      this.#flush();
    }
  }

  #standsNow(state: DialogState): void {
    this.#stands = state;
    this.title = state.title;
    this.two = state.two;
    this.members = state.members.map((one) => ({ person: person(one.profile), here: one.here, me: one.profile.id === this.#me() }));
    this.port.stands(state.title, state.members.map((one) => one.profile));
    this.#showTyping();
  }

  #edited({ position, text, edited_ms }: { position: number; text: string; edited_ms: number }): void {
    const held = this.#timeline.at(position);
    const change = (one: Message): Message => (one.deleted ? one : { ...one, text, edited_ms });
    if (held) this.#merge([change(held)]);
    this.#tail = this.#tail.map((one) => (one.position === position ? change(one) : one));
    this.#tellLast();
    this.#flush();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  #me(): UserId | null { return this.port.session.me?.id ?? null; }

  #merge(messages: readonly Message[], live = false): void {
    if (this.#timeline.merge(messages, live)) this.older = 'more';
  }

  /** Another stretch takes the place of what was held; what is not sent yet stays. */
  #replace(messages: readonly Message[], olderThere: boolean): void {
    const { unstored } = this.#timeline;
    this.#stretch = Symbol('stretch');
    this.#timeline = new Timeline();
    for (const one of unstored) this.#timeline.say(one);
    this.#merge(messages);
    this.older = olderThere ? 'more' : 'none';
  }

  #reachedEnd(): void {
    const last = this.#timeline.last;
    this.#merge(this.#tail.filter((one) => one.position > last));
    this.#tail = [];
    this.newer = 'none';
    this.arrived = 0;
  }

  /** The row in the list shows what was said last as it is now. */
  #tellLast(): void {
    const last = this.newer === 'none' ? this.#timeline.stored.at(-1) : this.#tail.at(-1);
    if (last) this.port.said(last);
  }

  #noticeUnseen(): void {
    this.#unseenTimer ??= setTimeout(() => {
      this.#unseenTimer = undefined;
      if (this.unreadFrom === null) this.#divide();
    }, UNSEEN_AFTER_MS);
  }

  #divide(): void {
    const first = this.#timeline.stored.find((one) => one.position > this.#read && one.author.id !== this.#me());
    if (first) this.unreadFrom = this.#timeline.idOf(first.position);
  }

  #tellRead(): void {
    this.#readTimer = setTimeout(() => {
      this.#readTimer = undefined;
      if (this.#read > this.#told) this.#tellRead();
    }, READ_EVERY_MS);
    this.#told = this.#read;
    void this.#command({ kind: 'mark_read', position: this.#read });
  }

  #stopTyping(user: UserId): void {
    clearTimeout(this.#typingTimers.get(user));
    if (this.#typingTimers.delete(user)) this.#showTyping();
  }

  #showTyping(): void {
    this.typing = this.members.filter((one) => !one.me && this.#typingTimers.has(one.person.id)).map((one) => one.person);
  }

  /** Goes, once nothing of mine is on its way any more: outside nothing can be said. */
  #leave(): void {
    const { unstored } = this.#timeline;
    if (unstored.some((one) => one.refusal === null)) return;
    this.#line?.leave();
    this.#line = null;
    if (unstored.length > 0) this.port.unsent(unstored);
  }

  #end(): void {
    this.state = 'gone';
    this.#line?.leave();
    this.#line = null;
    this.port.gone();
  }

  async #say(unstored: Unstored): Promise<void> {
    this.#timeline.say(unstored);
    this.#flush();
    const tooLong = [...unstored.text].length > MESSAGE_MAX_CHARS;
    const answer: Answer = tooLong
      ? { is: 'rejected', rejection: { kind: 'limit', limit: 'message_chars', max: MESSAGE_MAX_CHARS, retry_after_ms: null } }
      : await this.#command({ kind: 'send', text: unstored.text, nonce: unstored.nonce, ...(unstored.replyTo === null ? {} : { reply_to: unstored.replyTo }), ...(unstored.moment ? { moment: unstored.moment } : {}) });
    if (answer.is === 'ok' && answer.outcome.kind === 'sent') this.#acknowledge(unstored, answer.outcome.position, answer.outcome.at_ms);
    else if (answer.is === 'rejected') this.#timeline.fail(unstored.nonce, refusal(answer.rejection, this.port.connection.serverTime_ms));
    else this.#timeline.fail(unstored.nonce, answer.is === 'overfull' ? { reason: 'too_fast' } : DISCONNECTED);
    this.#flush();
    if (this.#closing) this.#leave();
  }

  #acknowledge(unstored: Unstored, position: number, at_ms: number): void {
    const me = this.port.session.wire?.profile;
    if (!me) return;
    const quoted = unstored.replyTo === null ? undefined : this.#timeline.at(unstored.replyTo);
    const message: Message = {
      position, at_ms, text: unstored.text, author: me, nonce: unstored.nonce, ...(unstored.moment ? { moment: unstored.moment } : {}),
      ...(quoted ? { reply_to: { position: quoted.position, author: quoted.author, text: quoted.text } } : {}),
    };
    this.port.said(message);
    // Where the stretch lies in the past it would stand beside what it is far from.
    if (this.newer === 'none') this.#timeline.acknowledge(unstored.nonce, message);
    else {
      this.#timeline.discard(`n${unstored.nonce}`);
      if (!this.#tail.some((one) => one.position === position)) this.#tail = [...this.#tail, message];
    }
  }

  async #wants(wants: DialogCommand): Promise<Outcome> {
    return ofAnswer(await this.#command({ kind: 'dialogs', wants }));
  }

  #command(command: Command): Promise<Answer> {
    return this.#line === null ? Promise.resolve({ is: 'lost' }) : this.#line.command(command);
  }

  /** Many frames in one turn make one change. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#keepUnstored();
      const shown: TalkMessage[] = [];
      for (const message of this.#timeline.stored) {
        // In a dialog of two one sees what was said, also by whom one has blocked since.
        if (!this.two && this.#blocked.has(message.author.id)) continue;
        let one = this.#shown.get(message);
        if (!one) this.#shown.set(message, one = this.#show(message));
        shown.push(one);
      }
      this.seen = this.#seenNow(shown);
      for (const unstored of this.#timeline.unstored) {
        let one = this.#shownUnstored.get(unstored);
        if (!one) this.#shownUnstored.set(unstored, one = this.#showUnstored(unstored));
        shown.push(one);
      }
      this.messages = shown;
    });
  }

  #keepUnstored(): void {
    const { unstored } = this.#timeline;
    if (unstored === this.#kept) return;
    const before = new Set(this.#kept);
    const now = new Set(unstored.map((one) => one.nonce));
    for (const one of before) if (!now.has(one.nonce)) this.port.kept(one.nonce, null);
    for (const one of unstored) if (!before.has(one)) this.port.kept(one.nonce, one);
    this.#kept = unstored;
  }

  #seenNow(shown: readonly TalkMessage[]): Seen | null {
    const others = this.#stands?.members.filter((one) => one.profile.id !== this.#me()) ?? [];
    const furthest = Math.max(0, ...others.map((one) => one.read_position));
    const last = shown.findLast((one) => one.mine && one.state === 'stored' && one.position !== null && one.position <= furthest);
    if (!last) return null;
    const by = others.filter((one) => one.read_position >= (last.position ?? Infinity)).map((one) => person(one.profile));
    return { id: last.id, by, everybody: by.length === others.length };
  }

  #show(message: Message): TalkMessage {
    return {
      id: this.#timeline.idOf(message.position),
      position: message.position,
      author: person(message.author),
      text: message.text,
      at_ms: message.at_ms,
      state: message.deleted ? 'deleted' : 'stored',
      mine: message.author.id === this.#me(),
      carries: (message.deleted ? undefined : message.carries) ?? null,
      replyTo: this.#quote(message.reply_to),
      mentions: (message.mentions ?? []).map((one) => person(one).name),
      edited: message.edited_ms !== undefined,
      refusal: null,
      moment: message.moment ?? null,
    };
  }

  #showUnstored(unstored: Unstored): TalkMessage {
    const quoted = unstored.replyTo === null ? undefined : this.#timeline.at(unstored.replyTo);
    const me = this.port.session.me;
    return {
      id: `n${unstored.nonce}`,
      position: null,
      author: me ?? { id: '', name: '', displayName: '', guest: true },
      text: unstored.text,
      at_ms: unstored.at_ms,
      state: unstored.refusal === null ? 'pending' : 'failed',
      mine: true,
      carries: null,
      replyTo: quoted ? this.#quote({ position: quoted.position, author: quoted.author, text: quoted.text, carries: quoted.carries?.kind }) : null,
      mentions: [],
      edited: false,
      refusal: unstored.refusal,
      moment: unstored.moment ?? null,
    };
  }

  #quote(quote: Message['reply_to']): TalkMessage['replyTo'] {
    if (!quote) return null;
    const carries = quote.carries ?? null;
    return { id: this.#timeline.idOf(quote.position), position: quote.position, authorName: quote.author.display_name, text: quote.text === '' && carries === null ? null : quote.text, carries };
  }
}
