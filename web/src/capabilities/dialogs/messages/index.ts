import { catalogue } from '../../../i18n/locale.svelte';

/** Words of dialogs and friends. */
export const dialogWords = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
