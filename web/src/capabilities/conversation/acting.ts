/** The chunk of what one does about messages and people, fetched when a menu is first opened. */
export { default as Acts } from './Acts.svelte';
export { default as ChoiceMenu } from './ChoiceMenu.svelte';
export { choicesForMessage } from './choices';
