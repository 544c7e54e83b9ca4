import { expect, test } from 'vitest';
import type { Message, Profile } from '../../protocol/generated/types';
import { candidates, CANDIDATES_MAX, mentioned, MENTIONS_MAX } from './mentions';
import { HELD_MAX, LET_GO, Timeline } from './timeline';

const ANA: Profile = { id: 'user_ana', name: 'ana', display_name: 'Ana' };
const message = (position: number, more: Partial<Message> = {}): Message =>
  ({ position, author: ANA, at_ms: position, text: `said ${position}`, ...more });
const positions = (timeline: Timeline) => timeline.stored.map((one) => one.position);
const unstored = (nonce: string) => ({ nonce, text: 'mine', replyTo: null, mentions: [], at_ms: 1, refusal: null });

test('pages, replays and live messages make one conversation in order, each message once', () => {
  const timeline = new Timeline();
  timeline.merge([message(40), message(44)]);
  timeline.merge([message(47)], true);
  timeline.merge([message(12), message(20), message(40)]);
  timeline.merge([message(44), message(45)], true);
  expect(positions(timeline)).toEqual([12, 20, 40, 44, 45, 47]);
});

test('a message of mine keeps its id, whether its echo or its acknowledgement comes first', () => {
  for (const echoFirst of [true, false]) {
    const timeline = new Timeline();
    timeline.say(unstored('a'));
    expect(timeline.unstored).toHaveLength(1);
    const echo = () => timeline.merge([message(9, { nonce: 'a' })], true);
    const acknowledge = () => timeline.acknowledge('a', message(9, { nonce: 'a' }));
    if (echoFirst) { echo(); acknowledge(); } else { acknowledge(); echo(); }
    expect(timeline.unstored).toEqual([]);
    expect(positions(timeline)).toEqual([9]);
    expect(timeline.idOf(9)).toBe('na');
    expect(timeline.positionOf('na')).toBe(9);
  }
});

test("another's nonce is not mine", () => {
  const timeline = new Timeline();
  timeline.say(unstored('a'));
  timeline.merge([message(9, { nonce: 'b' })], true);
  expect(timeline.unstored).toHaveLength(1);
  expect(timeline.idOf(9)).toBe('p9');
});

test('a failed one can be tried again or given up', () => {
  const timeline = new Timeline();
  timeline.say(unstored('a'));
  timeline.fail('a', { reason: 'too_fast' });
  expect(timeline.unstored[0]?.refusal).toEqual({ reason: 'too_fast' });
  expect(timeline.discard('na')?.nonce).toBe('a');
  expect(timeline.discard('na')).toBeNull();
});

test('what was deleted stays deleted, also where a page was read before', () => {
  const timeline = new Timeline();
  timeline.merge([message(1), message(2, { reply_to: { position: 1, author: ANA, text: 'said 1' } })]);
  timeline.markDeleted(1);
  timeline.merge([message(1)]);
  expect(timeline.at(1)).toMatchObject({ text: '', deleted: true });
  expect(timeline.at(2)?.reply_to?.text).toBe('');
});

test('as many are held as the limit says; one more lets the oldest go', () => {
  const timeline = new Timeline();
  for (let i = 1; i <= HELD_MAX; i += 1) expect(timeline.merge([message(i)], true)).toBe(false);
  expect(timeline.merge([message(HELD_MAX + 1)], true)).toBe(true);
  expect(timeline.first).toBe(LET_GO + 1);
});

test('ids that are none name nothing', () => {
  const timeline = new Timeline();
  for (const id of ['', 'p', 'px', 'nx', '9']) expect(timeline.positionOf(id) ?? 0, id).toBe(0);
});

const people = [
  { id: 'user_ana', name: 'ana', displayName: 'Ana', guest: false },
  { id: 'user_ann', name: 'anna.b', displayName: 'Anna B', guest: false },
  { id: 'user_li', name: '小明', displayName: '小明', guest: true },
];

test('mentions are found in prose, in Chinese, and not in addresses', () => {
  expect(mentioned('hello @ana, and @Anna.b!', people)).toEqual(['user_ana', 'user_ann']);
  expect(mentioned('@ana.', people)).toEqual(['user_ana']);
  expect(mentioned('@小明你好', people)).toEqual(['user_li']);
  expect(mentioned('post@ana @anabel @nobody', people)).toEqual([]);
  expect(mentioned('@ana @ana', people)).toEqual(['user_ana']);
});

test('as many are mentioned as the server takes', () => {
  const many = Array.from({ length: MENTIONS_MAX + 1 }, (_, i) => ({ id: `user_${i}`, name: `n${i}x`, displayName: '', guest: false }));
  expect(mentioned(many.map((one) => `@${one.name}`).join(' '), many)).toHaveLength(MENTIONS_MAX);
});

test('candidates begin with what was typed, by either name, and are few', () => {
  expect(candidates('AN', people).map((one) => one.id)).toEqual(['user_ana', 'user_ann']);
  expect(candidates('小', people).map((one) => one.id)).toEqual(['user_li']);
  const crowd = Array.from({ length: 50 }, (_, i) => ({ id: `user_${i}`, name: `n${i}`, displayName: '', guest: false }));
  expect(candidates('n', crowd)).toHaveLength(CANDIDATES_MAX);
});
