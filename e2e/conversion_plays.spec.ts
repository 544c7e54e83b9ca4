/** What the engine makes of films is played by real browsers: picture and sound are what they were, and at their times. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { ffmpeg, Films, pattern, TICKS_PER_S, tone } from './odd_films';

interface Picture { time_s: number; width: number; height: number; corners: number[][]; bits: number[][] }
interface Sound { loud: number; hertz: number; time_s: number }
declare const film: {
  errors: string[];
  video: HTMLVideoElement;
  hls: { audioTracks: { name: string }[]; audioTrack: number; levels: { height: number }[]; nextLevel: number; currentLevel: number; subtitleTracks: { name: string }[]; subtitleTrack: number };
  open(url: string): Promise<void>;
  picture(): Promise<Picture>;
  sound(): Sound;
  listen(for_ms: number): Promise<{ time_s: number; loud: number }[]>;
};

/** Behind the last cut there is a single picture: what is so short is easily lost. */
const SECONDS = 12.04;
/** Louder than this, a tone sounds. */
const LOUD = 0.02;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-b:v', '1M'];

const test = base.extend<{ films: Films }>({
  films: async ({}, use) => {
    const films = await Films.open();
    await use(films);
    await films.close();
  },
});

async function open(page: Page, films: Films, name: string): Promise<void> {
  await page.goto(`${films.url}/player.html`);
  await page.waitForFunction(() => 'film' in globalThis);
  await page.evaluate((url) => film.open(url), `/${name}/index.m3u8`);
}

/** Which of its channels a colour is made of. */
function hue([red = 0, green = 0, blue = 0]: number[]): string {
  const most = Math.max(red, green, blue);
  return [red, green, blue].map((channel) => (channel > most * 0.55 ? '1' : '0')).join('');
}

/** Red, green, blue and yellow, each at its place, and the time in the middle of the picture is the one it is shown at. */
function expectTruth(picture: Picture, what: string): void {
  expect(picture.corners.map(hue), `${what}: ${JSON.stringify(picture.corners)}`).toEqual(['100', '010', '001', '110']);
  const ticks = picture.bits.reduce((sum, colour, bit) => sum + (colour[1]! > 128 ? 2 ** bit : 0), 0);
  // What is seen was drawn within the fifth of a second that it counts; a frame earlier or later by rounding.
  const early_s = ticks / TICKS_PER_S - picture.time_s;
  expect(early_s, `${what} at ${picture.time_s} s shows ${ticks}`).toBeLessThan(0.05);
  expect(early_s, `${what} at ${picture.time_s} s shows ${ticks}`).toBeGreaterThan(-1 / TICKS_PER_S - 0.05);
}

async function seek(page: Page, to_s: number): Promise<void> {
  await page.evaluate((to) => new Promise((done) => { film.video.addEventListener('seeked', done, { once: true }); film.video.currentTime = to; }), to_s);
}

const play = (page: Page) => page.evaluate(() => film.video.play());
const pause = (page: Page) => page.evaluate(() => film.video.pause());
const position = (page: Page) => page.evaluate(() => film.video.currentTime);

/** The picture in several places, standing and playing; ends near the end. */
async function expectPicture(page: Page, seconds = SECONDS): Promise<Picture> {
  const first = await page.evaluate(() => film.picture());
  expect(first.time_s).toBeLessThan(0.2);
  expectTruth(first, 'the beginning');
  for (const to of [seconds * 0.7, 1.1, seconds - 1.5]) {
    await seek(page, to);
    const there = await page.evaluate(() => film.picture());
    expect(Math.abs(there.time_s - to)).toBeLessThan(0.3);
    expectTruth(there, `after a seek to ${to}`);
  }
  await seek(page, 3);
  await play(page);
  await expect.poll(() => position(page), { timeout: 20_000 }).toBeGreaterThan(4.5);
  const moving = await page.evaluate(() => film.picture());
  expectTruth(moving, 'while it plays');
  await pause(page);
  return first;
}

