import { catalogue } from '../../../i18n/locale.svelte';

/** Words of every conversation. */
export const conversation = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
