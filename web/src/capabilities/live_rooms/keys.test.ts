import { describe, expect, it } from 'vitest';
import { roomKey } from './keys';

const plain = { ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false };
const nowhere = { inText: false, inControl: false };

describe('the keys of a room', () => {
  it.each([[' ', 'play'], ['k', 'play'], ['K', 'play'], ['m', 'mute'], ['t', 'theatre'], ['f', 'full_screen'], ['c', 'panel'], ['/', 'write'], ['?', 'help'], ['ArrowUp', 'louder'], ['ArrowDown', 'quieter']])('%s', (key, expected) => {
    expect(roomKey({ ...plain, key }, nowhere)).toBe(expected);
  });

  it('leave text alone', () => {
    for (const key of [' ', 'm', '?', 'ArrowUp']) expect(roomKey({ ...plain, key }, { inText: true, inControl: false })).toBeNull();
  });

  it('leave a control its own', () => {
    for (const key of [' ', 'ArrowUp', 'ArrowDown']) expect(roomKey({ ...plain, key }, { inText: false, inControl: true })).toBeNull();
    expect(roomKey({ ...plain, key: 'm' }, { inText: false, inControl: true })).toBe('mute');
  });

  it.each(['ctrlKey', 'metaKey', 'altKey', 'isComposing', 'defaultPrevented'] as const)('mean nothing with %s', (held) => {
    expect(roomKey({ ...plain, [held]: true, key: 'm' }, nowhere)).toBeNull();
  });

  it('mean nothing that is not listed, nor what every object has', () => {
    for (const key of ['x', 'Enter', 'constructor', 'toString']) expect(roomKey({ ...plain, key }, nowhere)).toBeNull();
  });
});
