/** The keys of a film: those of a live room where they mean the same, and those of time. */
export type ReplayAct =
  | { readonly do: 'play' | 'mute' | 'theatre' | 'full_screen' | 'panel' | 'louder' | 'quieter' | 'begin' | 'end' | 'slower' | 'faster' | 'picture' | 'captions' | 'next' | 'previous' | 'help' }
  | { readonly do: 'step'; readonly by_ms: number }
  | { readonly do: 'share'; readonly share: number };

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

export const STEP_MS = 5_000;
export const LONG_STEP_MS = 10_000;

const ACTS = new Map<string, ReplayAct>(Object.entries({
  ' ': { do: 'play' }, k: { do: 'play' }, m: { do: 'mute' }, t: { do: 'theatre' }, f: { do: 'full_screen' }, c: { do: 'panel' },
  ArrowUp: { do: 'louder' }, ArrowDown: { do: 'quieter' }, v: { do: 'captions' }, i: { do: 'picture' }, n: { do: 'next' }, p: { do: 'previous' }, '?': { do: 'help' },
  Home: { do: 'begin' }, End: { do: 'end' }, '<': { do: 'slower' }, '>': { do: 'faster' },
  ArrowLeft: { do: 'step', by_ms: -STEP_MS }, ArrowRight: { do: 'step', by_ms: STEP_MS }, j: { do: 'step', by_ms: -LONG_STEP_MS }, l: { do: 'step', by_ms: LONG_STEP_MS },
} as const satisfies Record<string, ReplayAct>));

/** What a key means, or null. `inControl`: the focus is on something that has a use for Space and arrows of its own. */
export function replayAct(pressed: Pressed, focus: { readonly inText: boolean; readonly inControl: boolean }): ReplayAct | null {
  if (pressed.defaultPrevented || pressed.isComposing || pressed.ctrlKey || pressed.metaKey || pressed.altKey || focus.inText) return null;
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  if (focus.inControl && (key === ' ' || key === 'Home' || key === 'End' || key.startsWith('Arrow'))) return null;
  if (/^[0-9]$/.test(key)) return { do: 'share', share: Number(key) / 10 };
  return ACTS.get(key) ?? null;
}
