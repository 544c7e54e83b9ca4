import { catalogue } from '../../../i18n/locale.svelte';

/** Words of sign-in, settings and people. */
export const people = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
