import { describe, expect, it } from 'vitest';
import { Board, drawnAt, JUMP_MS, LATE_MS, ON_SCREEN_MAX } from './board';
import { ByTime, KEPT_MAX } from './by_time';
import { leftOf } from './lanes';
import { floatingText, FLOAT_MAX_GRAPHEMES, type FloatingMessage } from './model';
import { layoutOf, STILL_ROWS_MAX } from './layout';
import { admits, DEFAULTS, settingsFrom, sendingFrom, withWord, WORDS_MAX, type FloatSettings } from './settings';
import { JUMP_MS as CLOCK_JUMP_MS, SmoothClock } from './smooth_clock';

const said = (id: string, media_ms: number, more: Partial<FloatingMessage> = {}): FloatingMessage =>
  ({ id, text: `message ${id}`, media_ms, mine: false, style: { color: '#ffffff', place: 'scroll' }, ...more });
const LAYOUT = layoutOf({ width_px: 1_280, height_px: 720, bottomInset_px: 0 }, DEFAULTS, false);
const everybody = () => true;

function board(layout = LAYOUT) {
  const one = new Board((message) => 12 * message.text.length);
  one.arrange(layout, everybody);
  return one;
}
const ids = (one: Board) => one.floating.map((each) => each.message.id);

describe('the board', () => {
  it('lets a message float when the picture reaches its time, and go when it is across', () => {
    const one = board();
    one.advance(0);
    one.add([said('a', 500)]);
    one.advance(499);
    expect(ids(one)).toEqual([]);
    one.advance(500);
    expect(ids(one)).toEqual(['a']);
    const end_ms = one.floating[0]?.seat.end_ms ?? 0;
    for (let at = 500; at < end_ms; at += 100) one.advance(at);
    expect(ids(one)).toEqual(['a']);
    one.advance(end_ms);
    expect(ids(one)).toEqual([]);
  });

  it('shows after a jump what belongs there, as far across as it would have come', () => {
    const watched = board();
    const jumped = board();
    const film = Array.from({ length: 400 }, (_, at) => said(`m${at}`, at * 225, { mine: at % 50 === 0 }));
    watched.add(film);
    jumped.add(film);
    for (let at = 0; at <= 60_000; at += 16) watched.advance(at);
    watched.advance(60_000);
    jumped.advance(60_000);
    const seats = (one: Board) => new Map(one.floating.map((each) => [each.message.id, leftOf(each.seat, LAYOUT.field, 60_000)]));
    expect(jumped.floating.length).toBeGreaterThan(10);
    expect(seats(jumped)).toEqual(seats(watched));
    jumped.advance(1_000);
    expect(ids(jumped)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
  });

  it('takes a long step for a jump', () => {
    const one = board();
    one.add([said('early', 100), said('late', 20_000)]);
    one.advance(0);
    one.advance(JUMP_MS + 60_000);
    expect(ids(one)).toEqual([]);
  });

  it('lets what comes late float at once, and leaves what is of the past to the chat', () => {
    const one = board();
    one.advance(100_000);
    one.add([said('late', 100_000 - LATE_MS + 1), said('past', 100_000 - LATE_MS)]);
    expect(ids(one)).toEqual(['late']);
    expect(one.floating[0]?.seat.start_ms).toBe(100_000);
  });

  it('floats each once, however often it is told', () => {
    const one = board();
    one.advance(1_000);
    one.add([said('a', 900)]);
    one.add([said('a', 900), said('a', 950)]);
    one.advance(1_016);
    expect(ids(one)).toEqual(['a']);
  });

  it('stands when the picture stands', () => {
    const one = board();
    one.add([said('a', 0)]);
    one.advance(2_000);
    const first = one.floating[0];
    if (!first) throw new Error('it floats');
    const before = drawnAt(first, LAYOUT, 2_000);
    one.advance(2_000);
    expect(drawnAt(first, LAYOUT, 2_000)).toEqual(before);
    expect(one.quietFor(2_000)).toBe(0);
  });

  it('makes what was deleted, or is a blocked person’s, vanish at once', () => {
    const one = board();
    one.add([said('a', 0), said('b', 10), said('c', 20)]);
    one.advance(1_000);
    one.remove('b');
    expect(ids(one)).toEqual(['a', 'c']);
    one.retain(new Set(['c']));
    expect(ids(one)).toEqual(['c']);
    one.advance(200);
    expect(ids(one)).toEqual(['c']);
  });

  it('seats all anew in another layout, without those that are not wanted', () => {
    const one = board();
    one.add([said('a', 0), said('b', 10, { style: { color: '#ffffff', place: 'top' } })]);
    one.advance(1_000);
    one.arrange(layoutOf({ width_px: 390, height_px: 219, bottomInset_px: 40 }, DEFAULTS, false), admits({ ...DEFAULTS, top: false }));
    expect(ids(one)).toEqual(['a']);
    expect(one.layout?.field.width_px).toBe(390);
  });

  it('holds no more than so many at once, and one’s own besides', () => {
    const one = board({ ...LAYOUT, field: { ...LAYOUT.field, rows: 2_000 } });
    one.advance(0);
    one.add(Array.from({ length: ON_SCREEN_MAX + 5 }, (_, at) => said(`m${at}`, 0)));
    one.add([said('mine', 0, { mine: true })]);
    expect(one.floating.length).toBe(ON_SCREEN_MAX + 1);
    expect(ids(one).at(-1)).toBe('mine');
  });

  it('says how long nothing will happen', () => {
    const one = board();
    one.add([said('a', 5_000)]);
    one.advance(0);
    expect(one.quietFor(0)).toBe(5_000);
    one.add([said('b', 700)]);
    expect(one.quietFor(0)).toBe(700);
  });

  it('goes through an hour of 16,000 messages in far less than a frame each', () => {
    const one = board();
    one.add(Array.from({ length: 16_000 }, (_, at) => said(`m${at}`, at * 225)));
    const begun = performance.now();
    let steps = 0;
    let most = 0;
    for (let at = 0; at < 3_600_000; at += 50, steps += 1) {
      one.advance(at);
      most = Math.max(most, one.floating.length);
    }
    expect(most).toBeGreaterThan(20);
    // A frame has 16.7 ms; a tenth of one leaves room for a slow machine.
    expect((performance.now() - begun) / steps).toBeLessThan(1.67);
  });
});

describe('less motion', () => {
  it('lets a few stand, comes and goes gently', () => {
    const still = layoutOf({ width_px: 1_280, height_px: 720, bottomInset_px: 0 }, DEFAULTS, true);
    const one = board(still);
    one.add(Array.from({ length: 20 }, (_, at) => said(`m${at}`, 0)));
    one.advance(0);
    const now = one.floating.filter((each) => each.seat.start_ms === 0);
    expect(now.length).toBe(STILL_ROWS_MAX);
    const [first] = now;
    if (!first) throw new Error('it floats');
    expect(drawnAt(first, still, 0)?.alpha).toBe(0);
    expect(drawnAt(first, still, 1_000)?.alpha).toBe(1);
    expect(drawnAt(first, still, 1_000)?.x_px).toBe(drawnAt(first, still, 2_000)?.x_px);
    expect(drawnAt(first, still, first.seat.end_ms)).toBeNull();
  });
});

describe('messages by time', () => {
  it('are found whatever order they came in', () => {
    const one = new ByTime();
    one.add([said('c', 30), said('a', 10)]);
    one.add([said('b', 20)]);
    one.add([said('d', 40), said('b', 20)]);
    expect(one.between(9, 30).map((each) => each.id)).toEqual(['a', 'b', 'c']);
    expect(one.between(10, 30).map((each) => each.id)).toEqual(['b', 'c']);
    expect(one.nextAfter(30)).toBe(40);
    expect(one.nextAfter(40)).toBe(Infinity);
    expect(one.remove('b')).toBe(true);
    expect(one.remove('b')).toBe(false);
    expect(one.between(0, 100).map((each) => each.id)).toEqual(['a', 'c', 'd']);
  });

  it('of one time are taken out by their name', () => {
    const one = new ByTime();
    one.add(['a', 'b', 'c', 'd'].map((id) => said(id, 5)));
    one.remove('c');
    expect(one.between(0, 10).map((each) => each.id)).toEqual(['a', 'b', 'd']);
  });

  it('are let go from the earliest, one beyond the limit', () => {
    const one = new ByTime();
    one.add(Array.from({ length: KEPT_MAX }, (_, at) => said(`m${at}`, at)));
    expect(one.has('m0')).toBe(true);
    one.add([said('more', KEPT_MAX)]);
    expect(one.size).toBe(KEPT_MAX);
    expect(one.has('m0')).toBe(false);
    expect(one.has('more')).toBe(true);
  });
});

describe('what a viewer wants', () => {
  const change = (part: Partial<FloatSettings>) => admits({ ...DEFAULTS, ...part });
  it('leaves out by word, in whatever case and width, and takes a word for no pattern', () => {
    expect(change({ words: ['Spoiler'] })(said('a', 0, { text: 'a SPOILER here' }))).toBe(false);
    expect(change({ words: ['ABC'] })(said('a', 0, { text: 'ａｂｃ' }))).toBe(false);
    expect(change({ words: ['.*'] })(said('a', 0, { text: 'anything' }))).toBe(true);
    expect(change({ words: ['.*'] })(said('a', 0, { text: 'a .* b' }))).toBe(false);
    expect(change({ words: ['剧透'] })(said('a', 0, { text: '别剧透啊' }))).toBe(false);
  });
  it('leaves out those at the top or at the bottom, but never one’s own', () => {
    const top = { style: { color: '#ffffff', place: 'top' as const } };
    expect(change({ top: false })(said('a', 0, top))).toBe(false);
    expect(change({ top: false })(said('a', 0, { ...top, mine: true }))).toBe(true);
    expect(change({ bottom: false })(said('a', 0, top))).toBe(true);
  });
  it('is read back whatever was stored', () => {
    expect(settingsFrom(null)).toEqual(DEFAULTS);
    expect(settingsFrom({ on: 'yes', area: 0.3, opacity: 7, size: Number.NaN, density: 'all', words: [1, ' a ', 'A', '', 'x'.repeat(51)] })).toEqual({ ...DEFAULTS, words: ['a'] });
    const own: FloatSettings = { on: false, area: 1, opacity: 0.5, size: 1.2, speed: 2, density: 'many', colors: false, top: false, bottom: false, words: ['a'] };
    expect(settingsFrom(JSON.parse(JSON.stringify(own)))).toEqual(own);
    expect(sendingFrom({ floats: false, style: { color: 'red', place: 'left' } })).toEqual({ floats: false, style: { color: '#ffffff', place: 'scroll' } });
  });
  it('has room for so many words and no more', () => {
    const full = Array.from({ length: WORDS_MAX }, (_, at) => `w${at}`);
    expect(withWord(full.slice(1), 'more')).toHaveLength(WORDS_MAX);
    expect(withWord(full, 'more')).toEqual(full);
  });
});

describe('the layout', () => {
  const rows = (part: Partial<FloatSettings>, bottomInset_px = 0) => {
    const layout = layoutOf({ width_px: 1_280, height_px: 720, bottomInset_px }, { ...DEFAULTS, ...part }, false);
    return { rows: layout.field.rows, low_px: layout.field.rows * layout.field.row_px, field: layout.field };
  };
  it('keeps to its part of the picture and never comes into the captions', () => {
    expect(rows({ area: 0.25 }).low_px).toBeLessThanOrEqual(180);
    expect(rows({ area: 1 }).low_px).toBeLessThanOrEqual(720);
    expect(rows({ area: 1 }, 140).low_px).toBeLessThanOrEqual(580);
    expect(rows({ area: 0.5 }, 140).rows).toBe(rows({ area: 0.5 }).rows);
    expect(rows({ area: 1 }, 720).rows).toBe(0);
  });
  it('follows size, speed and density', () => {
    expect(rows({ size: 1.6 }).rows).toBeLessThan(rows({ size: 0.8 }).rows);
    expect(rows({ speed: 2 }).field.cross_ms).toBeCloseTo(rows({}).field.cross_ms / 2);
    expect(rows({ density: 'few' }).field.gap_px).toBeGreaterThan(rows({ density: 'some' }).field.gap_px);
    expect(rows({ density: 'some' }).field.gap_px).toBeGreaterThan(rows({ density: 'many' }).field.gap_px);
  });
});

describe('the text that floats', () => {
  it('is one line, without marks of direction, cut between graphemes', () => {
    expect(floatingText(' a\n\nb\t c ')).toBe('a b c');
    expect(floatingText('\u202Edesrever\u202C')).toBe('desrever');
    const family = '👩‍👩‍👧';
    expect(floatingText(family.repeat(FLOAT_MAX_GRAPHEMES))).toBe(family.repeat(FLOAT_MAX_GRAPHEMES));
    expect(floatingText(family.repeat(FLOAT_MAX_GRAPHEMES + 1))).toBe(`${family.repeat(FLOAT_MAX_GRAPHEMES)}…`);
  });
});

describe('the smooth clock', () => {
  it('goes evenly where the player goes by steps', () => {
    const clock = new SmoothClock();
    let before: number | null = null;
    for (let at = 0; at < 10_000; at += 16) {
      const stepped = Math.floor(at / 40) * 40;
      const now = clock.read({ media_ms: stepped, rate: 1 }, at);
      if (before !== null && at > 1_000) {
        expect(now - before).toBeGreaterThan(14);
        expect(now - before).toBeLessThan(18);
      }
      expect(Math.abs(now - at)).toBeLessThan(60);
      before = now;
    }
  });
  it('stands, jumps and is slowed with the picture', () => {
    const clock = new SmoothClock();
    clock.read({ media_ms: 1_000, rate: 1 }, 0);
    const stood = clock.read({ media_ms: 1_010, rate: 0 }, 500);
    expect(clock.read({ media_ms: 1_015, rate: 0 }, 5_000)).toBe(stood);
    expect(clock.read({ media_ms: stood + CLOCK_JUMP_MS + 1, rate: 0 }, 5_016)).toBe(stood + CLOCK_JUMP_MS + 1);
    expect(clock.read({ media_ms: 100, rate: 1 }, 5_032)).toBe(100);
    const slow = clock.read({ media_ms: 150, rate: 0.5 }, 5_132);
    expect(slow).toBeCloseTo(150, 5);
  });
});
