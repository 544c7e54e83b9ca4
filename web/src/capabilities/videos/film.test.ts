import { beforeAll, describe, expect, it, vi } from 'vitest';
import { setLocale } from '../../i18n/locale.svelte';
import { captionsBy, captionsChosen, captionsFor, trackNames } from './film';

beforeAll(() => { vi.stubGlobal('document', { documentElement: {} }); });

const unnamed = (n: number) => `Sound ${n}`;
const track = (language: string, label = '') => ({ language, label });
const captions = (name: string, language: string, label = '') => ({ name, language, label });

describe('what tracks are called', () => {
  it.each([
    ['two letters, three, and those of libraries are the same language', [track('en'), track('fra'), track('ger')], ['English', 'French', 'German']],
    ['regions and scripts', [track('pt-BR'), track('zh-Hans')], ['Brazilian Portuguese', 'Simplified Chinese']],
    ['two of one language', [track('eng'), track('en'), track('eng')], ['English', 'English 2', 'English 3']],
    ['a label before the language', [track('eng', 'Commentary'), track('eng', 'Commentary'), track('eng')], ['Commentary', 'Commentary 2', 'English']],
    ['a label that is only the code, or a number', [track('eng', 'eng'), track('eng', 'eng 2'), track('', '1'), track('', '2')], ['English', 'English 2', 'Sound 3', 'Sound 4']],
    ['undetermined, and not said', [track('und'), track('')], ['Sound 1', 'Sound 2']],
    ['a code that nobody knows, or that is none', [track('qaa'), track('x'), track('not a tag')], ['Sound 1 (qaa)', 'Sound 2 (x)', 'Sound 3 (not a tag)']],
    ['several languages, and none', [track('mul'), track('zxx')], ['Multiple languages', 'No linguistic content']],
  ])('%s', async (_what, tracks, names) => {
    await setLocale('en', false);
    expect(trackNames(tracks, unnamed)).toEqual(names);
  });

  it('is in the reader’s language', async () => {
    await setLocale('zh', false);
    expect(trackNames([track('eng'), track('chi'), track('und')], (n) => `音轨 ${n}`)).toEqual(['英语', '中文', '音轨 3']);
  });
});

describe('captions that were chosen', () => {
  const film = [captions('a', 'eng'), captions('b', 'eng', 'For the deaf'), captions('c', 'zho'), captions('d', '')];

  it('are each of their own, also of two in one language', () => {
    const keys = film.map((one) => captionsBy(one, film));
    expect(new Set(keys).size).toBe(4);
    expect(keys.map((key) => captionsChosen(film, key)?.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(captionsChosen(film, '')).toBeUndefined();
  });

  it('hold from film to film, however each codes its languages, and in the language where there are no others', () => {
    const other = [captions('x', 'zh'), captions('y', 'en')];
    expect(film.map((one) => captionsChosen(other, captionsBy(one, film))?.name)).toEqual(['y', 'y', 'x', undefined]);
  });

  it('are those for the reader first', () => {
    expect([captionsFor(film, 'zh-Hans')?.name, captionsFor(film, 'en')?.name, captionsFor(film, 'fr')?.name, captionsFor([], 'en')]).toEqual(['c', 'a', 'a', undefined]);
  });
});
