import { catalogue } from '../../../i18n/locale.svelte';

/** Words of a live room: the stage, its people, and the host's side. */
export const live = catalogue({ en: () => import('./en'), zh: () => import('./zh') });
