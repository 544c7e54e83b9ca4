// Keeps the app's shell, so that it opens without a network and says so itself.
// Pages come from the network first; files whose names hold their contents' hash come from the cache;
// what the server answers under /api, /ws and /media is never kept.
const CACHE = 'hearth-shell-1';
const CACHE_FILES_MAX = 120;
const OWN = /^\/(assets\/|icons\/|theme\.js$|manifest\.webmanifest$)/;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add('/')).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

async function keep(request, response) {
  if (!response.ok) return;
  const cache = await caches.open(CACHE);
  const kept = await cache.keys();
  // The oldest go first, and never the page itself.
  for (const old of kept.slice(1, Math.max(1, kept.length - CACHE_FILES_MAX))) await cache.delete(old);
  await cache.put(request, response);
}

async function page(request) {
  try {
    const response = await fetch(request);
    if (response.ok) void keep('/', response.clone());
    return response;
  } catch {
    return (await caches.match('/')) ?? Response.error();
  }
}

async function file(request) {
  const held = await caches.match(request);
  if (held) return held;
  const response = await fetch(request);
  void keep(request, response.clone());
  return response;
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (event.request.mode === 'navigate' && !/^\/(api|ws|media)(\/|$)/.test(url.pathname)) event.respondWith(page(event.request));
  else if (OWN.test(url.pathname)) event.respondWith(file(event.request));
});
