import { catalogue } from '../../../i18n/locale.svelte';

/** Words of host visits. */
export const visits = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
