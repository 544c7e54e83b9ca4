/** How a viewer wants floating messages. Pure; `preferences.svelte.ts` keeps it. */
import { DEFAULT_STYLE, isColor, PLACES, type FloatingMessage, type FloatStyle, type Place } from './model';

export const AREAS = [0.25, 0.5, 0.75, 1] as const;
export type Area = (typeof AREAS)[number];
export const DENSITIES = ['few', 'some', 'many'] as const;
export type Density = (typeof DENSITIES)[number];

export const OPACITY = { min: 0.2, max: 1, step: 0.05 } as const;
export const SIZE = { min: 0.6, max: 1.6, step: 0.1 } as const;
export const SPEED = { min: 0.5, max: 2, step: 0.1 } as const;
export const WORDS_MAX = 200;
export const WORD_MAX_CHARS = 50;

export interface FloatSettings {
  /** Null until the viewer has said so: then it is off for who wants less motion, else on. */
  readonly on: boolean | null;
  /** The part of the picture, from above. */
  readonly area: Area;
  readonly opacity: number;
  readonly size: number;
  readonly speed: number;
  readonly density: Density;
  /** Off: all are white. */
  readonly colors: boolean;
  readonly top: boolean;
  readonly bottom: boolean;
  /** What contains one of these doesn't float. Words as they are, no patterns. */
  readonly words: readonly string[];
}

export const DEFAULTS: FloatSettings = {
  on: null, area: 0.5, opacity: 0.85, size: 1, speed: 1, density: 'some', colors: true, top: true, bottom: true, words: [],
};

/** What I send. */
export interface SendingChoice {
  readonly floats: boolean;
  readonly style: FloatStyle;
}
export const SENDING: SendingChoice = { floats: true, style: DEFAULT_STYLE };

type Unknown<T> = Partial<Record<keyof T, unknown>>;
const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});
const within = (value: unknown, { min, max }: { min: number; max: number }, otherwise: number): number =>
  typeof value === 'number' && value >= min && value <= max ? value : otherwise;
const oneOf = <T>(value: unknown, all: readonly T[], otherwise: T): T => (all.includes(value as T) ? (value as T) : otherwise);

/** Whatever was stored, by whatever version: what can't be read is as usual. */
export function settingsFrom(value: unknown): FloatSettings {
  const one: Unknown<FloatSettings> = object(value);
  return {
    on: typeof one.on === 'boolean' ? one.on : null,
    area: oneOf(one.area, AREAS, DEFAULTS.area),
    opacity: within(one.opacity, OPACITY, DEFAULTS.opacity),
    size: within(one.size, SIZE, DEFAULTS.size),
    speed: within(one.speed, SPEED, DEFAULTS.speed),
    density: oneOf(one.density, DENSITIES, DEFAULTS.density),
    colors: one.colors !== false,
    top: one.top !== false,
    bottom: one.bottom !== false,
    words: Array.isArray(one.words) ? one.words.reduce<string[]>((all, word) => (typeof word === 'string' ? withWord(all, word) : all), []) : [],
  };
}

export function sendingFrom(value: unknown): SendingChoice {
  const one: Unknown<SendingChoice> = object(value);
  const style: Unknown<FloatStyle> = object(one.style);
  return {
    floats: one.floats !== false,
    style: { color: isColor(style.color) ? style.color : DEFAULT_STYLE.color, place: oneOf<Place>(style.place, PLACES, DEFAULT_STYLE.place) },
  };
}

const folded = (text: string): string => text.normalize('NFKC').toLocaleLowerCase();

/** The list with a word more, unless it is empty, too long, there already, or one too many. */
export function withWord(words: readonly string[], word: string): string[] {
  const trimmed = word.trim();
  const known = words.some((one) => folded(one) === folded(trimmed));
  return trimmed === '' || trimmed.length > WORD_MAX_CHARS || known || words.length >= WORDS_MAX ? [...words] : [...words, trimmed];
}

/** Which messages float for a viewer with these settings. My own always do. */
export function admits(settings: FloatSettings): (message: FloatingMessage) => boolean {
  const words = settings.words.map(folded);
  return (message) => {
    if (message.mine) return true;
    if ((message.style.place === 'top' && !settings.top) || (message.style.place === 'bottom' && !settings.bottom)) return false;
    if (words.length === 0) return true;
    const text = folded(message.text);
    return !words.some((word) => text.includes(word));
  };
}
