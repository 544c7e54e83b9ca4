/**
 * The language of the screens, and the message modules written in each.
 *
 * A catalogue is one module per language with the same shape, so a missing or extra
 * key is a type error. Only the language in use is loaded.
 */
export const LOCALES = ['en', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

/** Each language by its own name. */
export const LANGUAGE_NAMES: readonly (readonly [Locale, string])[] = [['en', 'English'], ['zh', '中文']];

const STORED_AS = 'hearth.language';

/** The stored choice, else the first of the browser's languages that exists here, else English. */
export function preferredLocale(stored: string | null, wanted: readonly string[]): Locale {
  for (const tag of stored === null ? wanted : [stored, ...wanted]) {
    const language = tag.toLowerCase().split('-')[0];
    const match = LOCALES.find((locale) => locale === language);
    if (match) return match;
  }
  return 'en';
}

type Loader<M> = () => Promise<{ default: M }>;
type Loadable = { load(locale: Locale): Promise<() => void> };

const catalogues = new Set<Loadable>();
let current = $state<Locale>('en');

export function locale(): Locale {
  return current;
}

/** BCP 47 tag for `Intl` and the `lang` attribute. */
export function localeTag(): string {
  return current === 'zh' ? 'zh-Hans' : 'en';
}

/** Loads the language for every catalogue in use, then switches all of them at once. */
export async function setLocale(next: Locale, remember: boolean): Promise<void> {
  const switches = await Promise.all([...catalogues].map((catalogue) => catalogue.load(next)));
  current = next;
  for (const apply of switches) apply();
  document.documentElement.lang = localeTag();
  if (remember) localStorage.setItem(STORED_AS, next);
}

export function startLocale(): Promise<void> {
  return setLocale(preferredLocale(localStorage.getItem(STORED_AS), navigator.languages), false);
}

/**
 * Declares a catalogue. The result is called to read it: `say().signIn`.
 * `ready` loads it in the current language; a screen awaits it before it is shown.
 */
export function catalogue<M extends object>(modules: Record<Locale, Loader<M>>): {
  (): M;
  ready(): Promise<void>;
} {
  let messages = $state.raw<M>();
  let held: Locale | null = null;
  const self: Loadable = {
    async load(wanted) {
      const loaded = (await modules[wanted]()).default;
      return () => {
        messages = loaded;
        held = wanted;
      };
    },
  };
  const read = (): M => {
    if (!messages) throw new Error('a catalogue was read before it was ready');
    return messages;
  };
  return Object.assign(read, {
    async ready() {
      catalogues.add(self);
      if (held !== current) (await self.load(current))();
    },
  });
}
