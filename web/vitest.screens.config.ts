import { defineConfig } from 'vitest/config';

// The screens in real Chromium, from the gallery: `npm run test:screens`.
export default defineConfig({
  test: {
    include: ['tests/*.screens.ts'],
    environment: 'node',
    // A browser and a server begin, and the machine may be busy.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
});
