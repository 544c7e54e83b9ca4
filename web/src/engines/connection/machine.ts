/**
 * The live connection without its socket: frames and time go in, effects come out.
 *
 * ```text
 *            start                 opened              hello
 *   idle ──────────► connecting ──────────► greeting ──────────► open
 *                        ▲                     │ closed, silent    │
 *                        └──── waiting ◄───────┴───────────────────┘
 *                                 └─► refused (signed out, or no common version)
 * ```
 *
 * It promises what C0.7 promises, as far as a client can:
 * each event is given on once, in order; a command is answered once; a command that may be repeated
 * without harm is repeated after a reconnection; and what may not be is answered `lost`.
 */
import { PROTOCOL_VERSION } from '../../protocol/generated/limits';
import type {
  ClientFrame, Command, Event, GoodbyeReason, Me, Outcome, PersonCommand, PersonEvent, Rejection, Resume,
  ServerFrame, SpaceId,
} from '../../protocol/generated/types';
import { waitBefore_ms } from './backoff';
import { ServerClock } from './clock';

/** Commands that may wait for an answer. One more is answered `overfull`. */
export const UNANSWERED_MAX = 256;
/** A command other than `send` is given up after this long. */
export const PATIENCE_MS = 15_000;
/** A message is given up (and can be tried again by hand) after this long. */
export const SEND_PATIENCE_MS = 60_000;
/** The server must have greeted within this. */
export const GREETING_WITHIN_MS = 8_000;
/** Between pings once the clock is known. */
export const PING_EVERY_MS = 3_000;
/** Pings at the start, to know the clock soon. */
export const FIRST_PINGS = 5;
/** Between those. */
export const FIRST_PING_EVERY_MS = 60;
/** A ping after which nothing came for this long: the connection is dead, whatever the socket says. */
export const SILENT_AFTER_MS = 5_000;
/** After a `misbehaviour` goodbye, at least this long. */
export const PENANCE_MS = 5_000;

export type Status =
  | { readonly is: 'idle' }
  | { readonly is: 'connecting'; readonly since_ms: number }
  | { readonly is: 'open' }
  | { readonly is: 'reconnecting'; readonly since_ms: number; readonly attempt: number }
  | { readonly is: 'refused'; readonly why: 'signed_out' | 'unsupported_version' };

export type Answer =
  | { readonly is: 'ok'; readonly outcome: Outcome }
  | { readonly is: 'rejected'; readonly rejection: Rejection }
  /** Whether it was done is not known: the connection was lost, or nothing came in time. */
  | { readonly is: 'lost' }
  /** It was never sent: too many are waiting. */
  | { readonly is: 'overfull' };

export type Effect =
  | { readonly do: 'open_socket' }
  | { readonly do: 'close_socket' }
  | { readonly do: 'send'; readonly frame: ClientFrame }
  | { readonly do: 'status'; readonly status: Status }
  | { readonly do: 'me'; readonly me: Me }
  | { readonly do: 'person'; readonly event: PersonEvent }
  | { readonly do: 'joined'; readonly space: SpaceId; readonly resumed: boolean; readonly connectionIsNew: boolean }
  | { readonly do: 'event'; readonly space: SpaceId; readonly event: Event }
  | { readonly do: 'declined'; readonly space: SpaceId; readonly rejection: Rejection }
  | { readonly do: 'answered'; readonly id: number; readonly answer: Answer };

type Phase = 'idle' | 'connecting' | 'greeting' | 'open' | 'waiting' | 'refused';

interface Place {
  /** Comes along with a visit, out of one's own room. */
  readonly asGuest: boolean;
  stream: Resume | null;
  /** The snapshot that was promised has not come: events are of no use before it. */
  awaitsSnapshot: boolean;
  joinId: number | null;
  inside: boolean;
  connectionIsNew: boolean;
  failures: number;
  rejoinAt_ms: number | null;
}

interface Unanswered {
  readonly frame: Extract<ClientFrame, { type: 'command' | 'person' }>;
  readonly since_ms: number;
  sent: boolean;
}

/** Whether doing it twice does no harm, so that it may be repeated when its answer was lost. */
function repeatable(frame: Unanswered['frame']): boolean {
  if (frame.type === 'person') return true;
  // Negotiations belong to the connection they were begun on; whoever began them begins anew.
  return !['join', 'leave', 'publish', 'watch', 'unwatch', 'answer', 'prefer'].includes(frame.command.kind);
}

