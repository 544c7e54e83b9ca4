// Checks every type, and first that the check checks: `probe/` holds a mistake in a .ts and in a .svelte
// file, and both must be reported.
import { spawnSync } from 'node:child_process';

function svelteCheck(config) {
  const run = spawnSync(process.execPath, ['node_modules/svelte-check/bin/svelte-check', '--tsconfig', config, '--output', 'machine', '--fail-on-warnings'], { encoding: 'utf8' });
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

const probe = svelteCheck('./probe/tsconfig.json');
const reported = ['probe.ts', 'Probe.svelte'].filter((file) => new RegExp(`ERROR "[^"]*${file.replace('.', '\\.')}"`).test(probe.output));
if (probe.status === 0 || reported.length !== 2) {
  console.error(`The type check is blind: it must report both mistakes in probe/, and reported ${reported.join(', ') || 'none'}.\n${probe.output}`);
  process.exit(1);
}
const all = svelteCheck('./tsconfig.json');
console.log(all.output);
process.exit(all.status ?? 1);
