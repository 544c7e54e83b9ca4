/** What this browser remembers of how its person likes floating messages. Never leaves the browser. */
import { DEFAULTS, sendingFrom, settingsFrom, type FloatSettings, type SendingChoice } from './settings';

const STORED_AS = 'hearth.floating';

function restored(): { settings: FloatSettings; sending: SendingChoice } {
  let found: unknown = null;
  try {
    found = JSON.parse(localStorage.getItem(STORED_AS) ?? 'null');
  } catch {
    // What can't be read is as if nothing had been kept.
  }
  const one = (typeof found === 'object' && found !== null ? found : {}) as { settings?: unknown; sending?: unknown };
  return { settings: settingsFrom(one.settings), sending: sendingFrom(one.sending) };
}

const first = restored();
let settings = $state.raw<FloatSettings>(first.settings);
let sending = $state.raw<SendingChoice>(first.sending);
const still = typeof matchMedia === 'function' ? matchMedia('(prefers-reduced-motion: reduce)') : null;
let lessMotion = $state(still?.matches === true);
still?.addEventListener('change', () => { lessMotion = still.matches; });

const remember = () => localStorage.setItem(STORED_AS, JSON.stringify({ settings, sending }));

export const floating = {
  get settings(): FloatSettings { return settings; },
  /** Whether messages float: by the viewer's word, else unless they want less motion. */
  get on(): boolean { return settings.on ?? !lessMotion; },
  get still(): boolean { return lessMotion; },
  get sending(): SendingChoice { return sending; },
  change(part: Partial<FloatSettings>): void {
    settings = settingsFrom({ ...settings, ...part });
    remember();
  },
  /** Back to how it looks at first; words and the switch stay. */
  reset(): void {
    settings = { ...DEFAULTS, on: settings.on, words: settings.words };
    remember();
  },
  send(part: Partial<SendingChoice>): void {
    sending = sendingFrom({ ...sending, ...part });
    remember();
  },
};
