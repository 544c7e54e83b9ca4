import { describe, expect, test } from 'vitest';
import { MESSAGE_MAX_CHARS } from '../../protocol/generated/limits';
import type { Unstored } from '../conversation/timeline';
import { Kept } from './kept_test';
import { KeptUnsent, UNSENT_MAX } from './unsent';

const message = (nonce: string, more: Partial<Unstored> = {}): Unstored => ({ nonce, text: `said ${nonce}`, replyTo: null, mentions: [], at_ms: 1, refusal: null, ...more });
function unsent(store: Kept, user: string | null = 'user_ana') {
  const kept = new KeptUnsent(store);
  return { kept, before: kept.setMe(user) };
}

describe('what was not stored', () => {
  test('outlives the page with its name, as not sent, each person’s their own', () => {
    const store = new Kept();
    const { kept } = unsent(store);
    kept.keep('dialog_1', message('b', { at_ms: 2, replyTo: 7, moment: { video: 'video_1', at_ms: 1_500 } }));
    kept.keep('dialog_1', message('a'));
    kept.keep('dialog_2', message('c'));
    kept.drop('c');
    const refusal = { reason: 'disconnected' };
    expect([...unsent(store).before]).toEqual([['dialog_1', [message('a', { refusal } as Partial<Unstored>), message('b', { at_ms: 2, replyTo: 7, moment: { video: 'video_1', at_ms: 1_500 }, refusal } as Partial<Unstored>)]]]);
    expect(unsent(store, 'user_bo').before.size).toBe(0);
    const nobody = unsent(store, null);
    nobody.kept.keep('dialog_1', message('d'));
    expect([nobody.before.size, store.length]).toEqual([0, 2]);
  });

  test('is so much at most, the oldest goes, and none is longer than it may be', () => {
    const store = new Kept();
    const { kept } = unsent(store);
    for (let at = 0; at <= UNSENT_MAX; at += 1) kept.keep('dialog_1', message(`n${at}`, { at_ms: at }));
    const before = unsent(store).before.get('dialog_1');
    expect([before?.length, before?.[0]?.nonce]).toEqual([UNSENT_MAX, 'n1']);
    kept.keep('dialog_2', message('long', { text: 'x'.repeat(MESSAGE_MAX_CHARS + 1) }));
    expect(unsent(store).before.has('dialog_2')).toBe(false);
    kept.keep('dialog_2', message('longest', { text: 'x'.repeat(MESSAGE_MAX_CHARS), at_ms: 99 }));
    expect(unsent(store).before.has('dialog_2')).toBe(true);
  });

  test('is forgotten as one signs out; what is none is none, and a full store harms nothing', () => {
    const store = new Kept();
    const { kept } = unsent(store);
    kept.keep('dialog_1', message('a'));
    unsent(store, 'user_bo').kept.keep('dialog_1', message('b'));
    kept.forget();
    expect([unsent(store).before.size, unsent(store, 'user_bo').before.size]).toEqual([0, 1]);
    for (const [at, odd] of ['{', 'null', '7', '{"dialog":"d"}', '{"dialog":"d","text":"","at_ms":1}', '{"dialog":"d","text":"x"}', '{"dialog":7,"text":"x","at_ms":1}'].entries()) store.setItem(`hearth.unsent.user_ana.n${at}`, odd);
    expect(unsent(store).before.size).toBe(0);
    store.full = true;
    expect(() => kept.keep('dialog_1', message('c'))).not.toThrow();
  });
});
