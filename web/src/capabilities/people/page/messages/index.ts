import { catalogue } from '../../../../i18n/locale.svelte';

/** Words of a person's page. */
export const pageWords = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
