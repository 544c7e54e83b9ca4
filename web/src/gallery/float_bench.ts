/**
 * How long a frame of floating messages takes, with as many on screen as asked for: `/float_bench.html?messages=480&seconds=5`.
 * Only the development server has this page; `scripts/float_bench.mjs` prints what it tells.
 */
import '../ui/tokens.css';
import { Board } from '../capabilities/floating_messages/board';
import { FloatCanvas } from '../capabilities/floating_messages/canvas';
import { COLORS, type FloatingMessage } from '../capabilities/floating_messages/model';
import { layoutOf } from '../capabilities/floating_messages/layout';
import { DEFAULTS } from '../capabilities/floating_messages/settings';
import { line } from './sample_people';

const asked = new URLSearchParams(location.search);
const wanted = Number(asked.get('messages') ?? 480);
const seconds = Number(asked.get('seconds') ?? 5);
const [width_px, height_px] = [1280, 720];

const stage = document.getElementById('stage');
const canvas = document.createElement('canvas');
canvas.style.cssText = `position:absolute;inset:0;width:${width_px}px;height:${height_px}px;font-family:var(--font)`;
stage?.append(canvas);

const painter = new FloatCanvas(canvas, getComputedStyle(canvas).fontFamily);
painter.resize(width_px, height_px, devicePixelRatio);
const board = new Board((message, layout) => painter.widthOf(message, layout));
// Small letters over all of the picture: with the usual size there is no room for as many without overlap.
const layout = layoutOf({ width_px, height_px, bottomInset_px: 0 }, { ...DEFAULTS, area: 1, size: 0.6, density: 'many', speed: 0.5 }, false);
board.arrange(layout, () => true);

const short = (text: string) => [...text].slice(0, 5).join('');
const PER_SECOND = wanted / 13;
const messages: FloatingMessage[] = Array.from({ length: Math.ceil(PER_SECOND * (seconds + 60)) }, (_, at) => ({
  id: `m${at}`, text: `${short(line(at).text)}${at % 7}`, mine: at % 97 === 0, media_ms: (at * 1_000) / PER_SECOND,
  style: { color: COLORS[at % COLORS.length] ?? COLORS[0], place: 'scroll' },
}));
board.add(messages);

const WARM_UP_MS = 30_000;
const own: number[] = [];
const between: number[] = [];
const counts: number[] = [];
let begun: number | null = null;
let last = 0;

function frame(now: number) {
  begun ??= now;
  const media_ms = WARM_UP_MS + (now - begun);
  const before = performance.now();
  board.advance(media_ms);
  painter.draw(board.floating, layout, media_ms, true);
  // The first frames paint every text once, which in use is spread over seconds.
  if (now - begun > 1_000) {
    own.push(performance.now() - before);
    between.push(now - last);
    counts.push(board.floating.filter((one) => one.seat.start_ms <= media_ms).length);
  }
  last = now;
  if (now - begun < 1_000 * (seconds + 1)) requestAnimationFrame(frame);
  else tell();
}

function tell() {
  const at = (all: number[], part: number) => [...all].sort((a, b) => a - b)[Math.floor(part * (all.length - 1))] ?? Number.NaN;
  const mean = (all: number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  const told = {
    frames: own.length, onScreen: Math.round(mean(counts)), rows: layout.field.rows,
    fps: Math.round(1_000 / mean(between)),
    drawing_ms: { p50: at(own, 0.5), p95: at(own, 0.95), p99: at(own, 0.99) },
    between_ms: { p50: at(between, 0.5), p95: at(between, 0.95), p99: at(between, 0.99) },
  };
  const place = document.getElementById('told');
  if (place) place.textContent = JSON.stringify(told);
}
requestAnimationFrame(frame);
