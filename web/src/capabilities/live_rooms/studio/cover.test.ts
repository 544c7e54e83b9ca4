import { describe, expect, it } from 'vitest';
import { crop } from './cover';

describe('a cover', () => {
  it('takes the middle of what is wider', () => expect(crop(3_200, 900)).toEqual({ x: 800, y: 0, width: 1_600, height: 900 }));
  it('takes the middle of what is higher', () => expect(crop(1_600, 1_800)).toEqual({ x: 0, y: 450, width: 1_600, height: 900 }));
  it('takes all of what fits', () => expect(crop(160, 90)).toEqual({ x: 0, y: 0, width: 160, height: 90 }));
});
