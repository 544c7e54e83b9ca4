import { catalogue } from '../../../../i18n/locale.svelte';

/** Words of whoever publishes: green room, bars, keys, links and health. */
export const hosting = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
