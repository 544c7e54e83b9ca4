/**
 * Draws what floats. Each text is drawn once, with its outline, into a canvas of its own, and copied from there for each
 * frame: shaping and outlining letters is what costs.
 */
import { drawnAt, type Floating } from './board';
import { floatingText, type FloatingMessage } from './model';
import type { Layout } from './layout';

/** Beyond this a screen's pixels are too small to be seen in moving text. */
export const PIXEL_RATIO_MAX = 2;
/** Pixels of kept texts: 48 MiB at four bytes each. What was not drawn for longest is let go. */
export const KEPT_PIXELS_MAX = 12 * 1024 * 1024;
const WEIGHT = 620;
const OUTLINE_PER_FONT = 0.15;
const FRAME_PER_FONT = 0.28;
/** Below this lightness letters get a light outline instead of a dark one. */
const DARK_BELOW = 0.22;

interface Sprite {
  readonly canvas: HTMLCanvasElement;
  readonly pixels: number;
}

/** How light a colour is to the eye, 0 to 1 (relative luminance of WCAG 2.2). */
export function lightness(color: string): number {
  const part = (from: number) => {
    const value = Number.parseInt(color.slice(from, from + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

export class FloatCanvas {
  #context: CanvasRenderingContext2D | null;
  #measure: CanvasRenderingContext2D | null;
  #sprites = new Map<string, Sprite>();
  #pixels = 0;
  #widths = new Map<string, number>();
  #ratio = 1;
  #empty = true;

  /** @param family the page's fonts */
  constructor(private readonly canvas: HTMLCanvasElement, private readonly family: string) {
    this.#context = canvas.getContext('2d');
    this.#measure = document.createElement('canvas').getContext('2d');
  }

  /** @param pixelRatio of the screen */
  resize(width_px: number, height_px: number, pixelRatio: number): void {
    const ratio = Math.min(PIXEL_RATIO_MAX, Math.max(1, pixelRatio));
    if (ratio !== this.#ratio) this.forget();
    this.#ratio = ratio;
    const width = Math.round(width_px * ratio);
    const height = Math.round(height_px * ratio);
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.#empty = true;
  }

  /** The width that a message takes, in CSS pixels. */
  widthOf(message: FloatingMessage, layout: Layout): number {
    const key = `${layout.font_px} ${message.mine ? 1 : 0} ${message.text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      const context = this.#measure;
      if (!context) return 0;
      context.font = this.#font(layout.font_px);
      width = Math.ceil(context.measureText(floatingText(message.text)).width) + 2 * this.#padding(message, layout);
      if (this.#widths.size > 5_000) this.#widths.clear();
      this.#widths.set(key, width);
    }
    return width;
  }

  draw(floating: readonly Floating[], layout: Layout, now_ms: number, colors: boolean): void {
    const context = this.#context;
    if (!context || (floating.length === 0 && this.#empty)) return;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#empty = floating.length === 0;
    const ratio = this.#ratio;
    for (const one of floating) {
      const at = drawnAt(one, layout, now_ms);
      if (!at) continue;
      const sprite = this.#sprite(one.message, layout, colors);
      if (!sprite) continue;
      if (context.globalAlpha !== at.alpha) context.globalAlpha = at.alpha;
      // On whole pixels a copy is only a copy.
      context.drawImage(sprite.canvas, Math.round(at.x_px * ratio), Math.round(at.y_px * ratio));
    }
    context.globalAlpha = 1;
  }

  clear(): void {
    this.#context?.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#empty = true;
  }

  forget(): void {
    this.#sprites.clear();
    this.#pixels = 0;
  }

  get kept(): number { return this.#sprites.size; }
  get keptPixels(): number { return this.#pixels; }

  #font(font_px: number): string { return `${WEIGHT} ${font_px}px ${this.family}`; }

  #padding(message: FloatingMessage, layout: Layout): number {
    return Math.ceil(layout.font_px * (OUTLINE_PER_FONT + (message.mine ? FRAME_PER_FONT : 0)));
  }

  #sprite(message: FloatingMessage, layout: Layout, colors: boolean): Sprite | null {
    const color = colors ? message.style.color : '#ffffff';
    const key = `${layout.font_px} ${color} ${message.mine ? 1 : 0} ${message.text}`;
    const kept = this.#sprites.get(key);
    if (kept) {
      // The map's order is that of use.
      this.#sprites.delete(key);
      this.#sprites.set(key, kept);
      return kept;
    }
    const made = this.#paint(message, layout, color);
    if (!made) return null;
    this.#sprites.set(key, made);
    this.#pixels += made.pixels;
    for (const [oldest, sprite] of this.#sprites) {
      if (this.#pixels <= KEPT_PIXELS_MAX || sprite === made) break;
      this.#sprites.delete(oldest);
      this.#pixels -= sprite.pixels;
    }
    return made;
  }

  #paint(message: FloatingMessage, layout: Layout, color: string): Sprite | null {
    const ratio = this.#ratio;
    const { font_px, field: { row_px } } = layout;
    const width_px = this.widthOf(message, layout);
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.ceil(width_px * ratio));
    canvas.height = Math.max(1, Math.ceil(row_px * ratio));
    const context = canvas.getContext('2d');
    if (!context) return null;
    const text = floatingText(message.text);
    const dark = lightness(color) < DARK_BELOW;
    context.scale(ratio, ratio);
    context.font = this.#font(font_px);
    context.direction = RIGHT_TO_LEFT.test(text) ? 'rtl' : 'ltr';
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    context.lineJoin = 'round';
    context.lineWidth = font_px * OUTLINE_PER_FONT;
    context.strokeStyle = dark ? 'rgb(255 255 255 / 0.85)' : 'rgb(0 0 0 / 0.78)';
    context.fillStyle = color;
    const x_px = this.#padding(message, layout);
    // By the font's own height, so that letters with and without tails stand on one line.
    const y_px = (row_px + font_px * 0.72) / 2;
    context.strokeText(text, x_px, y_px);
    context.fillText(text, x_px, y_px);
    if (message.mine) {
      const line_px = Math.max(1.5, font_px * 0.08);
      const frame = (width: number, style: string) => {
        context.lineWidth = width;
        context.strokeStyle = style;
        context.beginPath();
        context.roundRect(line_px, line_px, width_px - 2 * line_px, row_px - 2 * line_px, row_px / 2);
        context.stroke();
      };
      frame(line_px + 1.5, dark ? 'rgb(255 255 255 / 0.7)' : 'rgb(0 0 0 / 0.5)');
      frame(line_px, color);
    }
    return { canvas, pixels: canvas.width * canvas.height };
  }
}
