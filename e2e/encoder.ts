/** Encoders as streamers run them: ffmpeg over RTMP, and aiortc over WHIP, sending the pattern that tells when a frame was taken. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const WIDTH = 640;
const HEIGHT = 360;
const FRAME_RATE = 30;
const TIME_BITS = 20;
const CHECK_BITS = 4;
/** Python with aiortc, as ./test installs it. */
const PYTHON = resolve(__dirname, '../.tools/peers/bin/python');

export interface Encoder {
  readonly log: () => string;
  /** Ends by itself, with this code. */
  readonly ended: Promise<number | null>;
  /** Goes without a word, as when the network does. */
  kill(): Promise<void>;
}

/** A grey frame with the time of day as black and white bars in its upper third (see pattern.ts), and a bar that moves. */
function frame(now_ms: number): Buffer {
  const picture = Buffer.alloc(WIDTH * HEIGHT, 90);
  const time = now_ms % 2 ** TIME_BITS;
  let check = 0;
  for (let at = 0; at < TIME_BITS; at += CHECK_BITS) check ^= (time >> at) & (2 ** CHECK_BITS - 1);
  const word = time * 2 ** CHECK_BITS + check;
  const bits = TIME_BITS + CHECK_BITS;
  const line = Buffer.alloc(WIDTH);
  for (let x = 0; x < WIDTH; x += 1) {
    const bit = Math.floor((x * bits) / WIDTH);
    line[x] = Math.floor(word / 2 ** (bits - 1 - bit)) % 2 ? 235 : 16;
  }
  for (let y = 0; y < HEIGHT / 3; y += 1) line.copy(picture, y * WIDTH);
  const at = Math.floor(time / 5) % (WIDTH - 40);
  for (let y = Math.floor(HEIGHT / 2); y < HEIGHT - 20; y += 1) picture.fill(220, y * WIDTH + at, y * WIDTH + at + 40);
  return picture;
}

function watched(child: ChildProcess): Encoder {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => { log = (log + chunk.toString()).slice(-20_000); });
  child.stdout?.on('data', (chunk: Buffer) => { log = (log + chunk.toString()).slice(-20_000); });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    log: () => log,
    ended,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** ffmpeg pushing over RTMP: H.264 with a key frame a second, and AAC. */
export function pushRtmp(address: string, { bFrames = 0, height = HEIGHT, codec = ['-c:v', 'libx264', '-preset', 'ultrafast'] } = {}): Encoder {
  const child = spawn('ffmpeg', [
    '-hide_banner', '-loglevel', 'warning',
    '-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', `${WIDTH}x${HEIGHT}`, '-framerate', `${FRAME_RATE}`, '-i', 'pipe:0',
    '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    ...codec, ...(height === HEIGHT ? [] : ['-vf', `scale=-2:${height}`]), '-pix_fmt', 'yuv420p', '-g', `${FRAME_RATE}`, '-keyint_min', `${FRAME_RATE}`, '-sc_threshold', '0',
    ...(bFrames > 0 ? ['-bf', `${bFrames}`] : ['-tune', 'zerolatency', '-bf', '0']), '-b:v', '1500k',
    '-c:a', 'aac', '-b:a', '128k', '-flvflags', 'no_duration_filesize', '-f', 'flv', address,
  ], { stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setInterval(() => {
    // What ffmpeg does not take at once would only grow old.
    if (child.stdin.writableLength < 4 * WIDTH * HEIGHT) child.stdin.write(frame(Date.now()));
  }, 1_000 / FRAME_RATE);
  child.stdin.on('error', () => clearInterval(timer));
  child.once('exit', () => clearInterval(timer));
  return watched(child);
}

/** aiortc speaking WHIP, with the same pattern. */
export function pushWhip(url: string, key: string): Encoder {
  return watched(spawn(PYTHON, [resolve(__dirname, 'whip.py'), url, key], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** aiortc speaking WHEP: prints the age of each frame that it could read. */
export function playWhep(url: string): Encoder {
  return watched(spawn(PYTHON, [resolve(__dirname, 'whep.py'), url], { stdio: ['ignore', 'pipe', 'pipe'] }));
}
