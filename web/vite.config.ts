import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where `hearth serve` listens while the screens are being worked on.
const SERVER = '127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // light-dark(), popover, @starting-style and oklch() are used as they are.
    target: ['chrome125', 'firefox129', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    rolldownOptions: {
      output: {
        // What every page needs is one file: it packs better than seven, and loads in one step.
        codeSplitting: { groups: [{ name: 'shell', test: /\/src\/main\.ts$/ }] },
      },
    },
  },
  // What a screen fetches later is known from the start: a dependency found late would load the page anew.
  optimizeDeps: { entries: ['*.html', 'src/**/*.svelte', 'src/**/*.svelte.ts'] },
  server: {
    proxy: {
      '/api': { target: `http://${SERVER}` },
      '/ws': { target: `ws://${SERVER}`, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    environment: 'node',
  },
});
