/** The chunk of the front page. */
export { default as FrontPage } from './FrontPage.svelte';
