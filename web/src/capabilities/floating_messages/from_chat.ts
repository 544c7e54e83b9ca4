/** What of a chat floats. */
import type { ChatMessage } from '../conversation/model';
import type { FloatingMessage } from './model';

/** Clocks differ by a little: what was said so long before a broadcast's beginning may still be of it. */
const SLACK_MS = 2_000;

/**
 * The messages that float over a broadcast, without those of earlier ones.
 * @param began_ms Unix time at which it began
 */
export function floatingOf(messages: readonly ChatMessage[], began_ms: number): FloatingMessage[] {
  return messages.flatMap(({ id, text, at_ms, state, mine, float }) =>
    (float === undefined || state === 'deleted' || state === 'failed' || at_ms < began_ms - SLACK_MS ? [] : [{ id, text, mine, style: float.style, media_ms: float.media_ms }]));
}
