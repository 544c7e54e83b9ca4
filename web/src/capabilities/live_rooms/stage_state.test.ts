import { describe, expect, it } from 'vitest';
import type { BroadcastState, Playback, StudioModel } from './model';
import { overPicture, stageState } from './stage_state';

function seen(broadcast: BroadcastState, playback: Playback, phase: StudioModel['phase'] | null = null, entry: 'entering' | 'inside' = 'inside', may: 'write' | 'sign_in' = 'write', known = true, watching?: { outside: boolean; running: boolean }) {
  return stageState({
    host: known ? { id: 'user_m', name: 'm', displayName: 'M', guest: false } : null,
    entry, chat: { writing: { may } }, mine: phase !== null, stage: { playback, ...(watching && { watching }) }, studio: phase === null ? null : { phase },
    broadcast: { state: broadcast, startedAt_ms: null, here: 0 },
  });
}

describe('what is said on the stage', () => {
  it.each([
    ['entering', seen('live', 'playing', null, 'entering'), 'connecting'],
    ['live, to somebody who has not come in', seen('live', 'idle', null, 'entering', 'sign_in'), 'door'],
    ['offline, to somebody who has not come in', seen('offline', 'idle', null, 'entering', 'sign_in'), 'offline'],
    ['not read yet, to somebody who has not come in', seen('offline', 'idle', null, 'entering', 'sign_in', false), 'connecting'],
    ['live, to a stranger of an open room, on its way', seen('live', 'idle', null, 'entering', 'sign_in', true, { outside: true, running: true }), 'connecting'],
    ['live, to a stranger of an open room without HLS', seen('live', 'idle', null, 'entering', 'sign_in', true, { outside: true, running: false }), 'door'],
    ['live, to a stranger of an open room', seen('live', 'playing', null, 'entering', 'sign_in', true, { outside: true, running: true }), 'playing'],
    ['live, to a stranger who has not touched the page', seen('live', 'sound_blocked', null, 'entering', 'sign_in', true, { outside: true, running: true }), 'sound_blocked'],
    ['live, to a stranger who has just said who they are', seen('live', 'playing', null, 'entering', 'write', true, { outside: true, running: true }), 'playing'],
    ['live, to a reader who is inside', seen('live', 'playing', null, 'inside', 'sign_in'), 'playing'],
    ['offline', seen('offline', 'idle'), 'offline'],
    ['offline, whatever the player thinks', seen('offline', 'failed'), 'offline'],
    ['ended', seen('ended', 'playing'), 'ended'],
    ['the publisher gone for the moment, over the frozen picture', seen('publisher_lost', 'stalled'), 'publisher_lost'],
    ['live, not yet asked for', seen('live', 'idle'), 'connecting'],
    ['live, on its way', seen('live', 'connecting'), 'connecting'],
    ['live', seen('live', 'playing'), 'playing'],
    ['late', seen('live', 'stalled'), 'stalled'],
    ['without sound yet', seen('live', 'sound_blocked'), 'sound_blocked'],
    ['not to be had', seen('live', 'failed'), 'failed'],
    ['my room', seen('offline', 'idle', 'closed'), 'mine'],
    ['my room, while I prepare', seen('offline', 'idle', 'green_room'), 'mine'],
    ['my room after', seen('ended', 'idle', 'closed'), 'mine_ended'],
    ['going live', seen('offline', 'idle', 'starting'), 'starting'],
    ['my own broadcast, before the room says so', seen('offline', 'idle', 'live'), 'playing'],
    ['my broadcast while my connection mends', seen('publisher_lost', 'idle', 'reconnecting'), 'own_reconnecting'],
    ['my broadcast from another device', seen('live', 'playing', 'closed'), 'playing'],
  ])('%s', (_name, state, expected) => {
    expect(state).toBe(expected);
  });

  it('keeps the picture under what passes, and nowhere else', () => {
    for (const state of ['playing', 'stalled', 'sound_blocked', 'publisher_lost', 'starting', 'own_reconnecting'] as const) expect(overPicture(state)).toBe(true);
    for (const state of ['connecting', 'door', 'failed', 'offline', 'ended', 'mine', 'mine_ended'] as const) expect(overPicture(state)).toBe(false);
  });
});
