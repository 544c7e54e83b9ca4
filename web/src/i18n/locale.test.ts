import { describe, expect, it } from 'vitest';
import { preferredLocale } from './locale.svelte';

describe('the language of the screens', () => {
  it.each([
    ['the choice before the browser', 'zh', ['en-GB'], 'zh'],
    ['the first of the browser’s that exists here', null, ['fr', 'zh-Hant-TW', 'en'], 'zh'],
    ['whatever the case of the tag', null, ['ZH-cn'], 'zh'],
    ['English where none exists', null, ['fr', 'ja'], 'en'],
    ['the browser’s where the choice is none of ours', 'xx', ['zh'], 'zh'],
  ] as const)('%s', (_name, stored, wanted, expected) => {
    expect(preferredLocale(stored, wanted)).toBe(expected);
  });
});
