import { catalogue } from '../../../../i18n/locale.svelte';

/** Words of the library. */
export const libraryWords = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
