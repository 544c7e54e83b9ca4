/** The live connection with its socket: drives the machine by a WebSocket, a timer and the browser's own signs of life. */
import type {
  ClientFrame, Command, Event, Me, PersonCommand, PersonEvent, Rejection, ServerFrame, SpaceId,
} from '../../protocol/generated/types';
import { ConnectionMachine, type Answer, type Status } from './machine';

const CLIENT = 'hearth-web 0.1';

export interface SpaceListener {
  /** Inside, anew or again. `resumed`: what was missed follows; otherwise a snapshot does. */
  joined(resumed: boolean, connectionIsNew: boolean): void;
  event(event: Event): void;
  /** Not let in. After `busy`, `fault`, `storage` and `limit` it is tried again by itself. */
  declined(rejection: Rejection): void;
}

export interface SpaceLine {
  readonly id: SpaceId;
  command(command: Command): Promise<Answer>;
  leave(): void;
}

export interface ConnectionListener {
  status(status: Status): void;
  me(me: Me): void;
  person(event: PersonEvent): void;
}

export class Connection {
  #machine = new ConnectionMachine(CLIENT, Math.random);
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #spaces = new Map<SpaceId, SpaceListener>();
  #answers = new Map<number, (answer: Answer) => void>();
  #wake = () => {
    if (document.visibilityState === 'visible') this.#do(() => this.#machine.wake(performance.now()));
  };

  constructor(private readonly address: string, private readonly listener: ConnectionListener) {}

  get status(): Status {
    return this.#machine.status;
  }

  /** Server time now (Unix milliseconds); this machine's own until the server's is known. */
  get serverTime_ms(): number {
    const offset_ms = this.#machine.clock.offset_ms;
    return offset_ms === null ? Date.now() : performance.now() + offset_ms;
  }

  start(): void {
    addEventListener('online', this.#wake);
    document.addEventListener('visibilitychange', this.#wake);
    this.#do(() => this.#machine.start(performance.now()));
  }

  stop(): void {
    removeEventListener('online', this.#wake);
    document.removeEventListener('visibilitychange', this.#wake);
    this.#do(() => this.#machine.stop());
  }

  reconnectNow(): void {
    this.#do(() => this.#machine.wake(performance.now()));
  }

  /**
   * Whoever listens last is the one: a space that somebody was in already is entered anew for them.
   * @param asGuest comes along with a visit, out of one's own room
   */
  join(space: SpaceId, listener: SpaceListener, asGuest = false): SpaceLine {
    if (this.#spaces.has(space)) this.#do(() => this.#machine.leave(space));
    this.#spaces.set(space, listener);
    this.#do(() => this.#machine.join(space, asGuest));
    return {
      id: space,
      command: (command) => this.command(space, command),
      leave: () => {
        if (this.#spaces.get(space) !== listener) return;
        this.#spaces.delete(space);
        this.#do(() => this.#machine.leave(space));
      },
    };
  }

  /** Says something in a space that is entered, or will be in a moment. */
  command(space: SpaceId, command: Command): Promise<Answer> {
    return this.#ask((now_ms) => this.#machine.command(space, command, now_ms));
  }

  /** Says something in a space, coming in for it where one isn't inside. */
  async commandOnce(space: SpaceId, command: Command): Promise<Answer> {
    if (this.#spaces.has(space)) return this.command(space, command);
    const line = this.join(space, { joined() {}, event() {}, declined: () => line.leave() });
    const answer = await line.command(command);
    line.leave();
    return answer;
  }

  person(command: PersonCommand): Promise<Answer> {
    return this.#ask((now_ms) => this.#machine.person(command, now_ms));
  }

  #ask(submit: (now_ms: number) => number): Promise<Answer> {
    return new Promise((resolve) => {
      this.#do(() => this.#answers.set(submit(performance.now()), resolve));
    });
  }

  #do(what: () => void): void {
    what();
    for (const effect of this.#machine.take()) {
      switch (effect.do) {
        case 'open_socket': this.#open(); break;
        case 'close_socket': this.#close(); break;
        case 'send': this.#send(effect.frame); break;
        case 'status': this.listener.status(effect.status); break;
        case 'me': this.listener.me(effect.me); break;
        case 'person': this.listener.person(effect.event); break;
        case 'joined': this.#spaces.get(effect.space)?.joined(effect.resumed, effect.connectionIsNew); break;
        case 'event': this.#spaces.get(effect.space)?.event(effect.event); break;
        case 'declined': this.#spaces.get(effect.space)?.declined(effect.rejection); break;
        case 'answered': {
          const resolve = this.#answers.get(effect.id);
          this.#answers.delete(effect.id);
          resolve?.(effect.answer);
        }
      }
    }
    clearTimeout(this.#timer);
    const deadline_ms = this.#machine.deadline_ms;
    if (deadline_ms !== null) {
      this.#timer = setTimeout(() => this.#do(() => this.#machine.tick(performance.now())), Math.max(0, deadline_ms - performance.now()));
    }
  }

  #open(): void {
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    // An older socket's last words are nobody's.
    const mine = (what: () => void) => () => { if (this.#socket === socket) this.#do(what); };
    socket.onopen = mine(() => this.#machine.opened(performance.now()));
    socket.onclose = mine(() => {
      this.#socket = null;
      this.#machine.closed(performance.now());
    });
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket || typeof data !== 'string') return;
      const now_ms = performance.now();
      const frame = JSON.parse(data) as ServerFrame;
      this.#do(() => this.#machine.received(frame, now_ms));
    };
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
