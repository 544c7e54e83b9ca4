/** A live room as its screen shows it: what the space tells goes to its chat, its stage and its studio. */
import type { Connection as LiveConnection, SpaceLine } from '../../engines/connection/connection';
import type { Answer, Status } from '../../engines/connection/machine';
import { href } from '../../app/route';
import { waitBefore_ms } from '../../engines/connection/backoff';
import type { Api } from '../../engines/http/http';
import type {
  About, Broadcast as WireBroadcast, Command, EndReason, Event, Profile, Publisher, Rejection, Room as WireRoom, Snapshot, Source, SpaceId, UserId, VisitSide,
} from '../../protocol/generated/types';
import { Conversation } from '../conversation/conversation.svelte';
import type { InRoom } from '../discussion_groups/in_room.svelte';
import type { MyGroup } from '../discussion_groups/my_group.svelte';
import type { OtherRoom } from '../host_visits/room_visits.svelte';
import type { Author, VisitorOf } from '../conversation/model';
import type { Me, Outcome, Person } from '../people/model';
import { person } from '../people/person';
import { DISCONNECTED, ofAnswer, ofReply, refusal } from '../people/refusal';
import type { Session } from '../people/session.svelte';
import { aboutOf, detailsOf, sameAbout } from './details';
import type { Broadcast, Connection, GuestLinksModel, Recording, RoomDetails, RoomModel, StreamKeysModel } from './model';
import type { VideosModel } from '../videos/model';
import { Moderating } from './moderating.svelte';
import { PeopleHere } from './people_here.svelte';
import { Stage } from './stage.svelte';
import { StagePart } from './stage_part.svelte';
import type { Lent } from './studio/lent';
import type { Studio } from './studio/studio.svelte';
import { VisitsPart } from './visits_part.svelte';

/** While one stands before the door, the room is looked at again this often. */
export const LOOK_EVERY_MS = 5_000;
/** The other room of a visit may not know of it yet: it is asked again so often, after so long each time. */
export const VISITED_TRIES = 5;
export const VISITED_AGAIN_MS = 1_000;

/** What a room needs of the app. */
export interface RoomPort {
  readonly api: Api;
  readonly session: Session;
  readonly connection: LiveConnection;
  /** Called when the connection's state changes. Returns what undoes it. */
  onStatus(listener: (status: Status) => void): () => void;
  /** The group that one is in, whatever page one is on; its code comes when it is wanted. */
  myGroup(): Promise<MyGroup>;
  /** The secret of a guest link in the address. */
  readonly link: string | null;
  /** The other room of a visit: one is let in for as long as it lasts, whatever its door says. */
  readonly visited?: VisitedPort;
}

export interface VisitedPort {
  readonly room: SpaceId;
  readonly host: Profile;
  /** Camera and microphone for its stage, from my own room; null: there are none. Absent: I am not who visits. */
  lend?(): Promise<Lent | null>;
  /** It was entered, or can't be. */
  changed(): void;
}

export class LiveRoom implements RoomModel, OtherRoom {
  entry = $state<RoomModel['entry']>('entering');
  connection = $state.raw<Connection>({ is: 'connecting', since_ms: Date.now() });
  host = $state.raw<Person | null>(null);
  details = $state.raw<RoomDetails | null>(null);
  broadcast = $state.raw<Broadcast>({ state: 'offline', startedAt_ms: null, here: 0 });
  mine = $state(false);
  peopleCount = $state(0);
  studio = $state.raw<Studio | null>(null);
  recording = $state.raw<Recording>({ wanted: false, running: false, failed: false });
  followers = $state<number | null>(null);
  following = $state(false);
  cover = $state<string | null>(null);
  moderation = $state.raw<Moderating | null>(null);
  groups = $state.raw<InRoom | null>(null);
  readonly stage: Stage;
  readonly part: StagePart;
  readonly visits: VisitsPart;
  readonly chat: Conversation;

  #line: SpaceLine | null = null;
  #room: Pick<WireRoom, 'id' | 'host'> | null = null;
  #about: About | null = null;
  #wire: WireBroadcast = { state: 'off' };
  #wasLive = false;
  #publishers: readonly Publisher[] = [];
  /** The guest whom this room did not let in as they are. */
  #declinedAs: UserId | null = null;
  #failures = 0;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #studioOpening = false;
  #groupsOpening: Promise<InRoom> | null = null;
  #studioSoon: Promise<Studio | null> = Promise.resolve(null);
  /** What is to be seen is on another stage. */
  #stageHeld = false;
  #visitedTries = 0;
  readonly #here: PeopleHere;
  #undo: (() => void)[] = [];
  #closed = false;

