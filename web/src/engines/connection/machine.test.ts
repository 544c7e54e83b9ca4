import { describe, expect, test } from 'vitest';
import type { ClientFrame, Event, ServerFrame } from '../../protocol/generated/types';
import {
  ConnectionMachine, GREETING_WITHIN_MS, PATIENCE_MS, PENANCE_MS, PING_EVERY_MS, SEND_PATIENCE_MS, SILENT_AFTER_MS, UNANSWERED_MAX, type Effect,
} from './machine';

const FIXTURES: Record<string, unknown> = import.meta.glob('../../../../fixtures/wire/**/*.json', { eager: true, import: 'default' });
function fixture<T>(path: string): T {
  const found = FIXTURES[`../../../../fixtures/wire/${path}`];
  if (found === undefined) throw new Error(`no fixture ${path}`);
  return structuredClone(found) as T;
}
const server = (name: string) => fixture<ServerFrame>(`server/${name}.json`);
const ROOM = 'room_ana';

/** A machine with a log of what it wants done, and a clock that the test moves. */
class Bench {
  machine = new ConnectionMachine('test', () => 0);
  now_ms = 1_000;
  log: Effect[] = [];

  collect(): Effect[] {
    const fresh = this.machine.take();
    this.log.push(...fresh);
    return fresh;
  }
  hear(frame: ServerFrame): Effect[] { this.machine.received(frame, this.now_ms); return this.collect(); }
  /** Moves the clock to the next deadline and ticks, until `until` is reached. */
  pass(span_ms: number): Effect[] {
    const until_ms = this.now_ms + span_ms;
    const fresh: Effect[] = [];
    for (;;) {
      const next_ms = this.machine.deadline_ms;
      if (next_ms === null || next_ms > until_ms) break;
      this.now_ms = Math.max(this.now_ms, next_ms);
      this.machine.tick(this.now_ms);
      fresh.push(...this.collect());
    }
    this.now_ms = until_ms;
    return fresh;
  }
  open(hello: ServerFrame = server('hello')): Effect[] {
    this.machine.start(this.now_ms);
    return this.greet(hello);
  }
  greet(hello: ServerFrame = server('hello')): Effect[] {
    this.machine.opened(this.now_ms);
    this.machine.received(hello, this.now_ms);
    return this.collect();
  }
  drop(): Effect[] { this.machine.closed(this.now_ms); return this.collect(); }
  command(command: Extract<ClientFrame, { type: 'command' }>['command']): number {
    const id = this.machine.command(ROOM, command, this.now_ms);
    this.collect();
    return id;
  }
}

const sent = (effects: Effect[]) => effects.flatMap((one) => (one.do === 'send' && one.frame.type !== 'ping' ? [one.frame] : []));
const events = (effects: Effect[]) => effects.flatMap((one) => (one.do === 'event' ? [one.event] : []));
const answers = (effects: Effect[]) => effects.flatMap((one) => (one.do === 'answered' ? [[one.id, one.answer.is]] : []));
const joinId = (effects: Effect[]) => {
  const join = sent(effects).find((frame) => frame.type === 'command' && frame.command.kind === 'join');
  if (join?.type !== 'command') throw new Error('no join was sent');
  return { id: join.id, resume: join.command.kind === 'join' ? join.command.resume : null };
};
const joined = (id: number, after: number, resumed: boolean, epoch = 'e1'): ServerFrame =>
  ({ type: 'reply', id, ok: { kind: 'joined', stream: { epoch, after }, resumed } });
const audience = (seq: number, count: number): ServerFrame => ({ type: 'event', space: ROOM, seq, event: { kind: 'audience', count } });
const snapshot = (seq: number): ServerFrame => {
  const frame = server('snapshot');
  return frame.type === 'event' ? { ...frame, seq } : frame;
};

function inside(): Bench {
  const bench = new Bench();
  bench.machine.join(ROOM);
  const { id } = joinId(bench.open());
  bench.hear(joined(id, 10, false));
  bench.hear(snapshot(10));
  return bench;
}

