import { describe, expect, it } from 'vitest';
import { initialOf, VOICES, voiceOf } from './voice';

describe('a voice', () => {
  it('is the same for the same person, and all are in use', () => {
    expect(voiceOf('user_ana')).toBe(voiceOf('user_ana'));
    const used = new Set(Array.from({ length: 200 }, (_, at) => voiceOf(`user_${at}`)));
    expect([...used].sort()).toEqual(Array.from({ length: VOICES }, (_, at) => at));
  });
});

describe('an initial', () => {
  it.each([['ana', 'A'], ['林晓雨', '林'], ['\u202E\u200Fbob', 'B'], ['  _x', 'X'], ['👩‍🍳 chef', '👩‍🍳'], ['é', 'É'], ['', '·'], ['\u202E', '·']])('of %j is %s', (name, expected) => {
    expect(initialOf(name)).toBe(expected);
  });
});
