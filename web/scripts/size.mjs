// Prints what a first visit loads, gzipped, and fails beyond the budgets. Run after `npm run build`.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = { shell: 40, room: 67, front: 20, studio: 40, people: 60, dialogs: 60 };
const ENTRIES = {
  shell: ['src/app/messages/'],
  room: ['src/capabilities/live_rooms/room.ts', 'src/capabilities/live_rooms/live_room.svelte.ts', 'src/engines/connection/live.ts',
    'src/capabilities/live_rooms/messages/', 'src/capabilities/conversation/messages/'],
  front: ['src/capabilities/live_rooms/front.ts', 'src/capabilities/live_rooms/front_page.svelte.ts'],
  studio: ['src/capabilities/live_rooms/studio/screens.ts', 'src/capabilities/live_rooms/studio/studio.svelte.ts', 'src/capabilities/live_rooms/studio/messages/'],
  people: ['src/capabilities/people/screens.ts', 'src/capabilities/people/messages/'],
  dialogs: ['src/capabilities/dialogs/screens.ts', 'src/app/open_dialogs.ts', 'src/engines/connection/live.ts', 'src/capabilities/dialogs/messages/'],
};

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const gzipped = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const larger = (one, other) => (gzipped(manifest[one].file) >= gzipped(manifest[other].file) ? one : other);

/** Entries by name or prefix; of a catalogue in two languages the larger, as a visit loads one. */
function entriesOf(patterns) {
  return patterns.flatMap((pattern) => {
    const found = Object.keys(manifest).filter((key) => (pattern.endsWith('/') ? key.startsWith(pattern) : key === pattern));
    return pattern.endsWith('/') && found.length > 0 ? [found.reduce(larger)] : found;
  });
}

function files(keys, out = new Set()) {
  for (const key of keys) {
    const chunk = manifest[key];
    if (out.has(chunk.file)) continue;
    out.add(chunk.file);
    for (const css of chunk.css ?? []) out.add(css);
    files(chunk.imports ?? [], out);
  }
  return out;
}

const page = readFileSync(new URL('index.html', dist), 'utf8');
const named = Object.keys(manifest).filter((key) => manifest[key].file.endsWith('.js') && page.includes(manifest[key].file));
if (named.length === 0) throw new Error('index.html names no script of the manifest');
const shell = files([...named, ...entriesOf(ENTRIES.shell)]);
let over = false;
for (const [part, patterns] of Object.entries(ENTRIES)) {
  const entries = entriesOf(patterns);
  if (entries.length === 0) throw new Error(`nothing was built for ${part}`);
  const own = part === 'shell' ? shell : new Set([...files(entries)].filter((file) => !shell.has(file)));
  const kb = [...own].reduce((sum, file) => sum + gzipped(file), 0) / 1000;
  over ||= kb > BUDGET_KB[part];
  console.log(`${part.padEnd(7)} ${kb.toFixed(1).padStart(6)} kB of ${BUDGET_KB[part]} kB${kb > BUDGET_KB[part] ? '  OVER' : ''}`);
  for (const file of own) console.log(`          ${(gzipped(file) / 1000).toFixed(1).padStart(5)}  ${file}`);
}
process.exit(over ? 1 : 0);
