/** Why signing in elsewhere ended here. The server writes it into the address. */
export const SIGN_IN_PROBLEMS = ['oidc', 'oidc_account', 'oidc_wait'] as const;
export type SignInProblem = (typeof SIGN_IN_PROBLEMS)[number];

/** Addresses of the app. `parse` and `href` are each other's inverse; a test holds them to it. */
export type Route =
  | { readonly at: 'front' }
  | { readonly at: 'room'; readonly host: string }
  /** `link`: the secret of its link, which lets in whoever has it. */
  | { readonly at: 'video'; readonly id: string; readonly link?: string }
  | { readonly at: 'sign_in'; readonly next: string | null; readonly problem?: SignInProblem }
  | { readonly at: 'sign_up'; readonly next: string | null }
  | { readonly at: 'setup'; readonly token: string }
  | { readonly at: 'settings' }
  /** `message`: the position of one that is to be shown. */
  | { readonly at: 'dialogs'; readonly id: string | null; readonly message?: number }
  | { readonly at: 'people' }
  | { readonly at: 'person'; readonly name: string }
  /** My own films. */
  | { readonly at: 'library' }
  | { readonly at: 'groups' }
  | { readonly at: 'visits' }
  | { readonly at: 'admin' }
  | { readonly at: 'nowhere'; readonly path: string };

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** Only a path on this origin may be returned to after signing in. */
export function safeNext(next: string | null): string | null {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : null;
}

export function parse(url: URL): Route {
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, '') : url.pathname;
  if (path === '/' || path === '') return { at: 'front' };
  if (path === '/sign-in') {
    const problem = SIGN_IN_PROBLEMS.find((known) => known === url.searchParams.get('problem'));
    return { at: 'sign_in', next: safeNext(url.searchParams.get('next')), ...(problem && { problem }) };
  }
  if (path === '/sign-up') return { at: 'sign_up', next: safeNext(url.searchParams.get('next')) };
  if (path === '/settings') return { at: 'settings' };
  if (path === '/people') return { at: 'people' };
  if (path === '/library') return { at: 'library' };
  if (path === '/dialogs') return { at: 'dialogs', id: null };
  if (path === '/groups') return { at: 'groups' };
  if (path === '/visits') return { at: 'visits' };
  if (path === '/admin') return { at: 'admin' };
  const setup = /^\/setup\/([^/]+)$/.exec(path);
  if (setup?.[1]) {
    const token = decoded(setup[1]);
    if (token) return { at: 'setup', token };
  }
  const room = /^\/@([^/]+)$/.exec(path);
  if (room?.[1]) {
    const host = decoded(room[1]);
    if (host) return { at: 'room', host };
  }
  const video = /^\/videos\/([^/]+)$/.exec(path);
  if (video?.[1]) {
    const id = decoded(video[1]);
    const link = url.searchParams.get('link');
    if (id) return { at: 'video', id, ...(link && { link }) };
  }
  const person = /^\/people\/([^/]+)$/.exec(path);
  if (person?.[1]) {
    const name = decoded(person[1]);
    if (name) return { at: 'person', name };
  }
  const dialog = /^\/dialogs\/([^/]+)$/.exec(path);
  if (dialog?.[1]) {
    const id = decoded(dialog[1]);
    const message = Number(url.searchParams.get('at'));
    if (id) return { at: 'dialogs', id, ...(message > 0 && Number.isSafeInteger(message) && { message }) };
  }
  return { at: 'nowhere', path: url.pathname };
}

export function href(route: Route): string {
  switch (route.at) {
    case 'front': return '/';
    case 'room': return `/@${encodeURIComponent(route.host)}`;
    case 'video': return `/videos/${encodeURIComponent(route.id)}${route.link ? `?${new URLSearchParams({ link: route.link })}` : ''}`;
    case 'person': return `/people/${encodeURIComponent(route.name)}`;
    case 'sign_in': {
      const { next, problem } = route;
      const query = new URLSearchParams({ ...(next === null ? {} : { next }), ...(problem && { problem }) });
      return query.size === 0 ? '/sign-in' : `/sign-in?${query}`;
    }
    case 'sign_up': return route.next === null ? '/sign-up' : `/sign-up?${new URLSearchParams({ next: route.next })}`;
    case 'setup': return `/setup/${encodeURIComponent(route.token)}`;
    case 'dialogs': return route.id === null ? '/dialogs' : `/dialogs/${encodeURIComponent(route.id)}${route.message ? `?at=${route.message}` : ''}`;
    case 'people':
    case 'library':
    case 'groups':
    case 'visits':
    case 'settings':
    case 'admin': return `/${route.at}`;
    case 'nowhere': return route.path;
  }
}
