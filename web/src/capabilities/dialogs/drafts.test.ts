import { describe, expect, test, vi } from 'vitest';
import { DRAFT_MAX_CHARS, Drafts, DRAFTS_MAX } from './drafts.svelte';

class Kept implements Storage {
  #held = new Map<string, string>();
  full = false;
  [name: string]: unknown;
  get length(): number { return this.#held.size; }
  clear(): void { this.#held.clear(); }
  getItem(key: string): string | null { return this.#held.get(key) ?? null; }
  key(at: number): string | null { return [...this.#held.keys()][at] ?? null; }
  removeItem(key: string): void { this.#held.delete(key); }
  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException('full', 'QuotaExceededError');
    this.#held.set(key, value);
  }
}

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
});
