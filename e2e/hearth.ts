/** The real server: started on free ports with an empty data folder, and stopped with nothing left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// Every other HEARTH_… is a setting of the server, and none of the tester's own may reach it.
const { HEARTH_BINARY: BINARY = resolve(__dirname, '../target/debug/hearth') } = process.env;
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEARTH_')));
const STARTS_WITHIN_MS = 20_000;

export interface Hearth {
  /** Where browsers find it. */
  readonly url: string;
  readonly port: number;
  /** The one-time link for the first administrator. */
  readonly setupUrl: string;
  readonly log: () => string;
  /** Kills it where it stands (no goodbye, no last write), and starts it on the same folder and ports. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Below the range that systems give to outgoing connections, so that no browser is handed it while the server is down. */
const PORTS = { from: 20_000, to: 32_000 };

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  const free = await once(probe, 'listening').then(() => true, () => false);
  if (free) await new Promise((closed) => probe.close(closed));
  return free;
}

/** A port that is free for HTTP, with a free one after it for media, and one for RTMP. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (await isFree(port) && await isFree(port + 1) && await isFree(port + 2)) return port;
  }
}

/** Starts it with settings of its own, by the names they have in the environment. */
export async function startHearth(settings: Record<string, string> = {}, { rtmp = false } = {}): Promise<Hearth> {
  const data = await mkdtemp(join(tmpdir(), 'hearth-e2e-'));
  const port = await freePort();
  let log = '';
  const start = (announces: RegExp) => {
    const child = spawn(BINARY, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data], { env: { ...ENVIRONMENT, HEARTH_RTMP_PORT: rtmp ? `${port + 2}` : '0', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
    const from = log.length;
    const found = new Promise<string>((resolved, failed) => {
      const timer = setTimeout(() => failed(new Error(`the server did not start:\n${log}`)), STARTS_WITHIN_MS);
      const read = (chunk: Buffer) => {
        log += chunk.toString();
        const words = announces.exec(log.slice(from));
        if (words) {
          clearTimeout(timer);
          resolved(words[0]);
        }
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`the server ended with ${code}:\n${log}`)));
    });
    return { child, found };
  };
  let { child, found }: { child: ChildProcess; found: Promise<string> } = start(/https?:\/\/\S+\/setup\/\S+/);
  const setupUrl = await found;
  return {
    url: `http://localhost:${port}`,
    port,
    setupUrl,
    log: () => log,
    async crash() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      ({ child, found } = start(/Hearth is at/));
      await found;
    },
    async stop() {
      // One that ended by itself has failed its test already, and is not waited for.
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}
