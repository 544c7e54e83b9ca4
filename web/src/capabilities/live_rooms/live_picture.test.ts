import { describe, expect, it } from 'vitest';
import { freshAddress, REFRESH_EVERY_MS } from './live_picture';

describe('the address of a still', () => {
  it('is one for everybody within ten seconds, and another after', () => {
    const at = 7 * REFRESH_EVERY_MS;
    expect(freshAddress('/p.jpg', at)).toBe('/p.jpg?t=7');
    expect(freshAddress('/p.jpg', at + REFRESH_EVERY_MS - 1)).toBe('/p.jpg?t=7');
    expect(freshAddress('/p.jpg', at + REFRESH_EVERY_MS)).toBe('/p.jpg?t=8');
  });
  it('keeps what the address says already', () => expect(freshAddress('/p.jpg?h=ab', 0)).toBe('/p.jpg?h=ab&t=0'));
});
