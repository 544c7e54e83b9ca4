/** The chunk of one's groups and of what others may ask of one. */
import { groups } from './messages';

export { default as Dock } from './Dock.svelte';
export { default as PastGroupsScreen } from './PastGroupsScreen.svelte';
export { default as PreferencesSection } from './PreferencesSection.svelte';
export const ready = () => groups.ready();