  constructor(private readonly hostName: string, private readonly port: RoomPort) {
    const command = (what: Command) => this.#command(what);
    this.#here = new PeopleHere(command, (members) => {
      this.#namesChanged();
      this.chat.setHere(members);
      this.visits.seen(members);
    });
    this.chat = new Conversation({
      command,
      person: (what) => port.connection.person(what),
      before: (position) => port.api.messagesBefore(this.#room?.id ?? '', position),
      ofBroadcast: async (after) => (await import('../../engines/http/videos')).videos.ofBroadcast(this.#room?.id ?? '', after),
      serverTime_ms: () => port.connection.serverTime_ms,
      now_ms: () => performance.now(),
      nonce: () => nonce(),
      media_ms: () => this.stage.watching.moment()?.media_ms ?? null,
    });
    this.stage = new Stage({
      watch: async (keep) => {
        const answer = await command(keep === null ? { kind: 'watch' } : { kind: 'watch', keep });
        return answer.is === 'ok' && answer.outcome.kind === 'watching' ? answer.outcome.leg : null;
      },
      unwatch: () => void command({ kind: 'unwatch' }),
      answer: (leg, generation, sdp) => void command({ kind: 'answer', leg, generation, sdp }),
      prefer: (track, layer) => void command({ kind: 'prefer', track, layer }),
    }, {
      address: async () => {
        const { videos } = await import('../../engines/http/videos');
        const reply = await videos.watch(this.#room?.id ?? '');
        return reply.is === 'ok' ? reply.value.hls : null;
      },
      serverTime_ms: () => port.connection.serverTime_ms,
    });
    this.part = new StagePart({ command, openStudio: () => this.#makeStudio(() => this.part.leave()), changed: () => this.#namesChanged(), ...(port.visited?.lend && { lend: port.visited.lend }) });
    this.visits = new VisitsPart({
      home: this,
      visited: port.visited !== undefined,
      room: () => this.#room?.id ?? null,
      mine: () => this.mine,
      me: () => port.session.me?.id ?? null,
      command: (wants) => command({ kind: 'visits', wants }),
      live: () => port.api.live(),
      open: (side, changed) => this.#openOther(side, changed),
      serverTime_ms: () => port.connection.serverTime_ms,
    });
    this.#undo.push(port.onStatus((status) => this.#statusChanged(status)), port.session.onChange(() => this.#sessionChanged()));
    this.#statusChanged(port.connection.status);
    if (port.visited) this.#visit(port.visited);
    else void this.#look();
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  async saveDetails(details: RoomDetails): Promise<Outcome> {
    if (!this.#about) return { ok: false, refusal: DISCONNECTED };
    const about = aboutOf(details, this.#about);
    if (sameAbout(about, this.#about)) return { ok: true };
    return ofAnswer(await this.#command({ kind: 'set_about', about }));
  }

  guestLinks(): Promise<GuestLinksModel> | null {
    if (!this.mine || !this.#room) return null;
    const { id } = this.#room;
    return Promise.all([import('./studio/guest_links.svelte'), import('../../engines/http/guest_links')])
      .then(([{ GuestLinks }, { guestLinks }]) => new GuestLinks(guestLinks, id, location.origin + href({ at: 'room', host: this.hostName })));
  }

  streamKeys(): Promise<StreamKeysModel> | null {
    if (!this.mine || !this.#room) return null;
    const { id } = this.#room;
    return Promise.all([import('./studio/stream_keys.svelte'), import('../../engines/http/hosting')])
      .then(([{ StreamKeys }, { hosting }]) => new StreamKeys(hosting, id));
  }

  get mayFollow(): boolean {
    return !this.mine && this.#room !== null && this.port.session.state === 'signed_in';
  }

  async follow(follow: boolean): Promise<Outcome> {
    if (!this.#room) return { ok: false, refusal: DISCONNECTED };
    const before = this.following;
    const outcome = ofAnswer(await this.port.connection.person({ kind: follow ? 'follow' : 'unfollow', user: this.#room.host.id }));
    if (outcome.ok && follow !== before) {
      this.following = follow;
      if (this.followers !== null) this.followers = Math.max(0, this.followers + (follow ? 1 : -1));
    }
    return outcome;
  }

  async setRecording(wanted: boolean): Promise<Outcome> {
    return ofAnswer(await this.#command({ kind: 'set_recording', wanted }));
  }

  async setCover(picture: Blob | null): Promise<Outcome> {
    if (!this.mine || !this.#room) return { ok: false, refusal: DISCONNECTED };
    const { hosting } = await import('../../engines/http/hosting');
    const { id } = this.#room;
    const reply = await (picture === null ? hosting.removeCover(id) : hosting.setCover(id, picture));
    if (reply.is === 'ok') {
      // Its address is the server's to say.
      const room = await this.port.api.roomOf(this.hostName);
      this.cover = picture !== null && room.is === 'ok' ? room.value.picture : null;
    }
    return ofReply(reply);
  }

  videos(): Promise<VideosModel> | null {
    if (!this.#room) return null;
    const { id } = this.#room;
    return Promise.all([import('../videos/videos.svelte'), import('../../engines/http/videos')]).then(([{ Videos }, { videos }]) => new Videos((before_ms) => videos.ofRoom(id, before_ms), videos));
  }

  reconnectNow(): void {
    this.port.connection.reconnectNow();
    void this.#look();
  }

  get people(): readonly Author[] { return this.#here.list; }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#lookTimer);
    this.#here.close();
    for (const undo of this.#undo) undo();
    if (!this.port.visited) this.port.session.standAt(null);
    this.visits.close();
    this.studio?.leave();
    this.part.leaveRoom();
    this.stage.close();
    this.chat.close();
    this.moderation?.close();
    this.#line?.leave();
  }

  // ── Host visits ─────────────────────────────────────────────────────────────────────────────

  /** Nothing of this stage is to be received while another is shown in its place. */
  holdStage(held: boolean): void {
    this.#stageHeld = held;
    this.#wantStage();
  }

  markVisitors(visitors: ReadonlyMap<UserId, VisitorOf>): void {
    this.chat.visitors = visitors;
  }

  #openOther(side: VisitSide, changed: () => void): LiveRoom {
    const { mine } = this;
    return new LiveRoom(side.host.name ?? '', {
      ...this.port,
      link: null,
      visited: { room: side.room, host: side.host, changed, ...(mine && { lend: async () => (await this.#studioSoon)?.lend() ?? null }) },
    });
  }

  /** Enters the other room of a visit, and reads of it what its door says, if it does. */
  #visit({ room, host }: VisitedPort): void {
    this.#room = { id: room, host };
    this.host = person(host);
    this.#sessionChanged();
    void this.port.api.roomOf(this.hostName).then((reply) => {
      if (reply.is === 'ok' && !this.#closed) this.followers = reply.value.followers;
    });
  }

  // ── At the door ─────────────────────────────────────────────────────────────────────────────

  async #look(): Promise<void> {
    clearTimeout(this.#lookTimer);
    if (this.port.visited) return this.#out('missing');
    const reply = await this.port.api.roomOf(this.hostName);
    if (this.#closed) return;
    if (reply.is === 'ok') {
      this.#failures = 0;
      this.#room = reply.value;
      this.host = person(reply.value.host);
      this.followers = reply.value.followers;
      if (reply.value.broadcast.state === 'off') this.cover = reply.value.picture;
      this.port.session.standAt({ room: reply.value.id, entry: reply.value.about.entry, link: this.port.link });
      if (this.entry === 'missing') this.entry = 'entering';
      if (this.#line === null) this.#seenFromOutside(reply.value);
      this.#sessionChanged();
    } else if (reply.is === 'rejected' && reply.rejection.kind === 'not_found') {
      this.entry = 'missing';
      this.#wantStage();
      return;
    } else this.#failures += 1;
    // Outside nothing is told; inside everything is.
    if (this.#line === null) {
      const wait_ms = reply.is === 'ok' ? LOOK_EVERY_MS : waitBefore_ms(this.#failures, Math.random());
      this.#lookTimer = setTimeout(() => void this.#look(), wait_ms);
    }
  }

  #seenFromOutside(room: WireRoom): void {
    this.#about = room.about;
    this.details = detailsOf(room.about);
    this.peopleCount = room.audience;
    this.#broadcastChanged(room.broadcast);
  }

  #sessionChanged(): void {
    const { session } = this.port;
    const me = this.#me();
    this.chat.setMe(me, session.wire?.blocked ?? []);
    if (!this.#room) return;
    this.mine = me?.id === this.#room.host.id;
    this.following = session.wire?.follows.some((one) => one.id === this.#room?.host.id) ?? false;
    if (this.mine) this.#openStudio();
    else if (this.studio) {
      this.studio.leave();
      this.studio = null;
    }
    if (me !== null && this.#line === null && this.entry !== 'banned') this.#enter(this.#room.id);
    if (me === null && this.#line !== null) {
      this.#line.leave();
      this.#line = null;
      this.stage.setWanted(false);
      this.chat.setOpen(false);
      this.entry = 'entering';
      void this.#look();
    }
    this.#wantStage();
  }

  /** A guest of another room stands at this door like anybody: a link may let them in, under a name for here. */
  #me(): Me | null {
    const { me } = this.port.session;
    return me?.id === this.#declinedAs ? null : me;
  }

  #enter(id: string): void {
    clearTimeout(this.#lookTimer);
    this.#line = this.port.connection.join(id, {
      joined: (resumed, connectionIsNew) => this.#joined(resumed, connectionIsNew),
      event: (event) => this.#event(event),
      declined: (rejection) => this.#declined(rejection),
    }, this.port.visited !== undefined);
  }

  #openStudio(): void {
    if (this.studio || this.#studioOpening) return;
    this.#studioOpening = true;
    this.#studioSoon = this.#makeStudio(async () => ofAnswer(await this.#command({ kind: 'end_broadcast' }))).then((studio) => {
      this.#studioOpening = false;
      if (this.#closed || !this.mine) return null;
      this.studio = studio;
      if (this.entry === 'inside' && this.#wire.state !== 'off') void studio.resume(this.#wire.state === 'paused');
      return studio;
    });
  }

  /** What is told of groups before their code is here waits for it, in its order. */
  #openGroups(): Promise<InRoom> {
    return (this.#groupsOpening ??= Promise.all([import('../discussion_groups/in_room.svelte'), import('../../engines/http/preferences'), this.port.myGroup()])
      .then(([{ InRoom }, { preferences }, mine]) => (this.groups = new InRoom({ command: (what) => this.#command(what), mine, preferences }))));
  }

  async #makeStudio(end: () => Promise<Outcome>): Promise<Studio> {
    const { Studio } = await import('./studio/studio.svelte');
    return new Studio({
      room: this.#room?.id ?? '',
      saveDetails: (details) => this.saveDetails(details),
      end,
      setMuted: async (source: Source, muted: boolean) => ofAnswer(await this.#command({ kind: 'set_muted', source, muted })),
      publish: async (offer, sources, take_over) => {
        const answer = await this.#command({ kind: 'publish', offer, sources, take_over });
        if (answer.is === 'ok' && answer.outcome.kind === 'publishing') return { is: 'publishing', leg: answer.outcome.leg, answer: answer.outcome.answer };
        return answer.is === 'rejected' ? { is: 'rejected', rejection: answer.rejection } : { is: 'lost' };
      },
    }, () => this.#ownChanged());
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────

  #command(command: Command): Promise<Answer> {
    return this.#line === null ? Promise.resolve({ is: 'lost' }) : this.#line.command(command);
  }

  #joined(resumed: boolean, connectionIsNew: boolean): void {
    this.#statusChanged(this.port.connection.status);
    if (resumed) {
      this.entry = 'inside';
      this.port.visited?.changed();
      this.#partStands();
      if (connectionIsNew) this.#mediaReconnected();
    }
  }

  #declined(rejection: Rejection): void {
    switch (rejection.kind) {
      case 'banned': this.#out('banned'); break;
      case 'not_found':
        if (this.port.visited) this.#visitAgain();
        else if (this.port.session.me?.guest) {
          this.#declinedAs = this.port.session.me.id;
          this.#sessionChanged();
        } else this.#out('missing');
        break;
      case 'forbidden': case 'unauthenticated':
        if (this.port.visited) return this.#visitAgain();
        this.connection = { is: 'refused', refusal: refusal(rejection) };
        this.chat.setOpen(false);
    }
  }

  /** It may not have heard of the visit yet. */
  #visitAgain(): void {
    this.#line?.leave();
    this.#line = null;
    this.#visitedTries += 1;
    if (this.#visitedTries > VISITED_TRIES) return this.#out('missing');
    this.#lookTimer = setTimeout(() => this.#sessionChanged(), VISITED_AGAIN_MS);
  }

  #out(entry: 'banned' | 'missing'): void {
    this.entry = entry;
    this.port.visited?.changed();
    this.#line?.leave();
    this.stage.setWanted(false);
    this.chat.setOpen(false);
    this.studio?.leave();
    this.part.leaveRoom();
  }

  #event(event: Event): void {
    switch (event.kind) {
      case 'snapshot': this.#snapshot(event.snapshot); break;
      case 'audience':
        this.#audience(event.count);
        break;
      case 'about':
        this.#about = event.about;
        this.details = detailsOf(event.about);
        break;
      case 'broadcast': this.#broadcastChanged(event.broadcast, event.ended); break;
      case 'stage': this.#publishersChanged(event.publishers); break;
      case 'active_speaker': this.stage.setSpeaker(event.user); break;
      case 'your_stage': this.part.told(event.standing); break;
      case 'stage_requests':
        this.part.toldRequests(event.requests);
        this.#wantStage();
        break;
      case 'stage_answer': this.part.toldAnswer(event.user, event.accepted); break;
      case 'reported': this.moderation?.reported(event.report); break;
      case 'groups': void this.#openGroups().then((groups) => groups.event(event.event)); break;
      case 'recording': this.#recordingChanged(event.recording); break;
      case 'offer': this.stage.offered(event); break;
      case 'mapped': this.stage.mapped(event.leg, event.tracks); break;
      case 'layer': this.stage.layer(event.track, event.layer); break;
      case 'leg_closed':
        this.stage.legClosed(event.leg, event.reason);
        this.studio?.legClosed(event.leg, event.reason);
        this.part.legClosed(event.leg, event.reason);
        break;
      case 'health': this.studio?.reported(event.health); break;
      case 'visits': this.visits.told(event.event); break;
      case 'removed':
        if (event.reason === 'banned') this.#out('banned');
        // Who stays at home, and then comes along after all, may be out for a moment.
        else if (event.reason === 'entry' && this.port.visited) this.#visitAgain();
        else {
          this.#line = null;
          this.entry = 'entering';
          this.stage.setWanted(false);
          this.part.leaveRoom();
          this.chat.setOpen(false);
          void this.port.session.refresh().then(() => this.#look());
        }
        break;
      default:
        this.chat.event(event);
        if (event.kind === 'you') this.#roleChanged();
        if (event.kind === 'you' || event.kind === 'user_removed') this.#here.readSoon();
    }
  }

  #snapshot(snapshot: Snapshot): void {
    const again = this.entry === 'inside';
    this.entry = 'inside';
    this.host = person(snapshot.host);
    this.#about = snapshot.about;
    this.details = detailsOf(snapshot.about);
    this.chat.snapshot(snapshot);
    this.#roleChanged();
    this.#namesChanged();
    this.#publishersChanged(snapshot.publishers);
    this.#audience(snapshot.audience);
    this.part.toldRequests(snapshot.stage_requests);
    this.#recordingChanged(snapshot.recording);
    this.#broadcastChanged(snapshot.broadcast);
    this.part.told(snapshot.your_stage, !again);
    this.port.visited?.changed();
    this.visits.entered(snapshot);
    if (again) this.#mediaReconnected();
    else if (this.mine && snapshot.broadcast.state !== 'off') void this.studio?.resume(snapshot.broadcast.state === 'paused');
    // In the other room of a visit one is a guest, and one's group is at home.
    if (!this.port.visited) void this.#openGroups().then((groups) => groups.snapshot(snapshot.your_groups));
  }

  #publishersChanged(publishers: readonly Publisher[]): void {
    this.#publishers = publishers;
    this.stage.setPublishers(publishers);
    const me = publishers.find((one) => one.user === this.port.session.me?.id);
    if (me) for (const studio of [this.studio, this.part.studio]) {
      if (studio?.publishing) studio.heardAs(me.muted?.includes('microphone') ?? false);
    }
    if (publishers.some((one) => this.#here.nameOf(one.user) === null)) this.#here.readSoon();
    this.#wantStage();
  }

  #recordingChanged({ wanted, video, failed }: Snapshot['recording']): void {
    this.recording = { wanted, running: video !== null, failed: failed === true };
  }

  /** Who moderates is told what others are not. */
  #roleChanged(): void {
    const moderating = this.chat.moderating;
    if (moderating && !this.moderation && this.#room) this.moderation = new Moderating(this.#room.id, (user) => this.#here.nameOf(user), (what) => this.#command(what));
    if (!moderating && this.moderation) {
      this.moderation.close();
      this.moderation = null;
    }
    this.#partStands();
  }

  #partStands(): void {
    const live = this.broadcast.state === 'live' || this.broadcast.state === 'publisher_lost';
    this.part.stands(this.entry === 'inside', live, this.mine, this.chat.moderating);
  }

  #namesChanged(): void {
    this.#here.learn([...this.part.known, ...(this.host ? [this.host] : []), ...(this.port.session.me ? [this.port.session.me] : [])]);
    this.stage.setNames((user) => this.#here.nameOf(user) ?? '');
  }

  /** What this page sends itself changed. */
  #ownChanged(): void {
    const studio = [this.studio, this.part.studio].find((one) => one?.publishing);
    const { me } = this.port.session;
    this.stage.setOwn(studio && me ? { user: me.id, camera: studio.camera === 'on', screen: studio.screen === 'on', silent: studio.microphone !== 'on' } : null);
    this.#wantStage();
  }

  #mediaReconnected(): void {
    this.stage.reconnected();
    const on = this.#publishers.map((one) => one.leg);
    this.studio?.reconnected(on);
    this.part.reconnected(on);
  }

  #broadcastChanged(broadcast: WireBroadcast, ended?: EndReason): void {
    this.#wire = broadcast;
    const live = broadcast.state === 'on_air' || broadcast.state === 'interrupted';
    this.#wasLive ||= live || broadcast.state === 'paused';
    const before = this.broadcast;
    this.broadcast = {
      state: broadcast.state === 'on_air' ? 'live' : broadcast.state === 'interrupted' ? 'publisher_lost' : broadcast.state === 'paused' ? 'away'
        : this.#wasLive && broadcast.state === 'off' ? 'ended' : 'offline',
      startedAt_ms: live ? broadcast.since_ms : null,
      here: this.peopleCount,
    };
    if (this.broadcast.startedAt_ms !== before.startedAt_ms) this.chat.forgetPast();
    this.stage.watching.setBegan(this.broadcast.startedAt_ms);
    this.stage.watching.setSent(broadcast.state !== 'interrupted');
    this.chat.floating = live;
    if (ended !== undefined) this.studio?.ended();
    if (broadcast.state === 'on_air') this.studio?.encoderCame();
    if (broadcast.state === 'paused') this.studio?.rest();
    else void this.studio?.goOn();
    this.#partStands();
    this.#wantStage();
  }

  /** An open room is seen by whoever comes by, before they say who they are; and goes on being seen while they come in. */
  #seenAsStranger(): boolean {
    const { state } = this.port.session;
    const nobody = this.#me() === null && (state === 'signed_out' || state === 'guest');
    return this.entry === 'entering' && this.#about?.entry === 'open' && (nobody || this.stage.watching.outside);
  }

  /** Who publishes here alone has nothing to watch but themselves. */
  #wantStage(): void {
    const stranger = this.#seenAsStranger();
    const inside = this.entry === 'inside' && this.#line !== null;
    const me = this.port.session.me?.id;
    this.stage.watching.setBarred([this.studio, this.part.studio].some((one) => one?.publishing === true));
    const others = this.#publishers.some((one) => one.user !== me) || this.part.expectsGuests;
    const shows = this.#wire.state !== 'off' && this.#wire.state !== 'paused' && !this.#stageHeld;
    const wanted = stranger ? this.#wire.state === 'on_air' || this.#wire.state === 'interrupted'
      : inside && shows && (others || !(this.studio?.publishing ?? false));
    // Who stands outside is never one who could ask for WebRTC, also not for a moment.
    if (!wanted) this.stage.setWanted(false);
    this.stage.watching.setOutside(stranger);
    if (wanted) this.stage.setWanted(true);
  }

  #audience(count: number): void {
    this.peopleCount = count;
    this.broadcast = { ...this.broadcast, here: count };
    this.#here.readSoon();
  }

  #statusChanged(status: Status): void {
    switch (status.is) {
      case 'idle': break;
      case 'open': this.connection = { is: 'open' }; break;
      case 'connecting':
        if (this.connection.is !== 'connecting') this.connection = { is: 'connecting', since_ms: Date.now() };
        break;
      case 'reconnecting': {
        const since_ms = this.connection.is === 'reconnecting' ? this.connection.since_ms : Date.now();
        this.connection = { is: 'reconnecting', since_ms, attempt: status.attempt };
        break;
      }
      case 'refused':
        this.connection = { is: 'refused', refusal: { reason: status.why === 'signed_out' ? 'not_signed_in' : 'unknown' } };
    }
  }
}

function nonce(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
