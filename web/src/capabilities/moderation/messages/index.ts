import { catalogue } from '../../../i18n/locale.svelte';

/** Words of reports and of the log. */
export const moderation = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
