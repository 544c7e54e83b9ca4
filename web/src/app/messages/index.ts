import { catalogue } from '../../i18n/locale.svelte';

/** Words of the shell: what is on every page, and the front page. */
export const app = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
