/** The keys of a room: the same wherever a stage is. */
export type RoomKey = 'play' | 'mute' | 'theatre' | 'full_screen' | 'panel' | 'write' | 'louder' | 'quieter' | 'help' | 'hand';

const KEYS = new Map<string, RoomKey>(Object.entries({
  ' ': 'play', k: 'play', m: 'mute', t: 'theatre', f: 'full_screen', c: 'panel', '/': 'write', '?': 'help', h: 'hand',
  ArrowUp: 'louder', ArrowDown: 'quieter',
} as const));

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

/**
 * The meaning of a key, or null. `inControl`: the focus is on something that has a use for
 * Space, Enter and arrows of its own; `inText`: it takes text.
 */
export function roomKey(pressed: Pressed, focus: { readonly inText: boolean; readonly inControl: boolean }): RoomKey | null {
  if (pressed.defaultPrevented || pressed.isComposing || pressed.ctrlKey || pressed.metaKey || pressed.altKey || focus.inText) return null;
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  if (focus.inControl && (key === ' ' || key.startsWith('Arrow'))) return null;
  return KEYS.get(key) ?? null;
}

export function focusOf(target: EventTarget | null): { inText: boolean; inControl: boolean } {
  if (!(target instanceof HTMLElement)) return { inText: false, inControl: false };
  const range = target instanceof HTMLInputElement && target.type === 'range';
  const inText = !range && (target.isContentEditable || target.matches('input, textarea, select'));
  return { inText, inControl: range || target.closest('button, a, summary, [role=menu], [role=tab], li[tabindex]') !== null };
}
