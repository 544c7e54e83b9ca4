/** What the wire declines, in the words that views translate. */
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { LimitName, Rejection } from '../../protocol/generated/types';
import type { Outcome, Refusal, RefusalReason } from './model';

export const DISCONNECTED: Refusal = { reason: 'disconnected' };

function ofLimit(limit: LimitName): RefusalReason {
  switch (limit) {
    case 'message_chars': case 'title_chars': case 'rules_chars': case 'tag_chars': case 'display_name_chars': return 'text_too_long';
    case 'message_rate': case 'command_rate': case 'sign_in_attempts': case 'guests_per_address': case 'media_negotiations': return 'too_fast';
    case 'messages_in_flight': return 'server_busy';
    case 'members': case 'media_legs': return 'full';
    default: return 'too_many';
  }
}

function ofField(field: string, reason: string): RefusalReason {
  switch (field) {
    case 'name': case 'display_name': return 'name_invalid';
    case 'password': case 'new_password': return /long|most/.test(reason) ? 'password_too_long' : 'password_too_short';
    case 'current_password': return 'wrong_credentials';
    case 'token': case 'link': return 'link_spent';
    case 'text': case 'title': return 'text_empty';
    default: return 'unknown';
  }
}

/** @param serverTime_ms what a moment in server time is waited for from */
export function refusal(rejection: Rejection, serverTime_ms = Date.now()): Refusal {
  switch (rejection.kind) {
    case 'not_found': return { reason: 'not_found' };
    case 'forbidden': return { reason: 'not_allowed' };
    case 'unauthenticated': return { reason: 'not_signed_in' };
    case 'wrong_credentials': return { reason: 'wrong_credentials' };
    case 'limit': return {
      reason: ofLimit(rejection.limit),
      limit: { name: rejection.limit, value: rejection.max },
      ...(rejection.retry_after_ms === null ? {} : { retryAfter_ms: rejection.retry_after_ms }),
    };
    case 'invalid': return { reason: ofField(rejection.field, rejection.reason) };
    case 'muted': return { reason: 'muted', ...(rejection.until_ms === null ? {} : { retryAfter_ms: Math.max(0, rejection.until_ms - serverTime_ms) }) };
    case 'banned': return { reason: 'banned' };
    case 'slow_mode': return { reason: 'slow_mode', retryAfter_ms: rejection.retry_after_ms };
    case 'name_taken': return { reason: 'name_taken' };
    case 'already_in_group': return { reason: 'in_group' };
    case 'invitation_over': return { reason: 'invitation_over' };
    case 'nobody_invited': return { reason: 'nobody_invited' };
    case 'already_publishing': return { reason: 'already_live' };
    case 'media_refused': return { reason: 'media_failed' };
    case 'storage': case 'busy': case 'fault': return { reason: 'server_busy' };
    case 'not_joined': return DISCONNECTED;
    default: return { reason: 'unknown' };
  }
}

export function ofAnswer(answer: Answer): Outcome {
  switch (answer.is) {
    case 'ok': return { ok: true };
    case 'rejected': return { ok: false, refusal: refusal(answer.rejection) };
    case 'lost': return { ok: false, refusal: DISCONNECTED };
    case 'overfull': return { ok: false, refusal: { reason: 'too_fast' } };
  }
}

export function ofReply(reply: Reply<unknown>): Outcome {
  switch (reply.is) {
    case 'ok': return { ok: true };
    case 'rejected': return { ok: false, refusal: refusal(reply.rejection) };
    case 'unreachable': return { ok: false, refusal: DISCONNECTED };
  }
}