export class ConnectionMachine {
  readonly clock = new ServerClock();
  #effects: Effect[] = [];
  #phase: Phase = 'idle';
  #places = new Map<SpaceId, Place>();
  #unanswered = new Map<number, Unanswered>();
  #nextId = 1;
  #person: Resume | null = null;
  #failures = 0;
  #phaseSince_ms = 0;
  #downSince_ms = 0;
  #wasOpen = false;
  #retryAt_ms = 0;
  #nextPing_ms = 0;
  #pings = 0;
  #pingSent_ms: number | null = null;
  #goodbye: GoodbyeReason | null = null;

  constructor(private readonly client: string, private readonly random: () => number) {}

  /** What is to be done, once. */
  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  get status(): Status {
    switch (this.#phase) {
      case 'idle': return { is: 'idle' };
      case 'open': return { is: 'open' };
      case 'refused':
        return { is: 'refused', why: this.#goodbye === 'unsupported_version' ? 'unsupported_version' : 'signed_out' };
      default:
        return this.#wasOpen || this.#failures > 0
          ? { is: 'reconnecting', since_ms: this.#downSince_ms, attempt: this.#failures }
          : { is: 'connecting', since_ms: this.#downSince_ms };
    }
  }

  /** When `tick` is next needed, in the clock that is passed in; null: only when something happens. */
  get deadline_ms(): number | null {
    const dates: number[] = [];
    if (this.#phase === 'waiting') dates.push(this.#retryAt_ms);
    if (this.#phase === 'connecting' || this.#phase === 'greeting') dates.push(this.#phaseSince_ms + GREETING_WITHIN_MS);
    if (this.#phase === 'open') {
      dates.push(this.#nextPing_ms);
      if (this.#pingSent_ms !== null) dates.push(this.#pingSent_ms + SILENT_AFTER_MS);
      for (const place of this.#places.values()) if (place.rejoinAt_ms !== null) dates.push(place.rejoinAt_ms);
    }
    for (const one of this.#unanswered.values()) dates.push(givenUpAt_ms(one));
    return dates.length === 0 ? null : Math.min(...dates);
  }

  start(now_ms: number): void {
    if (this.#phase !== 'idle' && this.#phase !== 'refused') return;
    this.#goodbye = null;
    this.#failures = 0;
    this.#wasOpen = false;
    this.#downSince_ms = now_ms;
    this.#connect(now_ms);
  }

  /** Ends the connection and forgets whose it was. Spaces stay wanted, their streams begin anew. */
  stop(): void {
    if (this.#phase !== 'idle' && this.#phase !== 'waiting' && this.#phase !== 'refused') this.#effects.push({ do: 'close_socket' });
    this.#person = null;
    for (const place of this.#places.values()) Object.assign(place, newPlace(place.asGuest));
    for (const id of [...this.#unanswered.keys()]) this.#answer(id, { is: 'lost' });
    this.#setPhase('idle', 0);
  }

  /** The device came online, or the page into view: no waiting, and a look whether the connection still lives. */
  wake(now_ms: number): void {
    if (this.#phase === 'waiting') this.#connect(now_ms);
    else if (this.#phase === 'open' && this.#pingSent_ms === null) this.#ping(now_ms);
  }

  join(space: SpaceId, asGuest = false): void {
    if (this.#places.has(space)) return;
    this.#places.set(space, newPlace(asGuest));
    if (this.#phase === 'open') this.#sendJoin(space);
  }

  leave(space: SpaceId): void {
    const place = this.#places.get(space);
    if (!place) return;
    this.#places.delete(space);
    for (const [id, one] of [...this.#unanswered]) {
      if (one.frame.type === 'command' && one.frame.space === space) this.#answer(id, { is: 'lost' });
    }
    // Who is still on the way in leaves, too: the server reads one after the other.
    if (this.#phase === 'open' && (place.inside || place.joinId !== null)) {
      this.#send({ type: 'command', id: this.#nextId++, space, command: { kind: 'leave' } });
    }
  }

  /** Answered exactly once, by an `answered` effect with the id that is returned. */
  command(space: SpaceId, command: Command, now_ms: number): number {
    return this.#submit({ type: 'command', id: this.#nextId++, space, command }, now_ms);
  }

  person(command: PersonCommand, now_ms: number): number {
    return this.#submit({ type: 'person', id: this.#nextId++, command }, now_ms);
  }

  opened(now_ms: number): void {
    if (this.#phase !== 'connecting') return;
    this.#setPhase('greeting', now_ms);
    this.#send({ type: 'hello', version: PROTOCOL_VERSION, client: this.client, resume: this.#person });
  }

  closed(now_ms: number): void {
    if (this.#phase === 'connecting' || this.#phase === 'greeting' || this.#phase === 'open') this.#down(now_ms);
  }

  tick(now_ms: number): void {
    for (const [id, one] of [...this.#unanswered]) {
      if (now_ms >= givenUpAt_ms(one)) this.#answer(id, { is: 'lost' });
    }
    if (this.#phase === 'waiting' && now_ms >= this.#retryAt_ms) this.#connect(now_ms);
    else if ((this.#phase === 'connecting' || this.#phase === 'greeting') && now_ms >= this.#phaseSince_ms + GREETING_WITHIN_MS) {
      this.#effects.push({ do: 'close_socket' });
      this.#down(now_ms);
    } else if (this.#phase === 'open') this.#tickOpen(now_ms);
  }

  #tickOpen(now_ms: number): void {
    if (this.#pingSent_ms !== null && now_ms >= this.#pingSent_ms + SILENT_AFTER_MS) {
      this.#effects.push({ do: 'close_socket' });
      this.#down(now_ms);
      return;
    }
    if (now_ms >= this.#nextPing_ms) this.#ping(now_ms);
    for (const [space, place] of this.#places) {
      if (place.rejoinAt_ms !== null && now_ms >= place.rejoinAt_ms) this.#sendJoin(space);
    }
  }

  received(frame: ServerFrame, now_ms: number): void {
    if (this.#phase !== 'greeting' && this.#phase !== 'open') return;
    // Whatever comes shows that the connection lives.
    this.#pingSent_ms = null;
    switch (frame.type) {
      case 'hello': return this.#greeted(frame, now_ms);
      case 'reply': return this.#replied(frame, now_ms);
      case 'event': return this.#happened(frame.space, frame.seq, frame.event, now_ms);
      case 'person':
        if (this.#person !== null) {
          if (frame.seq <= this.#person.after) return;
          this.#person = { epoch: this.#person.epoch, after: frame.seq };
        }
        this.#effects.push({ do: 'person', event: frame.event });
        return;
      case 'pong':
        this.clock.sample(frame.t0_ms, frame.t1_ms, frame.t2_ms, now_ms);
        return;
      case 'goodbye':
        this.#goodbye = frame.reason;
        return;
      case 'refused':
        // A frame of ours that could not be read carries no id; what it was is given up by its patience.
        return;
    }
  }

  #greeted(frame: Extract<ServerFrame, { type: 'hello' }>, now_ms: number): void {
    if (this.#phase !== 'greeting') return;
    this.#failures = 0;
    this.#wasOpen = true;
    this.#goodbye = null;
    // A resumed stream's missed events follow, so its end is still where it was.
    if (!frame.resumed || this.#person === null) {
      this.#person = frame.person;
      this.#effects.push({ do: 'me', me: frame.me });
    } else this.#person = { epoch: frame.person.epoch, after: this.#person.after };
    this.clock.restart();
    this.#pings = 0;
    this.#setPhase('open', now_ms);
    this.#ping(now_ms);
    for (const [space, place] of this.#places) {
      place.connectionIsNew = true;
      this.#sendJoin(space);
    }
    for (const one of this.#unanswered.values()) if (one.frame.type === 'person') this.#sendUnanswered(one);
  }

  #replied(frame: Extract<ServerFrame, { type: 'reply' }>, now_ms: number): void {
    for (const [space, place] of this.#places) {
      if (place.joinId === frame.id) return this.#joinReplied(space, place, frame, now_ms);
    }
    if (frame.rejection) this.#answer(frame.id, { is: 'rejected', rejection: frame.rejection });
    else if (frame.ok) this.#answer(frame.id, { is: 'ok', outcome: frame.ok });
  }

  #joinReplied(space: SpaceId, place: Place, frame: Extract<ServerFrame, { type: 'reply' }>, now_ms: number): void {
    place.joinId = null;
    if (frame.ok?.kind === 'joined') {
      const { stream, resumed } = frame.ok;
      place.inside = true;
      place.failures = 0;
      place.awaitsSnapshot = !resumed;
      place.stream = resumed && place.stream ? { epoch: stream.epoch, after: place.stream.after } : stream;
      this.#effects.push({ do: 'joined', space, resumed, connectionIsNew: place.connectionIsNew });
      place.connectionIsNew = false;
      for (const one of this.#unanswered.values()) {
        if (one.frame.type === 'command' && one.frame.space === space) this.#sendUnanswered(one);
      }
      return;
    }
    const rejection = frame.rejection;
    if (!rejection) return;
    if (rejection.kind === 'busy' || rejection.kind === 'fault' || rejection.kind === 'storage' || rejection.kind === 'limit') {
      const asked_ms = rejection.kind === 'limit' ? rejection.retry_after_ms ?? 0 : 0;
      this.#rejoinLater(place, now_ms, asked_ms);
    }
    this.#effects.push({ do: 'declined', space, rejection });
  }

  #happened(space: SpaceId, seq: number, event: Event, now_ms: number): void {
    const place = this.#places.get(space);
    if (!place || !place.inside || !place.stream) return;
    if (event.kind === 'snapshot') {
      place.awaitsSnapshot = false;
      place.stream = { epoch: place.stream.epoch, after: Math.max(seq, place.stream.after) };
    } else {
      if (place.awaitsSnapshot || seq <= place.stream.after) return;
      place.stream = { epoch: place.stream.epoch, after: seq };
    }
    this.#effects.push({ do: 'event', space, event });
    if (event.kind === 'ended') {
      place.inside = false;
      place.stream = null;
      // `stopping` is followed by the connection's own end, and a way back through it.
      if (event.reason === 'fault') this.#rejoinLater(place, now_ms, 0);
    } else if (event.kind === 'removed') {
      place.inside = false;
      this.#places.delete(space);
    }
  }

  #rejoinLater(place: Place, now_ms: number, least_ms: number): void {
    place.rejoinAt_ms = now_ms + Math.max(least_ms, waitBefore_ms(place.failures++, this.random()));
  }

  #submit(frame: Unanswered['frame'], now_ms: number): number {
    if (this.#unanswered.size >= UNANSWERED_MAX) {
      this.#effects.push({ do: 'answered', id: frame.id, answer: { is: 'overfull' } });
      return frame.id;
    }
    const one: Unanswered = { frame, since_ms: now_ms, sent: false };
    this.#unanswered.set(frame.id, one);
    const ready = frame.type === 'person' ? this.#phase === 'open' : this.#places.get(frame.space)?.inside === true;
    if (ready) this.#sendUnanswered(one);
    return frame.id;
  }

  #sendUnanswered(one: Unanswered): void {
    if (one.sent) return;
    one.sent = true;
    this.#send(one.frame);
  }

  #answer(id: number, answer: Answer): void {
    if (this.#unanswered.delete(id)) this.#effects.push({ do: 'answered', id, answer });
  }

  #sendJoin(space: SpaceId): void {
    const place = this.#places.get(space);
    if (!place || this.#phase !== 'open') return;
    place.rejoinAt_ms = null;
    place.joinId = this.#nextId++;
    this.#send({ type: 'command', id: place.joinId, space, command: { kind: 'join', resume: place.stream, ...(place.asGuest && { as_guest: true }) } });
  }

  #ping(now_ms: number): void {
    this.#pings += 1;
    this.#pingSent_ms ??= now_ms;
    this.#nextPing_ms = now_ms + (this.#pings < FIRST_PINGS ? FIRST_PING_EVERY_MS : PING_EVERY_MS);
    this.#send({ type: 'ping', t0_ms: now_ms });
  }

  #connect(now_ms: number): void {
    this.#setPhase('connecting', now_ms);
    this.#effects.push({ do: 'open_socket' });
  }

  #down(now_ms: number): void {
    if (this.#phase === 'open') this.#downSince_ms = now_ms;
    this.#pingSent_ms = null;
    for (const place of this.#places.values()) {
      place.inside = false;
      place.joinId = null;
      place.rejoinAt_ms = null;
      // Half a new beginning can't be resumed: its snapshot never came.
      if (place.awaitsSnapshot) place.stream = null;
    }
    for (const [id, one] of [...this.#unanswered]) {
      if (!one.sent) continue;
      if (repeatable(one.frame)) one.sent = false;
      else this.#answer(id, { is: 'lost' });
    }
    if (this.#goodbye === 'signed_out' || this.#goodbye === 'unsupported_version') {
      for (const id of [...this.#unanswered.keys()]) this.#answer(id, { is: 'lost' });
      this.#setPhase('refused', now_ms);
      return;
    }
    const least_ms = this.#goodbye === 'misbehaviour' ? PENANCE_MS : 0;
    this.#retryAt_ms = now_ms + Math.max(least_ms, waitBefore_ms(this.#failures, this.random()));
    this.#failures += 1;
    this.#setPhase('waiting', now_ms);
  }

  #setPhase(phase: Phase, now_ms: number): void {
    this.#phase = phase;
    this.#phaseSince_ms = now_ms;
    this.#effects.push({ do: 'status', status: this.status });
  }

  #send(frame: ClientFrame): void {
    this.#effects.push({ do: 'send', frame });
  }
}

function newPlace(asGuest: boolean): Place {
  return {
    asGuest, stream: null, awaitsSnapshot: false, joinId: null, inside: false, connectionIsNew: true, failures: 0, rejoinAt_ms: null,
  };
}

function givenUpAt_ms(one: Unanswered): number {
  const isMessage = one.frame.type === 'command' && one.frame.command.kind === 'send';
  return one.since_ms + (isMessage ? SEND_PATIENCE_MS : PATIENCE_MS);
}
