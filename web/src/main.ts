import './ui/base.css';
import './ui/tokens.css';
import { mount } from 'svelte';
import App from './app/App.svelte';
import { app } from './app/messages';
import { followLinks } from './app/navigation.svelte';
import { createModels } from './app/wiring';
import { startLocale } from './i18n/locale.svelte';

followLinks();
await startLocale();
await app.ready();
mount(App, { target: document.getElementById('app') ?? document.body, props: { models: createModels() } });

if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/service-worker.js');
