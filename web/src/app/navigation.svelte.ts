/** Where the app is, kept in step with the address bar. */
import { href, parse, type Route } from './route';

let route = $state.raw<Route>(parse(new URL(location.href)));

export function here(): Route {
  return route;
}

let asks: (() => string | null) | null = null;

/** While a page holds somebody, a link that leads away is asked about first, in the words given; null: it isn't now. Returns what undoes it. */
export function askBeforeLeaving(words: () => string | null): () => void {
  asks = words;
  return () => { if (asks === words) asks = null; };
}

export function go(next: Route, how: 'push' | 'replace' = 'push'): void {
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', href(next));
  route = next;
  scrollTo(0, 0);
}

export function goToPath(path: string): void {
  go(parse(new URL(path, location.origin)), 'replace');
}

/** Follows plain clicks on links of this app without loading the page anew. Returns what undoes it. */
export function followLinks(): () => void {
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    // Anchors within the page, such as the skip link, are the browser's.
    if (link.pathname === location.pathname && link.hash) return;
    const next = parse(new URL(link.href));
    if (next.at === 'nowhere' && /^\/(api|ws)\b/.test(link.pathname)) return;
    event.preventDefault();
    const words = link.pathname === location.pathname ? null : asks?.();
    if (words && !confirm(words)) return;
    go(next);
  };
  const pop = () => { route = parse(new URL(location.href)); };
  document.addEventListener('click', click);
  addEventListener('popstate', pop);
  return () => {
    document.removeEventListener('click', click);
    removeEventListener('popstate', pop);
  };
}
