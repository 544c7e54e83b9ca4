import './ui/base.css';
import './ui/tokens.css';
import { mount } from 'svelte';
import App from './app/App.svelte';
import { app } from './app/messages';
import { followLinks } from './app/navigation.svelte';
import { createModels } from './app/wiring';
import { startLocale } from './i18n/locale.svelte';

// The page that most come to, on its way while the words are.
if (location.pathname === '/') void import('./capabilities/live_rooms/front');
followLinks();
await startLocale();
await app.ready();
mount(App, { target: document.getElementById('app') ?? document.body, props: { models: createModels() } });

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // Without it the app only isn't installable: on a page whose certificate the browser does not trust, for one.
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
}
