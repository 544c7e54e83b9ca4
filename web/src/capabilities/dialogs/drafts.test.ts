import { describe, expect, test, vi } from 'vitest';
import { DRAFT_MAX_CHARS, Drafts, DRAFTS_MAX, QUOTED_MAX_CHARS } from './drafts.svelte';
import { Kept } from './kept_test';

function drafts(store: Kept, user: string | null = 'user_ana'): Drafts {
  const made = new Drafts(store);
  made.setMe(user);
  return made;
}

describe('drafts', () => {
  test('outlive the page, each person’s their own', () => {
    const store = new Kept();
    const ana = drafts(store);
    ana.set('dialog_1', 'half a thought');
    ana.set('dialog_2', 'gone');
    ana.set('dialog_2', '   ');
    expect([drafts(store).of('dialog_1'), drafts(store).of('dialog_2')]).toEqual(['half a thought', '']);
    expect(drafts(store, 'user_bo').of('dialog_1')).toBe('');
    expect(drafts(store, null).of('dialog_1')).toBe('');
  });

  test('are so many at most, the oldest go, and none is longer than it may be', () => {
    vi.useFakeTimers();
    const store = new Kept();
    const ana = drafts(store);
    for (let at = 0; at <= DRAFTS_MAX; at += 1) {
      vi.setSystemTime(1_000 + at);
      ana.set(`dialog_${at}`, `text ${at}`);
    }
    expect([store.length, ana.of('dialog_0'), ana.of('dialog_1')]).toEqual([DRAFTS_MAX, '', 'text 1']);
    ana.set('dialog_1', 'x'.repeat(DRAFT_MAX_CHARS + 1));
    expect(drafts(store).of('dialog_1')).toHaveLength(DRAFT_MAX_CHARS);
    vi.useRealTimers();
  });

  test('what is not a draft is none, and a full store harms nothing', () => {
    const store = new Kept();
    for (const [at, odd] of ['{', 'null', '[]', '{"text":7,"at_ms":1}', '{"text":"x"}', '{"text":"","at_ms":1}'].entries()) store.setItem(`hearth.draft.user_ana.dialog_${at}`, odd);
    const ana = drafts(store);
    expect([0, 1, 2, 3, 4, 5].map((at) => ana.of(`dialog_${at}`))).toEqual(['', '', '', '', '', '']);
    store.full = true;
    ana.set('dialog_9', 'kept for now');
    expect(ana.of('dialog_9')).toBe('kept for now');
  });

  test('keep what they reply to, by its place, and no more of it than is shown', () => {
    const store = new Kept();
    const ana = drafts(store);
    const to = { id: 'nabc', position: 12, mine: false, author: { displayName: 'Lin' }, text: 'y'.repeat(QUOTED_MAX_CHARS + 1), carries: { kind: 'image' as const } };
    ana.setReply('dialog_1', to);
    expect(store.length, 'nothing is written yet').toBe(0);
    ana.set('dialog_1', 'an answer');
    const replied = { id: 'p12', position: 12, mine: false, author: { displayName: 'Lin' }, text: 'y'.repeat(QUOTED_MAX_CHARS), carries: { kind: 'image' } };
    expect(drafts(store).replyOf('dialog_1')).toEqual(replied);
    expect(drafts(store, 'user_bo').replyOf('dialog_1')).toBeNull();
    ana.setReply('dialog_1', null);
    expect([drafts(store).replyOf('dialog_1'), drafts(store).of('dialog_1')]).toEqual([null, 'an answer']);
    // What is not stored yet has no place.
    ana.setReply('dialog_1', { ...to, position: null });
    expect(ana.replyOf('dialog_1')).toBeNull();
    for (const reply of [7, {}, { position: 0, by: 'Lin', text: '' }, { position: 1.5, by: 'Lin', text: '' }, { position: 3, by: 7, text: '' }]) {
      store.setItem('hearth.draft.user_ana.dialog_2', JSON.stringify({ text: 'x', at_ms: 1, reply }));
      expect([drafts(store).of('dialog_2'), drafts(store).replyOf('dialog_2')]).toEqual(['x', null]);
    }
  });

  test('are forgotten as one signs out, and nobody else’s are', () => {
    const store = new Kept();
    const ana = drafts(store);
    ana.set('dialog_1', 'mine');
    drafts(store, 'user_bo').set('dialog_1', 'bo’s');
    ana.forget();
    expect([ana.of('dialog_1'), drafts(store).of('dialog_1'), drafts(store, 'user_bo').of('dialog_1')]).toEqual(['', '', 'bo’s']);
  });
});
