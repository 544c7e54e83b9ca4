/**
 * Films whose picture and sound say what time it is in them, converted by the engine, and served as files.
 *
 * Every quarter of the picture has a colour, so that one sees which side is up; across its middle lie eight bits, black and
 * white, that count fifths of a second. A tone is silent in the first second, sounds in the second, and so on.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize, resolve } from 'node:path';
import { promisify } from 'node:util';

const CONVERT = process.env.HEARTH_CONVERT ?? resolve(__dirname, '../target/debug/examples/convert');
const HLS = resolve(__dirname, '../web/node_modules/hls.js/dist/hls.mjs');
const PLAYER = resolve(__dirname, 'films/player.html');
const TYPES: Record<string, string> = {
  '.html': 'text/html', '.mjs': 'text/javascript', '.m3u8': 'application/vnd.apple.mpegurl', '.m4s': 'video/iso.segment',
  '.mp4': 'video/mp4', '.vtt': 'text/vtt', '.jpg': 'image/jpeg', '.json': 'application/json',
};

export const CORNERS = { topLeft: 'red', topRight: 'green', bottomLeft: 'blue', bottomRight: 'yellow' } as const;
export const TICKS_PER_S = 5;

/** An input of ffmpeg: the picture that says the time. */
export function pattern(width: number, height: number, rate: number, seconds: number): string {
  const box = (x: string, y: string, w: string, h: string, colour: string, when = '') => `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${colour}:t=fill${when}`;
  const half = (size: string) => `${size}/2`;
  const bits = Array.from({ length: 8 }, (_, bit) =>
    box(`iw*${bit}/8`, 'ih*3/8', 'iw/8+1', 'ih/4', 'white', `:enable='gte(mod(floor((t+0.001)*${TICKS_PER_S})/${2 ** bit}\\,2)\\,1)'`));
  return [
    `color=0xdd1111:size=${width}x${height}:rate=${rate}:duration=${seconds},format=gbrp`,
    box(half('iw'), '0', half('iw'), half('ih'), '0x11bb11'), box('0', half('ih'), half('iw'), half('ih'), '0x1111dd'),
    box(half('iw'), half('ih'), half('iw'), half('ih'), '0xdddd11'), box('0', 'ih*3/8', 'iw', 'ih/4', 'black'), ...bits,
  ].join(',');
}

/** An input of ffmpeg: a tone that sounds in every second second. */
export function tone(hertz: number, seconds: number): string {
  return `sine=${hertz}:sample_rate=48000:duration=${seconds},volume='gte(mod(t\\,2)\\,1)':eval=frame,aformat=channel_layouts=stereo`;
}

export async function ffmpeg(...words: string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...words]);
}

export interface Converting {
  readonly folder: string;
  /** Resolves when the film can be played, and when it is whole; fails with what the engine says. */
  readonly playable: Promise<void>;
  readonly whole: Promise<void>;
  /** Holds the programs that convert, or lets them go on. */
  hold(held: boolean): Promise<void>;
}

export class Films {
  private constructor(readonly place: string, private readonly server: Server, private readonly children: Set<ChildProcess>) {}

  static async open(): Promise<Films> {
    const place = await mkdtemp(join(tmpdir(), 'hearth-films-'));
    const server = createServer((request, response) => {
      const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
      const file = path === '/player.html' ? PLAYER : path === '/hls.mjs' ? HLS : join(place, path);
      stat(file).then(({ size }) => {
        // What grows is read as far as it is said to reach.
        response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': size, 'cache-control': 'no-store' });
        if (size === 0) response.end();
        else createReadStream(file, { end: size - 1 }).pipe(response);
      }).catch(() => { response.writeHead(404).end(); });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Films(place, server, new Set());
  }

  get url(): string { return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`; }

  at(name: string): string { return join(this.place, name); }

  /** Converts a film into a folder of the name. */
  convert(film: string, name: string): Converting {
    const folder = this.at(name);
    const child = spawn(CONVERT, [film, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    let said = '';
    let tell: () => void = () => undefined;
    const heard = (chunk: Buffer) => { said += chunk.toString(); tell(); };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    const whole = new Promise<void>((resolved, failed) => {
      child.once('error', failed);
      child.once('close', (code) => { this.children.delete(child); if (code === 0) resolved(); else failed(new Error(said)); });
    });
    const begun = new Promise<void>((resolved) => { tell = () => { if (said.includes('playable')) resolved(); }; });
    const playable = Promise.race([begun, whole]);
    playable.catch(() => undefined);
    whole.catch(() => undefined);
    const hold = async (held: boolean) => {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', `${child.pid}`]);
      for (const pid of stdout.split('\n').map(Number).filter((pid) => pid > 0)) process.kill(pid, held ? 'SIGSTOP' : 'SIGCONT');
    };
    return { folder, playable, whole, hold };
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.place, { recursive: true, force: true });
  }
}
