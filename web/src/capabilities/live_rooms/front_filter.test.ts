import { describe, expect, it } from 'vitest';
import { matching, offered, parted } from './front_filter';
import type { Category, RoomCard } from './model';

const room = (name: string, title: string, category: Category, language: string, here: number, tags: string[] = []): RoomCard => ({
  host: { id: `user_${name}`, name, displayName: name.toUpperCase(), guest: false }, title, category, language, tags, here, startedAt_ms: 0, picture: null, followers: 0, followed: false,
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
  it('shows whom I follow before all others', () => {
    const followed = rooms.map((one) => ({ ...one, followed: one.host.name === 'ben' }));
    expect(matching(followed, none).map((one) => one.host.name)).toEqual(['ben', 'lin', 'ana']);
  });
  it('parts who is live from who isn’t, in the order they came', () => {
    const off = { ...room('mira', 'Kiln', 'making', 'en', 0), startedAt_ms: null };
    const { live, off: dark } = parted([...rooms.slice(0, 1), off, ...rooms.slice(1)]);
    expect([live.map((one) => one.host.name), dark.map((one) => one.host.name)]).toEqual([['ben', 'ana', 'lin'], ['mira']]);
  });
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
