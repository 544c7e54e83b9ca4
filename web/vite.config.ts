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
        codeSplitting: {
          groups: [
            { name: 'shell', test: /\/src\/main\.ts$/ },
            // So is what a room's chat and the talk of a dialog have in common, and what is small and almost everywhere.
            { name: 'talk', test: /\/conversation\/(following|shown_rows|text|MessageText)\b|\/icons\/(arrow-down|reply|send-horizontal)\./ },
            { name: 'small', test: /\/icons\/(ellipsis|x|pencil|circle-alert|check|search)\.|\/ui\/(now|Notice)\b|\/i18n\/format\b|\/app\/refusal/ },
          ],
        },
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
