/** My dialogs from outside: their list, in step with the server; what is news in them; and the one that is open. */
import type { Connection as LiveConnection } from '../../engines/connection/connection';
import type { DialogsApi } from '../../engines/http/dialogs';
import type { Dialog, Message, PersonEvent, Profile, SpaceId, UserId } from '../../protocol/generated/types';
import type { Outcome } from '../people/model';
import { person } from '../people/person';
import { ofReply } from '../people/refusal';
import type { Session } from '../people/session.svelte';
import { Drafts } from './drafts.svelte';
import { Finder, Search } from './finding.svelte';
import type { Begun, DialogId, DialogRow, DialogsModel, More, TalkModel } from './model';
import type { ScreeningModel } from '../videos/model';
import { Talk } from './talk.svelte';
import type { Unstored } from '../conversation/timeline';
import { KeptUnsent } from './unsent';

export type DialogsHeard = Extract<PersonEvent, { kind: 'dialog' | 'dialog_gone' }>;

/** What was said longer ago is no news, however it comes. */
export const NEWS_MS = 60_000;

export interface DialogsPort {
  readonly api: DialogsApi;
  readonly session: Pick<Session, 'me' | 'wire' | 'onChange'>;
  readonly connection: Pick<LiveConnection, 'join' | 'person' | 'serverTime_ms' | 'status' | 'reconnectNow'>;
  /** Calls at once and whenever the connection stands anew. Returns what undoes it. */
  onStatus(listener: (open: boolean) => void): () => void;
  nonce(): string;
  /** Somebody said something in a dialog that is not muted. */
  news(row: DialogRow, said: Message): void;
  /** Nothing in it is news any more. */
  heeded(id: DialogId): void;
  screening(talk: TalkModel): Promise<ScreeningModel>;
}

export class Dialogs implements DialogsModel {
  state = $state<DialogsModel['state']>('loading');
  rows = $state.raw<readonly DialogRow[]>([]);
  more = $state<More>('none');
  readonly drafts = new Drafts();
  readonly search: Search;
  #held = new Map<SpaceId, Dialog>();
  #asked = new Set<SpaceId>();
  /** What could not be sent, until the dialog is opened again. */
  #unsent: Map<SpaceId, readonly Unstored[]> = new Map();
  readonly #keptUnsent = new KeptUnsent();
  #who: UserId | null | undefined;
  #talk: Talk | null = null;
  #reading: symbol | null = null;
  /** Told since the list was asked for: the answer may be older. */
  #toldMeanwhile = new Map<SpaceId, Dialog | null>();
  #open = false;

