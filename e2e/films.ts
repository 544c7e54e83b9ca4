/** Films made for a story, and brought to the server as programs bring them: by tus 1.0. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page } from '@playwright/test';

/** A machine with much else to do converts when it finds the time: it is polite about it. */
const CONVERTED_WITHIN_MS = 240_000;

/** How a film shows who it is, and how far it is: one colour for its first half, another for its second. */
export const COLORS = { red: [255, 0, 0], yellow: [255, 255, 0], green: [0, 128, 0], cyan: [0, 255, 255], blue: [0, 0, 255], magenta: [255, 0, 255] } as const;
export type Color = keyof typeof COLORS;

/** @param half_s how long each of its colours is shown */
export async function makeFilm(first: Color, second: Color, half_s: number): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-film-'));
  const file = join(folder, 'film.mp4');
  const part = (color: Color) => ['-f', 'lavfi', '-i', `color=${color}:s=320x180:r=25:d=${half_s}`];
  await promisify(execFile)('ffmpeg', [
    '-hide_banner', '-loglevel', 'error', ...part(first), ...part(second), '-f', 'lavfi', '-i', `sine=440:d=${2 * half_s}`,
    '-filter_complex', '[0][1]concat=n=2[v]', '-map', '[v]', '-map', '2:a', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-movflags', '+faststart', file,
  ]);
  const film = await readFile(file);
  await rm(folder, { recursive: true });
  return film;
}

/** Sends a film, as whoever is signed in there. Returns which it becomes. */
export async function upload(page: Page, film: Buffer, about: Readonly<Record<string, string>>): Promise<string> {
  const id = await page.evaluate(async ({ film, about }) => {
    const bytes = Uint8Array.from(atob(film), (one) => one.charCodeAt(0));
    const word = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    const made = await fetch('/api/uploads', { method: 'POST', headers: {
      'tus-resumable': '1.0.0', 'upload-length': String(bytes.length), 'upload-metadata': Object.entries(about).map(([name, value]) => `${name} ${word(value)}`).join(','),
    } });
    if (made.status !== 201) throw new Error(`${made.status} ${await made.text()}`);
    const sent = await fetch(made.headers.get('location') ?? '', { method: 'PATCH', headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }, body: bytes });
    if (sent.status !== 204) throw new Error(`${sent.status} ${await sent.text()}`);
    return made.headers.get('hearth-video') ?? '';
  }, { film: film.toString('base64'), about });
  expect(id).not.toBe('');
  return id;
}

export async function change(page: Page, video: string, what: object): Promise<void> {
  const status = await page.evaluate(async ({ video, what }) => (await fetch(`/api/videos/${video}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(what) })).status, { video, what });
  expect(status).toBe(200);
}

export async function isReady(page: Page, video: string): Promise<void> {
  await expect.poll(() => page.evaluate(async (id) => ((await (await fetch(`/api/videos/${id}`)).json()) as { state: string }).state, video), { timeout: CONVERTED_WITHIN_MS }).toBe('ready');
}

/** Looks at the middle of what plays, from the next page on, and keeps which colours it had, one after the other. */
export async function watchColors(page: Page): Promise<void> {
  await page.addInitScript((colors) => {
    const kept = globalThis as unknown as { seenColors: string[] };
    kept.seenColors = [];
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const paint = canvas.getContext('2d', { willReadFrequently: true })!;
    setInterval(() => {
      const video = document.querySelector('video');
      if (!video || video.videoWidth === 0 || video.readyState < 2) return;
      paint.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 8, 8, 0, 0, 1, 1);
      const seen = [...paint.getImageData(0, 0, 1, 1).data];
      const near = Object.entries(colors).find(([, color]) => color.every((value, at) => Math.abs(value - seen[at]!) < 60));
      if (near && kept.seenColors.at(-1) !== near[0]) kept.seenColors.push(near[0]);
    }, 100);
  }, COLORS);
}

/** Which colours were seen since the page was opened, in order. */
export function colorsSeen(page: Page): Promise<Color[]> {
  return page.evaluate(() => (globalThis as unknown as { seenColors: Color[] }).seenColors);
}
