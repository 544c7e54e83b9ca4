import { catalogue } from '../../../i18n/locale.svelte';

/** Words of floating messages. */
export const floats = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