/** The tone sounds in the seconds in which it should, to a tenth of a second, as the picture's clock has it. */
async function expectSound(page: Page, hertz: number): Promise<void> {
  await seek(page, 2.5);
  await page.evaluate(() => film.sound());
  await play(page);
  await expect.poll(() => position(page)).toBeGreaterThan(2.6);
  const heard = await page.evaluate(() => film.listen(3_600));
  const far = heard.filter(({ time_s }) => Math.abs(time_s - Math.round(time_s)) > 0.15);
  const wrong = far.filter(({ time_s, loud }) => (loud > LOUD) !== (Math.floor(time_s) % 2 === 1));
  expect(far.length).toBeGreaterThan(20);
  expect(wrong.length, JSON.stringify(wrong)).toBeLessThanOrEqual(far.length * 0.05);
  await pause(page);
  await expectTone(page, hertz);
}

/** It is this tone that sounds in the eighth second. Another track comes when its first part is there: until then it is asked again. */
async function expectTone(page: Page, hertz: number): Promise<void> {
  const heard_hz = () => page.evaluate(async () => {
    await new Promise((done) => { film.video.addEventListener('seeked', done, { once: true }); film.video.currentTime = 7.2; });
    await film.video.play();
    const heard = [];
    while (film.video.currentTime < 7.8) {
      const { loud, hertz } = film.sound();
      if (loud > 0.02) heard.push(hertz);
      await new Promise((later) => setTimeout(later, 20));
    }
    film.video.pause();
    return heard.sort((a, b) => a - b)[Math.floor(heard.length / 2)] ?? 0;
  });
  await expect.poll(async () => Math.abs(await heard_hz() - hertz), { timeout: 30_000 }).toBeLessThan(30);
}

/** It plays to its end, and that is where it was. */
async function expectEnd(page: Page, seconds = SECONDS): Promise<void> {
  await seek(page, seconds - 1.2);
  await play(page);
  await expect.poll(() => page.evaluate(() => film.video.ended), { timeout: 20_000 }).toBe(true);
  expect(Math.abs(await position(page) - seconds)).toBeLessThan(0.25);
  expect(await page.evaluate(() => film.errors)).toEqual([]);
}

/** Every size of the ladder, one after the other, at the same time as the one before. */
async function expectLevels(page: Page, heights: number[]): Promise<void> {
  await expect.poll(() => page.evaluate(() => film.hls.levels.map(({ height }) => height).sort((a, b) => a - b))).toEqual([...heights].sort((a, b) => a - b));
  await play(page);
  for (const [at, height] of (await page.evaluate(() => film.hls.levels.map(({ height }) => height))).entries()) {
    await seek(page, 2 + at);
    await page.evaluate((level) => { film.hls.currentLevel = level; }, at);
    await expect.poll(async () => (await page.evaluate(() => film.picture())).height, { timeout: 20_000 }).toBe(height);
    expectTruth(await page.evaluate(() => film.picture()), `at ${height} lines`);
  }
  await pause(page);
}

// The machine that tests may be busy, and every film is converted anew.
test.describe.configure({ timeout: 400_000 });

test('H.264 that fits is copied and plays as it was, B-frames and all', async ({ page, films }) => {
  const source = films.at('film.mp4');
  await ffmpeg('-f', 'lavfi', '-i', pattern(640, 480, 25, SECONDS), '-f', 'lavfi', '-i', tone(440, SECONDS), ...H264, '-bf', '3', '-c:a', 'aac', source);
  await films.convert(source, 'out').whole;
  expect(JSON.parse(await readFile(films.at('out/conversion.json'), 'utf8')).renditions[0].copied).toBe(true);
  await open(page, films, 'out');
  const { width, height } = await expectPicture(page);
  expect([width, height]).toEqual([640, 480]);
  await expectSound(page, 440);
  await expectLevels(page, [480, 360]);
  await expectEnd(page);
});

