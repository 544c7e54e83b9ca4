import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loudness } from '../../app/loudness.svelte';
import { DUCKED, Ducking } from './ducking.svelte';

beforeEach(() => { vi.useFakeTimers(); loudness.factor = 1; });
afterEach(() => { vi.useRealTimers(); });

describe('the stream', () => {
  it('goes down fast when somebody speaks, and comes back slowly when nobody does', () => {
    const ducking = new Ducking(() => true);
    ducking.set(true);
    vi.advanceTimersByTime(200);
    expect(loudness.factor).toBe(DUCKED);
    ducking.set(false);
    vi.advanceTimersByTime(500);
    expect(loudness.factor).toBe(DUCKED);
    vi.advanceTimersByTime(300);
    expect(loudness.factor).toBeGreaterThan(DUCKED);
    expect(loudness.factor).toBeLessThan(1);
    vi.advanceTimersByTime(1_000);
    expect(loudness.factor).toBe(1);
  });

  it('stays down through a breath', () => {
    const ducking = new Ducking(() => true);
    ducking.set(true);
    vi.advanceTimersByTime(200);
    ducking.set(false);
    vi.advanceTimersByTime(400);
    ducking.set(true);
    vi.advanceTimersByTime(2_000);
    expect(loudness.factor).toBe(DUCKED);
  });

  it('is left alone where one wishes so', () => {
    new Ducking(() => false).set(true);
    vi.advanceTimersByTime(1_000);
    expect(loudness.factor).toBe(1);
  });
});
