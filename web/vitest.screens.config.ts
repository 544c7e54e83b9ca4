import { defineConfig } from 'vitest/config';

// The screens in real Chromium, from the gallery: `npm run test:screens`.
export default defineConfig({
  test: {
    include: ['tests/*.screens.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
