import { describe, expect, it } from 'vitest';
import { matching, offered } from './front_filter';
import type { Category, LiveRoomCard } from './model';

const room = (name: string, title: string, category: Category, language: string, here: number, tags: string[] = []): LiveRoomCard => ({
  host: { id: `user_${name}`, name, displayName: name.toUpperCase(), guest: false }, title, category, language, tags, here, startedAt_ms: 0, picture: null,
});
const rooms = [
  room('ben', 'Graph theory', 'learning', 'en', 9),
  room('ana', 'Kiln opening', 'making', 'en', 9, ['Pottery']),
  room('lin', '深夜钢琴', 'music', 'zh', 64),
];
const none = { words: '', category: '', language: '' } as const;
const names = (filter: Parameters<typeof matching>[1]) => matching(rooms, filter).map((one) => one.host.name);

describe('the front page', () => {
  it('shows the fullest first, then by name', () => expect(names(none)).toEqual(['lin', 'ana', 'ben']));
  it('finds every word, in title, host and tags, whatever the case and width', () => {
    expect(names({ ...none, words: ' KILN  pottery ' })).toEqual(['ana']);
    expect(names({ ...none, words: 'kiln graph' })).toEqual([]);
    expect(names({ ...none, words: '#pottery' })).toEqual(['ana']);
    expect(names({ ...none, words: '@ben' })).toEqual(['ben']);
    expect(names({ ...none, words: '钢琴' })).toEqual(['lin']);
    expect(names({ ...none, words: 'ｋｉｌｎ' })).toEqual(['ana']);
  });
  it('narrows by category and language together', () => {
    expect(names({ ...none, category: 'music' })).toEqual(['lin']);
    expect(names({ ...none, language: 'en', category: 'learning' })).toEqual(['ben']);
    expect(names({ ...none, language: 'zh', category: 'learning' })).toEqual([]);
  });
  it('offers only what leads somewhere', () => expect(offered(rooms)).toEqual({ categories: ['music', 'making', 'learning'], languages: ['en', 'zh'] }));
  it('leaves the given list as it is', () => {
    const before = rooms.map((one) => one.host.name);
    matching(rooms, none);
    expect(rooms.map((one) => one.host.name)).toEqual(before);
  });
});