describe('coming in', () => {
  test('greets, then joins what is wanted, then lets the snapshot through', () => {
    const bench = new Bench();
    bench.machine.join(ROOM);
    bench.machine.start(bench.now_ms);
    expect(bench.collect().map((one) => one.do)).toEqual(['status', 'open_socket']);
    const opened = bench.greet();
    expect(sent(opened)[0]).toEqual(fixture('client/hello.json'));
    expect(sent(opened)[1]).toEqual({ type: 'command', id: 1, space: ROOM, command: { kind: 'join', resume: null } });
    expect(bench.machine.status).toEqual({ is: 'open' });
    bench.hear(joined(1, 10, false));
    expect(events(bench.hear(snapshot(10))).map((event) => event.kind)).toEqual(['snapshot']);
    expect(events(bench.hear(audience(11, 4)))).toEqual([{ kind: 'audience', count: 4 }]);
  });

  test('who comes along with a visit says so, and is as anybody when they open that room themselves', () => {
    const bench = new Bench();
    bench.machine.join(ROOM, true);
    const along = (effects: Effect[]) => sent(effects).find((frame) => frame.type === 'command');
    expect(along(bench.open())).toMatchObject({ command: { kind: 'join', resume: null, as_guest: true } });
    bench.machine.leave(ROOM);
    bench.collect();
    bench.machine.join(ROOM);
    expect(along(bench.collect())).toEqual({ type: 'command', id: expect.any(Number), space: ROOM, command: { kind: 'join', resume: null } });
  });

  test('events before the snapshot are of no use and are not given on', () => {
    const bench = new Bench();
    bench.machine.join(ROOM);
    const { id } = joinId(bench.open());
    bench.hear(joined(id, 10, false));
    expect(events(bench.hear(audience(11, 4)))).toEqual([]);
  });

  test('a server too busy to let in is asked again later, a ban is final', () => {
    const bench = new Bench();
    bench.machine.join(ROOM);
    const { id } = joinId(bench.open());
    const busy = bench.hear({ type: 'reply', id, rejection: { kind: 'busy' } });
    expect(busy.some((one) => one.do === 'declined')).toBe(true);
    const again = joinId(bench.pass(2_000));
    const banned = bench.hear({ type: 'reply', id: again.id, rejection: { kind: 'banned' } });
    expect(banned).toContainEqual({ do: 'declined', space: ROOM, rejection: { kind: 'banned' } });
    bench.hear({ type: 'pong', t0_ms: 0, t1_ms: 0, t2_ms: 0 });
    expect(sent(bench.pass(2_000))).toEqual([]);
  });
});

describe('a dropped connection', () => {
  test('resumes behind the last event, and what is replayed twice comes once', () => {
    const bench = inside();
    bench.hear(audience(12, 5));
    bench.drop();
    expect(bench.machine.status.is).toBe('reconnecting');
    expect(bench.pass(0).map((one) => one.do)).toContain('open_socket');
    const { id, resume } = joinId(bench.greet());
    expect(resume).toEqual({ epoch: 'e1', after: 12 });
    const back = bench.hear(joined(id, 14, true));
    expect(back).toContainEqual({ do: 'joined', space: ROOM, resumed: true, connectionIsNew: true });
    const replay = [12, 13, 13, 14, 15].flatMap((seq) => events(bench.hear(audience(seq, seq))));
    expect(replay.map((event) => (event as Extract<Event, { kind: 'audience' }>).count)).toEqual([13, 14, 15]);
  });

  test('begins anew where the server cannot resume, with the new epoch from then on', () => {
    const bench = inside();
    bench.drop();
    bench.pass(0);
    const first = joinId(bench.greet());
    bench.hear(joined(first.id, 3, false, 'e2'));
    expect(events(bench.hear(snapshot(3)))).toHaveLength(1);
    expect(events(bench.hear(audience(4, 1)))).toHaveLength(1);
    bench.drop();
    bench.pass(0);
    expect(joinId(bench.greet()).resume).toEqual({ epoch: 'e2', after: 4 });
  });

  test('a snapshot that never came leaves nothing to resume', () => {
    const bench = inside();
    bench.drop();
    bench.pass(0);
    bench.hear(joined(joinId(bench.greet()).id, 3, false, 'e2'));
    bench.drop();
    bench.pass(0);
    expect(joinId(bench.greet()).resume).toBeNull();
  });

  test('a message is sent again with the same nonce, a negotiation is given back as lost', () => {
    const bench = inside();
    const said = bench.command({ kind: 'send', text: 'hello', nonce: 'n1' });
    const watched = bench.command({ kind: 'watch' });
    const dropped = bench.drop();
    expect(answers(dropped)).toEqual([[watched, 'lost']]);
    bench.pass(0);
    const { id } = joinId(bench.greet());
    const again = sent(bench.hear(joined(id, 10, true)));
    expect(again).toEqual([{ type: 'command', id: said, space: ROOM, command: { kind: 'send', text: 'hello', nonce: 'n1' } }]);
    const reply: ServerFrame = { type: 'reply', id: said, ok: { kind: 'sent', position: 9, at_ms: 5 } };
    expect(answers(bench.hear(reply))).toEqual([[said, 'ok']]);
    expect(answers(bench.hear(reply)), 'a repeated answer').toEqual([]);
  });

  test('what was said while away is said in order once inside', () => {
    const bench = inside();
    bench.drop();
    bench.command({ kind: 'send', text: 'one', nonce: 'n1' });
    bench.command({ kind: 'send', text: 'two', nonce: 'n2' });
    bench.pass(0);
    const { id } = joinId(bench.greet());
    const texts = sent(bench.hear(joined(id, 10, true))).map((one) => (one.type === 'command' && one.command.kind === 'send' ? one.command.text : ''));
    expect(texts).toEqual(['one', 'two']);
  });

  test('tries grow apart, and a woken page tries at once', () => {
    const bench = inside();
    bench.drop();
    const opens: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      while (!bench.collect().concat(bench.pass(50)).some((one) => one.do === 'open_socket')) { /* until it tries */ }
      opens.push(bench.now_ms);
      bench.drop();
    }
    const gaps = opens.slice(1).map((at, i) => at - (opens[i] ?? 0));
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    expect(gaps.at(-1)).toBeGreaterThan(2_000);
    bench.machine.wake(bench.now_ms);
    expect(bench.collect().map((one) => one.do)).toContain('open_socket');
  });

  test('silence after a ping is a dropped connection, whatever the socket says', () => {
    const bench = inside();
    bench.hear({ type: 'pong', t0_ms: bench.now_ms, t1_ms: 5, t2_ms: 5 });
    const quiet = bench.pass(PING_EVERY_MS + SILENT_AFTER_MS + 500);
    expect(quiet.map((one) => one.do)).toContain('close_socket');
    expect(quiet.filter((one) => one.do === 'open_socket')).not.toHaveLength(0);
  });

  test('a server that never greets is left', () => {
    const bench = new Bench();
    bench.machine.start(bench.now_ms);
    bench.machine.opened(bench.now_ms);
    bench.collect();
    expect(bench.pass(GREETING_WITHIN_MS).map((one) => one.do)).toContain('close_socket');
  });
});

