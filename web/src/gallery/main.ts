/**
 * Every screen in every state, with made-up content and no server: `/gallery.html` lists them,
 * `/gallery.html?scene=room` shows one. Only the development server has this page.
 */
import '../ui/base.css';
import '../ui/tokens.css';
import { mount } from 'svelte';
import App from '../app/App.svelte';
import { app } from '../app/messages';
import { followLinks, go } from '../app/navigation.svelte';
import { preferences } from '../app/preferences.svelte';
import { setLocale, startLocale } from '../i18n/locale.svelte';
import Index from './Index.svelte';
import { sampleModels } from './samples.svelte';
import { SCENES } from './scenes';

const asked = new URLSearchParams(location.search);
const scene = SCENES.find((one) => one.name === asked.get('scene'));
const target = document.getElementById('app') ?? document.body;

await startLocale();
if (asked.get('language') === 'zh') await setLocale('zh', false);
await app.ready();
if (scene) {
  preferences.theatre = scene.theatre === true;
  preferences.panelOpen = true;
  go(scene.route, 'replace');
  followLinks();
  mount(App, { target, props: { models: sampleModels(scene) } });
} else {
  mount(Index, { target });
}
