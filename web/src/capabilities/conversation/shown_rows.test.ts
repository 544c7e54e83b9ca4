import { describe, expect, it } from 'vitest';
import type { ChatMessage } from './model';
import { continues, RUN_MS, rowWindow, SLIDE_ROWS, slide, WINDOW_ROWS } from './shown_rows';

const author = { id: 'user_a', name: 'a', displayName: 'A', guest: false, role: 'member' } as const;
const message = (id: string, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id, author, text: id, at_ms: new Date(2026, 0, 5, 12).getTime(), state: 'stored', mine: false, replyTo: null, mentions: [], mentionsMe: false, refusal: null, ...more,
});
const many = (count: number, from = 0) => Array.from({ length: count }, (_, at) => message(`m${from + at}`));

describe('the window over a conversation', () => {
  it('shows the newest, and all where they fit', () => {
    expect(rowWindow(many(3), null)).toEqual({ start: 0, end: 3 });
    expect(rowWindow([], null)).toEqual({ start: 0, end: 0 });
    expect(rowWindow(many(WINDOW_ROWS + 1), null)).toEqual({ start: 1, end: WINDOW_ROWS + 1 });
  });

  it('holds still as messages come at the end and as history comes before', () => {
    const all = many(1_000, 500);
    const before = rowWindow(all, 'm700');
    const first = all[before.start]?.id;
    const grown = [...many(50, 450), ...all, message('new')];
    const after = rowWindow(grown, 'm700');
    expect(grown[after.start]?.id).toBe(first);
    expect(after.end - after.start).toBe(WINDOW_ROWS);
  });

  it('returns to the newest when its first message is gone', () => {
    const all = many(1_000);
    expect(rowWindow(all, 'never')).toEqual(rowWindow(all, null));
  });

  it('slides through everything, in both directions, with rows in common', () => {
    const all = many(1_000);
    let shown = rowWindow(all, null);
    const starts = [shown.start];
    while (shown.start > 0) {
      shown = rowWindow(all, slide(all, shown, 'older'));
      starts.push(shown.start);
    }
    for (const [at, start] of starts.entries()) if (at > 0) expect((starts[at - 1] ?? 0) - start).toBeLessThanOrEqual(SLIDE_ROWS);
    expect(SLIDE_ROWS).toBeLessThan(WINDOW_ROWS / 2);
    while (shown.end < all.length) shown = rowWindow(all, slide(all, shown, 'newer'));
    expect(shown).toEqual(rowWindow(all, null));
  });

  it('stays where it is in an empty conversation', () => {
    expect(slide([], { start: 0, end: 0 }, 'older')).toBeNull();
  });
});

describe('messages under one name', () => {
  const first = message('a');
  it('go on for a while', () => {
    expect(continues(message('b', { at_ms: first.at_ms + RUN_MS - 1 }), first)).toBe(true);
    expect(continues(message('b', { at_ms: first.at_ms + RUN_MS }), first)).toBe(false);
  });
  it('end with another author, a reply, another day, and begin with none before', () => {
    expect(continues(message('b', { author: { ...author, id: 'user_b' } }), first)).toBe(false);
    expect(continues(message('b', { replyTo: { id: 'a', authorName: 'A', text: 'a' } }), first)).toBe(false);
    const late = message('a', { at_ms: new Date(2026, 0, 5, 23, 59, 59).getTime() });
    expect(continues(message('b', { at_ms: new Date(2026, 0, 6, 0, 0, 1).getTime() }), late)).toBe(false);
    expect(continues(first, undefined)).toBe(false);
  });
});
