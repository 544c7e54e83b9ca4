import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../engines/http/http';
import type { FoundRooms, Room } from '../../protocol/generated/types';
import { FrontPage, TYPED_MS, type Follower } from './front_page.svelte';

const room = (name: string, live: boolean): Room => ({
  id: `room_${name}`, host: { id: `user_${name}`, name, display_name: name }, audience: 3, may_enter: true, picture: live ? `/pictures/${name}` : null, followers: 2,
  about: { title: '', category: 'music', language: 'en', tags: [], rules: '', entry: 'open' }, broadcast: live ? { state: 'on_air', since_ms: 5 } : { state: 'off' },
});
const search = { words: '', category: '', language: '', tag: '' } as const;

function world() {
  const asked: object[] = [];
  const answers: ((reply: Reply<FoundRooms>) => void)[] = [];
  const listeners: (() => void)[] = [];
  const me = { wire: null as Follower['wire'], onChange(listener: () => void) { listeners.push(listener); return () => {}; } };
  const page = new FrontPage({
    live: () => Promise.resolve({ is: 'ok', value: { rooms: [room('ana', true), room('lin', true)] } }),
    findRooms: (what) => { asked.push(what); return new Promise((resolve) => answers.push(resolve)); },
  }, me);
  return { page, asked, answers, follow: (id: string) => { me.wire = { follows: [{ id }] }; for (const one of listeners) one(); } };
}
const found = (...rooms: Room[]): Reply<FoundRooms> => ({ is: 'ok', value: { rooms } });
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the front page', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { visibilityState: 'visible' });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('shows who is live, with their pictures, and whom I follow as soon as I do', async () => {
    const { page, follow } = world();
    await settle();
    expect(page.rooms.map((one) => [one.host.name, one.picture, one.followed])).toEqual([['ana', '/pictures/ana', false], ['lin', '/pictures/lin', false]]);
    follow('user_lin');
    expect(page.rooms.map((one) => one.followed)).toEqual([false, true]);
    page.close();
  });

  it('asks once for what was typed in a row, and shows what is not live as such', async () => {
    const { page, asked, answers } = world();
    page.search({ ...search, words: 'k' });
    page.search({ ...search, words: 'kiln ', tag: 'clay' });
    await vi.advanceTimersByTimeAsync(TYPED_MS);
    expect(asked).toEqual([{ q: 'kiln', category: '', language: '', tag: 'clay' }]);
    expect(page.searching).toBe('yes');
    answers[0]?.(found(room('mira', false)));
    await settle();
    expect(page.found?.map((one) => [one.host.name, one.startedAt_ms])).toEqual([['mira', null]]);
    expect(page.searching).toBe('no');
    page.close();
  });

  it('never shows the answer to an older search', async () => {
    const { page, answers } = world();
    page.search({ ...search, words: 'one' });
    await vi.advanceTimersByTimeAsync(TYPED_MS);
    page.search({ ...search, words: 'two' });
    answers[0]?.(found(room('one', true)));
    await settle();
    expect(page.found).toBeNull();
    page.search(null);
    await vi.advanceTimersByTimeAsync(TYPED_MS);
    expect([page.found, page.searching]).toEqual([null, 'no']);
    page.close();
  });

  it('says that a search failed, and keeps what was found before', async () => {
    const { page, answers } = world();
    page.search({ ...search, words: 'one' });
    await vi.advanceTimersByTimeAsync(TYPED_MS);
    answers[0]?.(found(room('ana', true)));
    await settle();
    page.search({ ...search, words: 'ones' });
    await vi.advanceTimersByTimeAsync(TYPED_MS);
    answers[1]?.({ is: 'unreachable' });
    await settle();
    expect([page.searching, page.found?.length]).toEqual(['failed', 1]);
    page.close();
  });
});