test('a recording of a browser, VP9 in WebM', async ({ page, films }) => {
  const source = films.at('film.webm');
  await ffmpeg('-f', 'lavfi', '-i', pattern(640, 400, 30, SECONDS), '-f', 'lavfi', '-i', tone(440, SECONDS), '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '500k', '-c:a', 'libopus', source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  await expectSound(page, 440);
  await expectLevels(page, [400, 360]);
  await expectEnd(page);
});

test('a film of a phone held upright is upright', async ({ page, films }) => {
  const source = films.at('film.mp4');
  // As a phone stores it: lying, with a matrix beside it that says how to turn it; ffmpeg counts its degrees against the clock.
  await ffmpeg('-f', 'lavfi', '-i', `${pattern(360, 640, 30, SECONDS)},transpose=clock`, '-f', 'lavfi', '-i', tone(440, SECONDS), ...H264, '-c:a', 'aac', films.at('lying.mp4'));
  await ffmpeg('-i', films.at('lying.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90', source);
  await page.goto(`${films.url}/player.html`);
  await page.evaluate(() => new Promise((there) => { film.video.addEventListener('loadeddata', there, { once: true }); film.video.src = '/film.mp4'; }));
  expectTruth(await page.evaluate(() => film.picture()), 'the film itself, as a browser turns it');
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  const { width, height } = await expectPicture(page);
  expect([width, height]).toEqual([360, 640]);
  await expectSound(page, 440);
  await expectEnd(page);
});

test('HEVC of ten bits with much light', async ({ page, films }) => {
  const source = films.at('film.mov');
  const colours = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];
  await ffmpeg('-f', 'lavfi', '-i', `${pattern(480, 360, 25, SECONDS)},scale=out_color_matrix=bt2020,format=yuv420p10le`, '-f', 'lavfi', '-i', tone(440, SECONDS),
    '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc', ...colours, '-tag:v', 'hvc1', '-c:a', 'aac', source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  await expectSound(page, 440);
  await expectEnd(page);
});

test('two languages, subtitles, and sizes are changed while it plays', async ({ page, films }) => {
  const source = films.at('film.mkv');
  await writeFile(films.at('words.srt'), '1\n00:00:02,000 --> 00:00:04,000\nGuten Abend\n\n2\n00:00:06,500 --> 00:00:08,000\nLebe <i>wohl</i>\n');
  await ffmpeg('-f', 'lavfi', '-i', pattern(640, 480, 25, SECONDS), '-f', 'lavfi', '-i', tone(440, SECONDS), '-f', 'lavfi', '-i', tone(1_200, SECONDS), '-i', films.at('words.srt'),
    '-map', '0', '-map', '1', '-map', '2', '-map', '3', ...H264, '-c:a', 'aac', '-c:s', 'srt',
    '-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=ger', '-metadata:s:a:1', 'title=Deutsch', '-metadata:s:s:0', 'language=ger', source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  expect(await page.evaluate(() => film.hls.audioTracks.map(({ name }) => name))).toEqual(['eng', 'Deutsch']);
  await expectSound(page, 440);
  await page.evaluate(() => { film.hls.audioTrack = 1; });
  await expectSound(page, 1_200);
  await expectLevels(page, [480, 360]);
  await expectTone(page, 1_200);
  await page.evaluate(() => { film.hls.audioTrack = 0; });
  await expectTone(page, 440);
  await page.evaluate(() => { film.hls.subtitleTrack = 0; });
  const cues = () => page.evaluate(() => [...film.video.textTracks].flatMap(({ cues }) => [...(cues ?? [])] as VTTCue[]).map(({ startTime, endTime, text }) => [startTime, endTime, text]));
  // hls.js puts the earliest of all tracks at nothing.
  const near = (seconds: number) => expect.closeTo(seconds + 0.011, 1.6);
  await expect.poll(cues).toEqual([[near(2), near(4), 'Guten Abend'], [near(6.5), near(8), 'Lebe <i>wohl</i>']]);
  await expectEnd(page);
});

test('an odd size, with colours in full', async ({ page, films }) => {
  const source = films.at('film.mkv');
  await ffmpeg('-f', 'lavfi', '-i', pattern(427, 241, 25, SECONDS), '-f', 'lavfi', '-i', tone(440, SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv444p', '-c:a', 'flac', source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  await expectSound(page, 440);
  await expectEnd(page);
});

test('a recording of a screen, whose pictures come when something moves', async ({ page, films }) => {
  const source = films.at('film.mp4');
  // A fifth of a second for most pictures, and now and then a rush of them.
  const moves = `${pattern(640, 360, 50, SECONDS)},select='not(mod(n\\,10))+between(mod(t\\,3)\\,1\\,1.5)'`;
  await ffmpeg('-f', 'lavfi', '-i', moves, '-f', 'lavfi', '-i', tone(440, SECONDS), '-vsync', 'vfr', ...H264, '-c:a', 'aac', source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  await expectSound(page, 440);
  await expectEnd(page);
});

test('a film without sound', async ({ page, films }) => {
  const source = films.at('film.mp4');
  await ffmpeg('-f', 'lavfi', '-i', pattern(320, 240, 25, SECONDS), ...H264, source);
  await films.convert(source, 'out').whole;
  await open(page, films, 'out');
  await expectPicture(page);
  await expectEnd(page);
});

test('sound alone is no film, and its sender is told', async ({ films }) => {
  const source = films.at('film.mp4');
  await ffmpeg('-f', 'lavfi', '-i', tone(440, 3), '-c:a', 'aac', source);
  await expect(films.convert(source, 'out').whole).rejects.toThrow('there is no picture in it');
});

for (const [what, encoder] of [['encoded', ['-c:v', 'mpeg4', '-q:v', '4']], ['copied', H264]] as const) {
  test(`a film that is still being ${what} plays from its beginning to where it is, and on when it grows`, async ({ page, films }) => {
    const source = films.at('film.mkv');
    const seconds = 24;
    await ffmpeg('-f', 'lavfi', '-i', pattern(320, 240, 25, seconds), '-f', 'lavfi', '-i', tone(440, seconds), ...encoder, '-c:a', 'aac', source);
    const converting = films.convert(source, 'out');
    await converting.playable;
    await converting.hold(true);
    const index = await readFile(join(converting.folder, 'index.m3u8'), 'utf8');
    const name = /^(\d+p)\/index.m3u8$/m.exec(index)![1]!;
    const playlist = (of = name) => readFile(join(converting.folder, of, 'index.m3u8'), 'utf8');
    const growing = await playlist();
    const length_s = async (of: string) => [...(await playlist(of)).matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, length]) => sum + Number(length), 0);
    // Levelling hears some seconds ahead: the sound is a little behind the picture.
    const there_s = Math.min(await length_s(name), await length_s('audio-0'));
    // A copy may be whole before anybody can hold it.
    if (what === 'encoded') expect(growing).not.toContain('ENDLIST');
    await open(page, films, 'out');
    const first = await page.evaluate(() => film.picture());
    expect(first.time_s).toBeLessThan(0.2);
    expectTruth(first, 'the beginning');
    await play(page);
    await expect.poll(() => position(page), { timeout: 20_000 }).toBeGreaterThan(2);
    expectTruth(await page.evaluate(() => film.picture()), 'while it grows');
    if (what === 'encoded') {
      // To where it is, and no further; then it waits.
      await seek(page, Math.max(there_s - 2, 0.5));
      await expect.poll(() => position(page), { timeout: 20_000 }).toBeGreaterThan(there_s - 0.5);
      expect(await page.evaluate(() => film.video.ended)).toBe(false);
      expect(await position(page)).toBeLessThan(there_s + 0.3);
    }
    await converting.hold(false);
    await converting.whole;
    expect(await playlist()).toContain('ENDLIST');
    await expect.poll(() => page.evaluate(() => film.video.duration), { timeout: 30_000 }).toBeGreaterThan(seconds - 0.3);
    await play(page);
    const was = await position(page);
    await expect.poll(() => position(page), { timeout: 20_000 }).toBeGreaterThan(was + 1);
    await seek(page, 20);
    expectTruth(await page.evaluate(() => film.picture()), 'when it is whole');
    await expectEnd(page, seconds);
  });
}