  constructor(private readonly port: DialogsPort) {
    this.search = new Search({
      find: (q, dialog, before_ms) => port.api.find(q, dialog, before_ms),
      me: () => port.session.me?.id ?? null,
      known: (dialog) => this.#know(dialog),
    });
    port.session.onChange(() => this.#sessionChanged());
    port.onStatus((open) => {
      // What was missed while away too long is nowhere but in the list itself.
      if (open && !this.#open && this.state !== 'loading') this.#read();
      this.#open = open;
    });
    this.#sessionChanged();
  }

  get unread(): number {
    return this.rows.reduce((sum, one) => sum + (one.muted ? 0 : one.unread), 0);
  }

  row(id: DialogId): DialogRow | undefined {
    return this.rows.find((one) => one.id === id);
  }

  finder(): Finder {
    return new Finder((q) => this.port.api.people(q), () => this.port.session.me?.id ?? null);
  }

  retry(): void {
    if (this.state === 'failed') this.state = 'loading';
    this.#read();
  }

  loadMore(): void {
    const last = this.rows.filter((one) => !one.pinned).at(-1);
    if (this.more === 'loading' || this.more === 'none' || !last) return;
    this.more = 'loading';
    const who = this.#who;
    void this.port.api.list(last.at_ms).then((reply) => {
      if (this.#who !== who) return;
      if (reply.is !== 'ok') {
        this.more = 'failed';
        return;
      }
      const known = this.#held.size;
      for (const one of reply.value.dialogs) this.#held.set(one.id, one);
      // A page that brings nothing new would be asked for without end.
      this.more = reply.value.more && this.#held.size > known ? 'more' : 'none';
      this.#show();
    });
  }

  open(id: DialogId): Talk {
    this.#know(id);
    const who = this.#who;
    const talk: Talk = new Talk(id, {
      api: this.port.api,
      connection: this.port.connection,
      onStatus: (listener) => this.port.onStatus(listener),
      session: this.port.session,
      nonce: () => this.port.nonce(),
      said: (message) => this.#said(id, message),
      read: (position) => this.#haveRead(id, position),
      stands: (title, members) => this.#stands(id, title, members),
      gone: () => this.#forget(id),
      unsent: (messages) => {
        const open = this.#talk;
        if (open !== null && open !== talk && open.id === id) open.adopt(messages);
        else this.#unsent.set(id, messages);
        this.#show();
      },
      kept: (nonce, message) => {
        // What was said by whoever was here before is not for who is here now.
        if (this.#who !== who) return;
        if (message === null) this.#keptUnsent.drop(nonce);
        else this.#keptUnsent.keep(id, message);
      },
    });
    this.#talk = talk;
    talk.adopt(this.#unsent.get(id) ?? []);
    if (this.#unsent.delete(id)) this.#show();
    return talk;
  }

  screening(talk: TalkModel): Promise<ScreeningModel> { return this.port.screening(talk); }

  async begin(people: readonly UserId[], title: string): Promise<Begun> {
    const reply = await this.port.api.begin({ with: [...people], ...(title === '' ? {} : { title }) });
    if (reply.is !== 'ok') return ofReply(reply) as Extract<Outcome, { ok: false }>;
    this.#take(reply.value);
    return { ok: true, id: reply.value.id };
  }

  async keep(id: DialogId, change: { readonly pinned?: boolean; readonly muted?: boolean }): Promise<Outcome> {
    const held = this.#held.get(id);
    if (!held) return { ok: false, refusal: { reason: 'not_found' } };
    const reply = await this.port.api.keep(id, { pinned: held.pinned, muted: held.muted, ...change });
    if (reply.is === 'ok') this.#take(reply.value);
    return ofReply(reply);
  }

  heard(event: DialogsHeard): void {
    if (event.kind === 'dialog_gone') return this.#forget(event.dialog);
    const before = this.#held.get(event.dialog.id);
    // What was read here a moment ago is not known there yet.
    const read = before?.read_position ?? 0;
    const dialog = read >= (event.dialog.last?.position ?? 0) ? { ...event.dialog, read_position: read, unread: 0 } : event.dialog;
    this.#take(dialog);
    const { last } = dialog;
    const news = last !== null && last.author.id !== this.#who && last.deleted !== true && dialog.unread > 0
      && last.position > (before?.last?.position ?? 0) && this.port.connection.serverTime_ms - last.at_ms < NEWS_MS;
    if (dialog.unread === 0) this.port.heeded(dialog.id);
    else if (news && !dialog.muted) this.port.news(this.#rowOf(dialog), last);
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  #sessionChanged(): void {
    const me = this.port.session.me;
    const who = me === null || me.guest ? null : me.id;
    this.#talk?.sessionChanged();
    if (who === this.#who) return;
    // Who signs out leaves no words in the browser.
    if (who === null && this.#who) {
      this.drafts.forget();
      this.#keptUnsent.forget();
    }
    this.#who = who;
    this.#reading = null;
    this.#held.clear();
    this.#asked.clear();
    this.#unsent = this.#keptUnsent.setMe(who);
    this.drafts.setMe(who);
    this.search.search('', null);
    this.#show();
    this.more = 'none';
    this.state = who === null ? 'ready' : 'loading';
    if (who !== null) this.#read();
  }

  #read(): void {
    if (this.#who === null) return;
    const reading = (this.#reading = Symbol('list'));
    this.#toldMeanwhile.clear();
    void this.port.api.list(null).then((reply) => {
      if (this.#reading !== reading) return;
      this.#reading = null;
      if (reply.is !== 'ok') {
        // What is shown already is better than nothing.
        if (this.state === 'loading') this.state = 'failed';
        return;
      }
      this.#held.clear();
      for (const one of reply.value.dialogs) this.#held.set(one.id, one);
      for (const [id, one] of this.#toldMeanwhile) {
        if (one) this.#held.set(id, one);
        else this.#held.delete(id);
      }
      this.more = reply.value.more ? 'more' : 'none';
      this.state = 'ready';
      this.#show();
      if (this.#talk) this.#know(this.#talk.id);
    });
  }

  /** One that the pages read so far don't hold. */
  #know(id: SpaceId): void {
    if (this.#held.has(id) || this.#asked.has(id)) return;
    this.#asked.add(id);
    const who = this.#who;
    void this.port.api.one(id).then((reply) => {
      if (who !== this.#who) return;
      this.#asked.delete(id);
      if (reply.is === 'ok') this.#take(reply.value);
    });
  }

  #take(dialog: Dialog): void {
    this.#held.set(dialog.id, dialog);
    this.#toldMeanwhile.set(dialog.id, dialog);
    this.#show();
  }

  #forget(id: SpaceId): void {
    this.#held.delete(id);
    this.#toldMeanwhile.set(id, null);
    this.port.heeded(id);
    this.#show();
  }

  #change(id: SpaceId, change: (held: Dialog) => Partial<Dialog>): void {
    const held = this.#held.get(id);
    if (held) this.#take({ ...held, ...change(held) });
  }

  /** In the one that is open, as its space tells it. */
  #said(id: SpaceId, message: Message): void {
    this.#change(id, (held) => {
      const position = held.last?.position ?? 0;
      if (message.position < position) return {};
      const mine = message.author.id === this.#who;
      const anew = message.position > position;
      // Who has it open may look elsewhere all the same.
      if (anew && !mine && !held.muted && message.position > held.read_position) this.port.news(this.#rowOf(held), message);
      return { last: message, ...(anew && !mine && message.position > held.read_position ? { unread: held.unread + 1 } : {}) };
    });
  }

  #haveRead(id: SpaceId, position: number): void {
    this.#change(id, (held) => ({ read_position: Math.max(held.read_position, position), ...(position >= (held.last?.position ?? 0) ? { unread: 0 } : {}) }));
    this.port.heeded(id);
  }

  #stands(id: SpaceId, title: string, members: Profile[]): void {
    this.#change(id, () => ({ title, members }));
  }

  #show(): void {
    const rows = [...this.#held.values()].map((one) => this.#rowOf(one));
    this.rows = rows.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.at_ms - a.at_ms);
  }

  #rowOf(one: Dialog): DialogRow {
    const { last } = one;
    return {
      id: one.id,
      two: one.two,
      title: one.title,
      others: one.members.filter((member) => member.id !== this.#who).map(person),
      last: last && { by: person(last.author), mine: last.author.id === this.#who, text: last.deleted === true ? null : last.text, carries: last.carries?.kind ?? null, at_ms: last.at_ms },
      at_ms: last?.at_ms ?? one.since_ms,
      unread: one.unread,
      pinned: one.pinned,
      muted: one.muted,
      unsent: this.#unsent.has(one.id),
    };
  }
}
