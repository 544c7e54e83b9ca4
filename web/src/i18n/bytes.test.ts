import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bytes } from './bytes';
import { setLocale } from './locale.svelte';

beforeAll(() => { vi.stubGlobal('document', { documentElement: {} }); });

describe('a size', () => {
  const SIZES = [0, 1, 10, 999, 1_000, 12_345, 999_499, 999_500, 3_400_000, 35_300_000, 99_960_000, 480_000_000, 999_999_999, 53_687_091_200, 50_000_000_000, 17_179_869_184, 2_500_000_000_000];
  it('is said as one says it in English, singular and plural', async () => {
    await setLocale('en', false);
    expect(SIZES.map(bytes)).toEqual(['0 bytes', '1 byte', '10 bytes', '999 bytes', '1 kB', '12 kB', '999 kB', '1 MB', '3.4 MB', '35.3 MB', '100 MB', '480 MB', '1 GB', '53.7 GB', '50 GB', '17.2 GB', '2.5 TB']);
  });
  it('is said as one says it in Chinese', async () => {
    await setLocale('zh', false);
    expect(SIZES.map(bytes)).toEqual(['0字节', '1字节', '10字节', '999字节', '1 kB', '12 kB', '999 kB', '1 MB', '3.4 MB', '35.3 MB', '100 MB', '480 MB', '1 GB', '53.7 GB', '50 GB', '17.2 GB', '2.5 TB']);
  });
});
