import { catalogue } from '../../../i18n/locale.svelte';

/** Words of sending films and images. */
export const sendingWords = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
