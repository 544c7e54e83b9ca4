import { catalogue } from '../../../i18n/locale.svelte';

/** Words of discussion groups. */
export const groups = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
