/** The group that one is in: its conversation, its members, where it watches, and its voice. */
import type { Connection as LiveConnection, SpaceLine } from '../../engines/connection/connection';
import type { Answer } from '../../engines/connection/machine';
import type { Api } from '../../engines/http/http';
import type { Command, Event, Group as WireGroup, GroupCommand, GroupEvent, Profile, Snapshot, SpaceId, UserId } from '../../protocol/generated/types';
import { Conversation } from '../conversation/conversation.svelte';
import type { Outcome } from '../people/model';
import { person } from '../people/person';
import { ofAnswer } from '../people/refusal';
import type { Session } from '../people/session.svelte';
import type { Content, GroupMember, GroupModel, PlaceToGo, Proposal } from './model';
import { Voice } from './voice.svelte';
import { content } from './words';

/** Nobody is more than a member to the conversation: what an owner may do is done to members, not to messages. */
const NOBODY: Profile = { id: 'user_nobody', name: null, display_name: '' };

export interface GroupPort {
  readonly api: Pick<Api, 'live' | 'messagesBefore'>;
  readonly session: Pick<Session, 'me' | 'wire'>;
  readonly connection: LiveConnection;
  nonce(): string;
  /** Everybody who wants to goes there now. */
  go(content: Content): void;
  /** Somebody speaks whom I hear: the stream is to be turned down, or up again. */
  duck(speaking: boolean): void;
  /** It is over for me. */
  over(group: Group): void;
}

export class Group implements GroupModel {
  state = $state<GroupModel['state']>('entering');
  members = $state.raw<readonly GroupMember[]>([]);
  owner = $state(false);
  content = $state.raw<Content | null>(null);
  playing = $state(false);
  ends_ms = $state<number | null>(null);
  proposal = $state.raw<Proposal | null>(null);
  readonly chat: Conversation;
  readonly voice: Voice;
  #line: SpaceLine | null;
  #names = new Map<UserId, string>();

  constructor(readonly id: SpaceId, private readonly port: GroupPort) {
    const command = (what: Command) => this.#command(what);
    this.chat = new Conversation({
      command,
      person: (what) => port.connection.person(what),
      before: (position) => port.api.messagesBefore(id, position),
      serverTime_ms: () => port.connection.serverTime_ms,
      now_ms: () => performance.now(),
      nonce: () => port.nonce(),
    });
    this.voice = new Voice({
      command,
      me: () => port.session.me?.id ?? null,
      nameOf: (user) => this.#names.get(user) ?? '',
      heard: (speaking) => port.duck(speaking),
    });
    this.sessionChanged();
    this.#line = port.connection.join(id, {
      joined: (resumed, connectionIsNew) => {
        if (resumed) {
          this.state = 'inside';
          if (connectionIsNew) this.voice.reconnected();
        }
      },
      event: (event) => this.#event(event),
      declined: (rejection) => { if (rejection.kind === 'not_found' || rejection.kind === 'banned') this.#end('removed'); },
    });
  }

  sessionChanged(): void {
    this.chat.setMe(this.port.session.me, this.port.session.wire?.blocked ?? []);
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  async placesToGo(): Promise<readonly PlaceToGo[] | null> {
    const reply = await this.port.api.live();
    if (reply.is !== 'ok') return null;
    const now = this.content?.kind === 'live_room' ? this.content.room : null;
    return reply.value.rooms.filter((one) => one.id !== now && one.host.name !== null)
      .map((one) => ({ room: one.id, host: person(one.host), title: one.about.title, here: one.audience }));
  }

  move(room: SpaceId): Promise<Outcome> { return this.#wants({ kind: 'move', to: { kind: 'live_room', room } }); }
  answerMove(accept: boolean): Promise<Outcome> { return this.#wants({ kind: 'answer_move', accept }); }
  async remove(user: UserId): Promise<Outcome> { return ofAnswer(await this.#command({ kind: 'remove', user })); }
  dissolve(): Promise<Outcome> { return this.#wants({ kind: 'dissolve' }); }

  async depart(): Promise<Outcome> {
    const outcome = await this.#wants({ kind: 'depart' });
    if (outcome.ok) this.close();
    return outcome;
  }

  dismiss(): void { this.close(); }

  /** Leaves it as far as this page is concerned. */
  close(): void {
    this.voice.close();
    this.chat.close();
    this.#line?.leave();
    this.#line = null;
    this.port.over(this);
  }

  // ── What the group tells ────────────────────────────────────────────────────────────────────

  #event(event: Event): void {
    switch (event.kind) {
      case 'snapshot': this.#snapshot(event.snapshot); break;
      case 'groups': this.#happened(event.event); break;
      case 'stage': this.voice.setPublishers(event.publishers); break;
      case 'active_speaker': this.voice.setSpeaker(event.user); break;
      case 'offer': this.voice.offered(event); break;
      case 'mapped': this.voice.mapped(event.leg, event.tracks); break;
      case 'leg_closed': this.voice.legClosed(event.leg, event.reason); break;
      // On another of my devices I left it for good: it is out of sight here, too.
      case 'removed':
        if (event.reason === 'departed') this.close();
        else this.#end('removed');
        break;
      case 'ended':
        if (event.reason === 'dissolved' || event.reason === 'idle') this.#end(event.reason);
        break;
      case 'you': this.chat.event({ ...event, member: { ...event.member, role: 'viewer' } }); break;
      default: this.chat.event(event);
    }
  }

  #snapshot(snapshot: Snapshot): void {
    const again = this.state === 'inside';
    this.state = 'inside';
    this.chat.snapshot({ ...snapshot, host: NOBODY, you: { ...snapshot.you, role: 'viewer' } });
    if (snapshot.group) this.#stands(snapshot.group);
    this.voice.setPublishers(snapshot.publishers);
    if (again) this.voice.reconnected();
  }

  #happened(event: GroupEvent): void {
    if (event.kind === 'group') this.#stands(event.group);
    const me = this.port.session.me?.id;
    if (event.kind === 'moved' && me !== undefined && event.users.includes(me)) this.port.go(content(event.content));
  }

  #stands(group: WireGroup): void {
    const me = this.port.session.me?.id;
    this.members = group.members.map(({ profile, here }) => ({ person: person(profile), here, owner: profile.id === group.owner, me: profile.id === me }));
    for (const { profile } of group.members) this.#names.set(profile.id, profile.display_name);
    this.owner = group.owner === me;
    this.content = group.content && content(group.content);
    this.playing = group.playing;
    this.ends_ms = group.ends_ms;
    const wish = group.proposal;
    this.proposal = wish && {
      by: person(wish.by),
      to: content(wish.to),
      until_ms: wish.until_ms,
      mine: me !== undefined && wish.accepted.includes(me) ? 'accepted' : me !== undefined && wish.declined.includes(me) ? 'declined' : 'open',
      accepted: wish.accepted.length,
      declined: wish.declined.length,
    };
    this.voice.redraw();
  }

  /** It goes on without me, or not at all; what was said stays on the screen until it is put away. */
  #end(state: 'removed' | 'dissolved' | 'idle'): void {
    this.state = state;
    this.proposal = null;
    this.voice.close();
    this.chat.setOpen(false);
    this.#line?.leave();
    this.#line = null;
  }

  async #wants(wants: GroupCommand): Promise<Outcome> {
    return ofAnswer(await this.#command({ kind: 'groups', wants }));
  }

  #command(command: Command): Promise<Answer> {
    return this.#line === null ? Promise.resolve({ is: 'lost' }) : this.#line.command(command);
  }
}
