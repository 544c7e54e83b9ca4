import { describe, expect, it } from 'vitest';
import { countOf, NO_CONDITIONS, numberOf, problemOf } from './conditions';

describe('conditions', () => {
  it('are at least one', () => {
    expect(problemOf(NO_CONDITIONS)).toBe('no_condition');
    expect(problemOf({ ...NO_CONDITIONS, followed: true })).toBeNull();
    expect(problemOf({ ...NO_CONDITIONS, tags: ['clay'] })).toBeNull();
    // Any standing is a condition, too: it is how somebody is invited back.
    expect(problemOf({ ...NO_CONDITIONS, standingFrom: 0 })).toBeNull();
  });
  it('count an audience from and to as one', () => {
    expect(countOf({ ...NO_CONDITIONS, audienceFrom: 5, audienceTo: 9, category: 'music' })).toBe(2);
  });
  it('do not contradict themselves', () => {
    expect(problemOf({ ...NO_CONDITIONS, audienceFrom: 10, audienceTo: 9 })).toBe('audience');
    expect(problemOf({ ...NO_CONDITIONS, audienceFrom: 9, audienceTo: 9 })).toBeNull();
  });
  it.each([['12', 12], [' 0 ', 0], ['', null], ['-3', null], ['1.5', null], ['12345678', null], ['many', null]])('read %j as %j', (typed, value) => {
    expect(numberOf(typed)).toBe(value);
  });
});
