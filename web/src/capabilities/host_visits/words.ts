/** Conditions, reasons and refusals in the reader's words. */
import { app } from '../../app/messages';
import { refusalText } from '../../app/refusal';
import { languageName } from '../../i18n/format';
import { visits } from './messages';
import type { Conditions, InviteRefusal, Reason } from './model';

export function conditionWords(conditions: Conditions): string[] {
  const say = visits().conditions;
  const { category, language, audienceFrom, audienceTo, tags, followed, standingFrom } = conditions;
  const audience = audienceFrom !== null && audienceTo !== null ? say.between(audienceFrom, audienceTo)
    : audienceFrom !== null ? say.atLeast(audienceFrom) : audienceTo !== null ? say.atMost(audienceTo) : null;
  return [
    ...(category === null ? [] : [app().categories[category]]),
    ...(language === null ? [] : [say.language(languageName(language))]),
    ...(audience === null ? [] : [audience]),
    ...tags.map((tag) => `#${tag}`),
    ...(followed ? [say.followed] : []),
    ...(standingFrom === null || standingFrom === 0 ? [] : [say.standing(standingFrom)]),
  ];
}

export function reasonWords(reason: Reason): string {
  const say = visits().reason;
  switch (reason.is) {
    case 'tags': return say.tags(reason.shared.map((tag) => `#${tag}`).join(' '));
    case 'owes_visits': return say.owes(reason.visits);
    case 'is_owed_visits': return say.isOwed(reason.visits);
    default: return say[reason.is];
  }
}

export function refusedWords(refused: InviteRefusal): string {
  const say = visits().refused;
  switch (refused.is) {
    case 'spent': return refused.retryAfter_ms === null ? say.spent(refused.max) : say.spentUntil(refused.max, Math.ceil(refused.retryAfter_ms / 60_000));
    case 'other': return refusalText(refused.refusal);
    default: return say[refused.is];
  }
}
