/** What this browser remembers about how its person likes things. Never leaves the browser. */
export type Theme = 'dark' | 'light' | 'system';

interface Stored {
  theme: Theme;
  /** 0 to 1. */
  volume: number;
  muted: boolean;
  theatre: boolean;
  panelOpen: boolean;
  /** Whether the stream is turned down while somebody of one's group speaks. */
  duckStream: boolean;
  /** The language of captions, as a film's subtitles say it; empty: none. */
  captions: string;
  /** Where a dialog's films play on a wide screen. */
  screening: 'above' | 'beside';
}

const STORED_AS = 'hearth.preferences';
const DEFAULTS: Stored = { theme: 'system', volume: 1, muted: false, theatre: false, panelOpen: true, duckStream: true, captions: '', screening: 'beside' };

function restored(): Stored {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED_AS) ?? '{}');
    if (typeof found !== 'object' || found === null) return { ...DEFAULTS };
    const one = found as Partial<Record<keyof Stored, unknown>>;
    return {
      theme: one.theme === 'light' || one.theme === 'dark' ? one.theme : DEFAULTS.theme,
      volume: typeof one.volume === 'number' && one.volume >= 0 && one.volume <= 1 ? one.volume : DEFAULTS.volume,
      muted: one.muted === true,
      theatre: one.theatre === true,
      panelOpen: one.panelOpen !== false,
      duckStream: one.duckStream !== false,
      captions: typeof one.captions === 'string' ? one.captions : DEFAULTS.captions,
      screening: one.screening === 'above' ? 'above' : DEFAULTS.screening,
    };
  } catch {
    return { ...DEFAULTS };
  }
}

/** The grounds of the two themes, for the frame that the system draws around the page. They are those of `index.html`. */
export const FRAME = { dark: '#14100e', light: '#f8f3ed' } as const;

/** The frame follows the choice; without one each of the two follows the device. */
function paintFrame(theme: Theme): void {
  for (const of of ['dark', 'light'] as const) {
    document.querySelector(`meta[name="theme-color"][media*="${of}"]`)?.setAttribute('content', FRAME[theme === 'system' ? of : theme]);
  }
}

const state = $state(restored());

function remember(): void {
  localStorage.setItem(STORED_AS, JSON.stringify(state));
}

export const preferences = {
  get theme() { return state.theme; },
  set theme(value: Theme) { state.theme = value; document.documentElement.dataset.theme = value; paintFrame(value); remember(); },
  get volume() { return state.volume; },
  set volume(value: number) { state.volume = Math.min(1, Math.max(0, value)); remember(); },
  get muted() { return state.muted; },
  set muted(value: boolean) { state.muted = value; remember(); },
  get theatre() { return state.theatre; },
  set theatre(value: boolean) { state.theatre = value; remember(); },
  get panelOpen() { return state.panelOpen; },
  set panelOpen(value: boolean) { state.panelOpen = value; remember(); },
  get duckStream() { return state.duckStream; },
  set duckStream(value: boolean) { state.duckStream = value; remember(); },
  get captions() { return state.captions; },
  set captions(value: string) { state.captions = value; remember(); },
  get screening() { return state.screening; },
  set screening(value: Stored['screening']) { state.screening = value; remember(); },
};
