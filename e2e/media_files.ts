/** Films and images as devices make them, by ffmpeg, in a folder that is removed afterwards. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface MediaFiles {
  readonly folder: string;
  /** As a phone held upright records it: H.264 and AAC in MP4, lying, with the turn written beside. */
  phoneFilm(seconds: number, kbps?: number): Promise<string>;
  /** A JPEG, lying, that is to be shown upright (EXIF orientation 6), and tells where it was taken. */
  phoneImage(width?: number): Promise<string>;
  /** The beginning of a film, and no more. */
  brokenFilm(): Promise<string>;
  remove(): Promise<void>;
}

/** What EXIF says: orientation 6 (turn right by 90° to see it), and a place (EXIF 2.3, tags 0x0112 and 0x8825). */
function exif(): Buffer {
  const entry = (tag: number, type: number, count: number, value: Buffer) => {
    const made = Buffer.alloc(12);
    made.writeUInt16BE(tag, 0);
    made.writeUInt16BE(type, 2);
    made.writeUInt32BE(count, 4);
    value.copy(made, 8);
    return made;
  };
  const short = (value: number) => { const made = Buffer.alloc(4); made.writeUInt16BE(value, 0); return made; };
  const long = (value: number) => { const made = Buffer.alloc(4); made.writeUInt32BE(value, 0); return made; };
  const count = (value: number) => { const made = Buffer.alloc(2); made.writeUInt16BE(value, 0); return made; };
  const none = long(0);
  const degrees = Buffer.alloc(24);
  [47, 1, 22, 1, 1234, 100].forEach((value, at) => degrees.writeUInt32BE(value, at * 4));
  const header = Buffer.concat([Buffer.from('MM'), count(42), long(8)]);
  const gpsAt = 8 + 2 + 2 * 12 + 4;
  const first = Buffer.concat([count(2), entry(0x0112, 3, 1, short(6)), entry(0x8825, 4, 1, long(gpsAt)), none]);
  const placeAt = gpsAt + 2 + 2 * 12 + 4;
  const gps = Buffer.concat([count(2), entry(1, 2, 2, Buffer.from('N\0\0\0')), entry(2, 5, 3, long(placeAt)), none, degrees]);
  const body = Buffer.concat([Buffer.from('Exif\0\0'), header, first, gps]);
  return Buffer.concat([Buffer.from([0xff, 0xe1]), count(body.length + 2), body]);
}

export async function mediaFiles(): Promise<MediaFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-media-'));
  const ffmpeg = (...args: string[]) => run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args]);
  return {
    folder,
    async phoneFilm(seconds, kbps = 1_500) {
      const plain = join(folder, `plain-${seconds}.mp4`);
      const film = join(folder, `phone-${seconds}.mp4`);
      await ffmpeg('-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=30:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`,
        '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', `${kbps}k`, '-minrate', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`, '-x264-params', 'nal-hrd=cbr', '-pix_fmt', 'yuv420p', '-c:a', 'aac', plain);
      await ffmpeg('-i', plain, '-c', 'copy', '-metadata:s:v', 'rotate=90', film);
      return film;
    },
    async phoneImage(width = 2_000) {
      const plain = join(folder, `plain-${width}.jpg`);
      const image = join(folder, `IMG_${width}.jpg`);
      const half = `size=${width / 2}x${(width * 3) / 4}`;
      // Red at the left, blue at the right: upright, red is above.
      await ffmpeg('-f', 'lavfi', '-i', `color=red:${half}`, '-f', 'lavfi', '-i', `color=blue:${half}`, '-filter_complex', 'hstack', '-frames:v', '1', plain);
      const bytes = await readFile(plain);
      await writeFile(image, Buffer.concat([bytes.subarray(0, 2), exif(), bytes.subarray(2)]));
      return image;
    },
    async brokenFilm() {
      const film = join(folder, 'broken.mp4');
      await writeFile(film, Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(200_000, 7)]));
      return film;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
