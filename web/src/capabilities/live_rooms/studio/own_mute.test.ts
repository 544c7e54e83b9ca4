import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../people/model';
import { OwnMute, SETTLES_MS } from './own_mute';

function world() {
  const answers: (() => void)[] = [];
  const said: boolean[] = [];
  const silenced = vi.fn();
  const mute = new OwnMute((muted) => {
    said.push(muted);
    return new Promise<Outcome>((resolve) => answers.push(() => resolve({ ok: true })));
  }, silenced);
  const answer = async () => {
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { mute, answer, silenced, said };
}

describe('a microphone that the server says is off', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('was turned off by a moderator where it is on here', () => {
    const { mute, silenced } = world();
    mute.told(false, true);
    expect(silenced).not.toHaveBeenCalled();
    mute.told(true, true);
    expect(silenced).toHaveBeenCalledOnce();
  });

  it('is off by my own wish where it is off here', () => {
    const { mute, silenced } = world();
    mute.told(true, false);
    expect(silenced).not.toHaveBeenCalled();
  });

  it('is my own echo while I change my mind faster than the server answers', async () => {
    const { mute, answer, silenced, said } = world();
    mute.say(true);
    mute.say(false);
    mute.told(true, true);
    await answer();
    await answer();
    expect(said).toEqual([true, false]);
    mute.told(false, true);
    await vi.advanceTimersByTimeAsync(SETTLES_MS * 2);
    expect(silenced).not.toHaveBeenCalled();
  });

  it('was turned off by a moderator in the very moment in which I turned it on', async () => {
    const { mute, answer, silenced } = world();
    mute.say(false);
    mute.told(true, true);
    await answer();
    expect(silenced).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(SETTLES_MS);
    expect(silenced).toHaveBeenCalledOnce();
  });

  it('is nobody’s business once I am off the stage', async () => {
    const { mute, answer, silenced } = world();
    mute.say(false);
    mute.told(true, true);
    await answer();
    mute.forget();
    await vi.advanceTimersByTimeAsync(SETTLES_MS * 2);
    expect(silenced).not.toHaveBeenCalled();
  });
});
