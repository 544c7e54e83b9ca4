import type { Outcome, Refusal } from '../capabilities/people/model';
import { app } from './messages';

/** A refusal in the reader's words, with when to try again if that is known. */
export function refusalText(refusal: Refusal): string {
  const text = app().refusals[refusal.reason];
  return refusal.retryAfter_ms === undefined ? text : `${text} ${app().retryIn(Math.ceil(refusal.retryAfter_ms / 1000))}`;
}

/** The empty string when it went well: what a form shows beneath itself. */
export function outcomeText(outcome: Outcome): string {
  return outcome.ok ? '' : refusalText(outcome.refusal);
}
