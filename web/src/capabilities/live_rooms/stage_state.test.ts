import { expect, test } from 'vitest';
import { overPicture, stageState } from './stage_state';

type Seen = Parameters<typeof stageState>[0];
const seen = (more: Partial<Seen> = {}): Seen => ({
  entry: 'inside', mine: false, broadcast: { state: 'live', startedAt_ms: 1, viewers: 2 }, stage: { playback: 'playing' },
  chat: { writing: { may: 'write' } }, studio: null, ...more,
});
const nobody = { entry: 'entering', chat: { writing: { may: 'sign_in' } } } as const;

test('who has not come in stands at the door of what is live, and reads of what is not', () => {
  expect(stageState(seen(nobody))).toBe('door');
  expect(stageState(seen({ ...nobody, broadcast: { state: 'offline', startedAt_ms: null, viewers: 0 } }))).toBe('offline');
  expect(stageState(seen({ entry: 'entering' }))).toBe('connecting');
});

test("the host's own broadcast goes before what comes back of it", () => {
  expect(stageState(seen({ mine: true, studio: { phase: 'live' }, stage: { playback: 'idle' } }))).toBe('playing');
  expect(stageState(seen({ mine: true, studio: { phase: 'reconnecting' } }))).toBe('own_reconnecting');
  expect(stageState(seen({ mine: true, studio: { phase: 'closed' }, broadcast: { state: 'ended', startedAt_ms: null, viewers: 0 } }))).toBe('mine_ended');
});

test('a picture stays under what is said about it, and none is promised where none is', () => {
  const lost = stageState(seen({ broadcast: { state: 'publisher_lost', startedAt_ms: 1, viewers: 2 }, stage: { playback: 'stalled' } }));
  expect(lost).toBe('publisher_lost');
  expect(overPicture(lost)).toBe(true);
  expect(overPicture(stageState(seen({ stage: { playback: 'failed' } })))).toBe(false);
});
