/**
 * A camera whose every frame says when it was taken, so that a viewer's picture can be read:
 * the time of day as black and white bars, with a checksum, over colours that move.
 * Several cameras are told apart by their checksums, which begin at other numbers.
 */
import type { Page } from '@playwright/test';

/** The time wraps after this, about 17 minutes. */
const TIME_BITS = 20;
const CHECK_BITS = 4;
/** So many cameras can be told apart; the other checksums say that a picture can't be read. */
const CAMERAS = 4;

/**
 * Gives the page a camera that shows the pattern, and a blue screen to share; its microphone stays the browser's own.
 * How often the page asked for a camera or microphone is counted in `devicesAsked`.
 * @param whose which camera it is, below 4
 */
export async function giveCamera(page: Page, whose = 0): Promise<void> {
  await page.addInitScript(({ timeBits, checkBits, whose }) => {
    const counted = globalThis as unknown as { devicesAsked: number };
    counted.devicesAsked = 0;
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    const camera = () => {
      const canvas = document.createElement('canvas');
      canvas.width = 1280;
      canvas.height = 720;
      const paint = canvas.getContext('2d')!;
      const bits = timeBits + checkBits;
      const draw = () => {
        const time = Date.now() % 2 ** timeBits;
        let check = whose;
        for (let at = 0; at < timeBits; at += checkBits) check ^= (time >> at) & (2 ** checkBits - 1);
        const word = time * 2 ** checkBits + check;
        paint.fillStyle = `hsl(${(time / 20) % 360} 60% 40%)`;
        paint.fillRect(0, 0, 1280, 720);
        paint.fillStyle = 'white';
        paint.beginPath();
        paint.arc(200 + ((time / 4) % 880), 500, 90, 0, 7);
        paint.fill();
        for (let bit = 0; bit < bits; bit += 1) {
          paint.fillStyle = Math.floor(word / 2 ** (bits - 1 - bit)) % 2 ? 'white' : 'black';
          paint.fillRect((bit * 1280) / bits, 0, 1280 / bits + 1, 240);
        }
      };
      draw();
      // A timer, not an animation frame: the page may be behind others.
      const timer = setInterval(draw, 33);
      const track = canvas.captureStream(30).getVideoTracks()[0]!;
      const stop = track.stop.bind(track);
      track.stop = () => { clearInterval(timer); stop(); };
      return track;
    };
    // A screen that is plainly no camera: one colour, and a clock.
    devices.getDisplayMedia = async () => {
      const canvas = document.createElement('canvas');
      canvas.width = 1280;
      canvas.height = 800;
      const paint = canvas.getContext('2d')!;
      const timer = setInterval(() => {
        paint.fillStyle = 'rgb(20, 40, 200)';
        paint.fillRect(0, 0, 1280, 800);
        paint.fillStyle = 'white';
        paint.font = '60px sans-serif';
        paint.fillText(new Date().toISOString(), 200, 420);
      }, 66);
      const stream = canvas.captureStream(15);
      const track = stream.getVideoTracks()[0]!;
      const stop = track.stop.bind(track);
      track.stop = () => { clearInterval(timer); stop(); };
      return stream;
    };
    devices.getUserMedia = async (wanted) => {
      counted.devicesAsked += 1;
      const stream = new MediaStream();
      if (wanted?.audio) for (const track of (await original({ audio: wanted.audio })).getTracks()) stream.addTrack(track);
      if (wanted?.video) stream.addTrack(camera());
      return stream;
    };
  }, { timeBits: TIME_BITS, checkBits: CHECK_BITS, whose });
}

/** The colour at the upper left of a video, as red, green and blue. */
export function cornerOf(page: Page, video: string): Promise<number[] | null> {
  return page.evaluate((selector) => {
    const found = document.querySelector<HTMLVideoElement>(selector);
    if (!found || found.videoWidth === 0) return null;
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    const paint = canvas.getContext('2d')!;
    paint.drawImage(found, found.videoWidth / 20, found.videoHeight / 20, 8, 8, 0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, video);
}

export interface ReadPicture {
  /** Milliseconds since it was taken. */
  readonly age_ms: number;
  /** Which camera took it. */
  readonly whose: number;
}

/** How old the picture on the stage is, in milliseconds; null while nothing readable is shown. `over`: the one that comes by HLS. */
export async function ageOfPicture(page: Page, which: 'main' | 'over' = 'main'): Promise<number | null> {
  return (await readPictures(page, `.stage video.${which}`)).find((one) => one.whose === 0)?.age_ms ?? null;
}

/** The pictures on the stage that can be read. */
export function readPictures(page: Page, videos = '.stage video'): Promise<ReadPicture[]> {
  return page.evaluate(({ videos, timeBits, checkBits, cameras }) => [...document.querySelectorAll<HTMLVideoElement>(videos)].flatMap((video) => {
    if (video.videoWidth === 0) return [];
    const bits = timeBits + checkBits;
    const canvas = document.createElement('canvas');
    canvas.width = bits * 10;
    canvas.height = 30;
    const paint = canvas.getContext('2d', { willReadFrequently: true })!;
    paint.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 3, 0, 0, canvas.width, canvas.height);
    let word = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      const { data } = paint.getImageData(bit * 10 + 4, 12, 2, 4);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at]! + data[at + 1]! + data[at + 2]!;
      word = word * 2 + (sum / (data.length / 4) > 384 ? 1 : 0);
    }
    const time = Math.floor(word / 2 ** checkBits);
    let whose = word % 2 ** checkBits;
    for (let at = 0; at < timeBits; at += checkBits) whose ^= (time >> at) & (2 ** checkBits - 1);
    if (whose >= cameras) return [];
    const age = ((Date.now() % 2 ** timeBits) - time + 2 ** timeBits) % 2 ** timeBits;
    // What seems to come from the future was taken within this very millisecond.
    return [{ age_ms: age > 2 ** (timeBits - 1) ? 0 : age, whose }];
  }), { videos, timeBits: TIME_BITS, checkBits: CHECK_BITS, cameras: CAMERAS });
}