describe('the end of it', () => {
  test('signed out is final; start begins again', () => {
    const bench = inside();
    bench.hear(server('goodbye'));
    bench.drop();
    expect(bench.machine.status).toEqual({ is: 'refused', why: 'signed_out' });
    expect(bench.machine.deadline_ms).toBeNull();
    bench.machine.start(bench.now_ms);
    expect(bench.collect().map((one) => one.do)).toContain('open_socket');
  });

  test('misbehaviour is paid for by waiting', () => {
    const bench = inside();
    bench.hear({ type: 'goodbye', reason: 'misbehaviour' });
    bench.drop();
    expect(bench.pass(PENANCE_MS - 1)).toEqual([]);
    expect(bench.pass(1).map((one) => one.do)).toContain('open_socket');
  });

  test('a fault of the space leads back in with nothing to resume; being put out does not', () => {
    const bench = inside();
    bench.hear({ type: 'event', space: ROOM, seq: 11, event: { kind: 'ended', reason: 'fault' } });
    expect(joinId(bench.pass(1_000)).resume).toBeNull();
    const other = inside();
    other.hear({ type: 'event', space: ROOM, seq: 11, event: { kind: 'removed', reason: 'banned' } });
    expect(sent(other.pass(2_000))).toEqual([]);
  });

  test('a command nobody answers is given up in time, a message later', () => {
    const bench = new Bench();
    bench.machine.join(ROOM);
    const mute = bench.command({ kind: 'mute', user: 'user_b', duration_s: null });
    const said = bench.command({ kind: 'send', text: 'x', nonce: 'n' });
    expect(answers(bench.pass(PATIENCE_MS))).toEqual([[mute, 'lost']]);
    expect(answers(bench.pass(SEND_PATIENCE_MS))).toEqual([[said, 'lost']]);
  });

  test('as many may wait as the limit says, and one more may not', () => {
    const bench = new Bench();
    bench.machine.join(ROOM);
    for (let i = 0; i < UNANSWERED_MAX; i += 1) bench.machine.command(ROOM, { kind: 'list_sanctions' }, bench.now_ms);
    expect(answers(bench.collect())).toEqual([]);
    const id = bench.machine.command(ROOM, { kind: 'list_sanctions' }, bench.now_ms);
    expect(answers(bench.collect())).toEqual([[id, 'overfull']]);
  });
});

test('the personal stream is resumed, and its repeats are dropped', () => {
  const bench = new Bench();
  bench.open();
  const folded = (seq: number): ServerFrame => ({ type: 'person', user: 'user_ana', seq, event: { kind: 'folded', limit: 'blocks' } });
  const counts = [8, 8, 9].map((seq) => bench.hear(folded(seq)).filter((one) => one.do === 'person').length);
  expect(counts).toEqual([1, 0, 1]);
  bench.drop();
  bench.pass(0);
  bench.machine.opened(bench.now_ms);
  const hello = sent(bench.collect())[0];
  expect(hello?.type === 'hello' ? hello.resume : null).toEqual({ epoch: 'p1', after: 9 });
});

test('every server fixture can be heard without harm', () => {
  const names = Object.keys(FIXTURES).filter((path) => path.includes('/server/'));
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const bench = inside();
    expect(() => bench.hear(structuredClone(FIXTURES[name]) as ServerFrame), name).not.toThrow();
  }
});
