/** The time of day for durations on screen, moving once a second while somebody looks. */
import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 1_000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** Unix time in milliseconds; reading it in a view or effect makes that follow the clock. */
export function now_ms(): number {
  subscribe();
  return Date.now();
}
