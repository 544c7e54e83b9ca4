/** The chunk of the page of visits. */
import { visits } from './messages';

export { default as VisitsPage } from './VisitsPage.svelte';
export const ready = () => visits.ready();
