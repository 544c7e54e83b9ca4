import { catalogue } from '../../../i18n/locale.svelte';

/** Words of videos. */
export const films = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
