import { expect, test } from 'vitest';
import { person } from './person';
import { ofAnswer, ofReply, refusal } from './refusal';

test('what is known about waiting and limits is kept', () => {
  expect(refusal({ kind: 'limit', limit: 'message_rate', max: 5, retry_after_ms: 900 }))
    .toEqual({ reason: 'too_fast', limit: { name: 'message_rate', value: 5 }, retryAfter_ms: 900 });
  expect(refusal({ kind: 'limit', limit: 'tags', max: 8, retry_after_ms: null })).toEqual({ reason: 'too_many', limit: { name: 'tags', value: 8 } });
  expect(refusal({ kind: 'muted', until_ms: 5_000 }, 2_000)).toEqual({ reason: 'muted', retryAfter_ms: 3_000 });
  expect(refusal({ kind: 'muted', until_ms: null })).toEqual({ reason: 'muted' });
  expect(refusal({ kind: 'slow_mode', retry_after_ms: 10 })).toEqual({ reason: 'slow_mode', retryAfter_ms: 10 });
});

test('fields are told apart by what a form can say about them', () => {
  expect(refusal({ kind: 'invalid', field: 'password', reason: 'shorter than 8 characters' }).reason).toBe('password_too_short');
  expect(refusal({ kind: 'invalid', field: 'password', reason: 'at most 512 bytes' }).reason).toBe('password_too_long');
  expect(refusal({ kind: 'invalid', field: 'display_name', reason: '' }).reason).toBe('name_invalid');
});

test('a server newer than this client is answered in words all the same', () => {
  expect(refusal({ kind: 'of_the_future' } as never)).toEqual({ reason: 'unknown' });
});

test('no answer is a lost connection', () => {
  expect(ofAnswer({ is: 'lost' })).toEqual({ ok: false, refusal: { reason: 'disconnected' } });
  expect(ofReply({ is: 'unreachable' })).toEqual({ ok: false, refusal: { reason: 'disconnected' } });
  expect(ofAnswer({ is: 'ok', outcome: { kind: 'done' } })).toEqual({ ok: true });
});

test('a guest is mentioned by the display name in one word', () => {
  expect(person({ id: 'user_1', name: null, display_name: 'A passer by' })).toMatchObject({ name: 'A_passer_by', guest: true });
  expect(person({ id: 'user_1', name: 'ana', display_name: 'Ana' })).toMatchObject({ name: 'ana', guest: false });
});
