/** A line of the log as a sentence's end: what was done, without who did it. */
import type { AuditLine } from './model';
import type { Messages } from './messages/en';

const ABOUT_SOMEBODY = [
  'ban', 'mute', 'remove', 'clear_sanction', 'appoint_moderator', 'dismiss_moderator', 'create_account', 'disable_account', 'enable_account',
  'set_administrator', 'unset_administrator', 'reset_password',
] as const;
const PLAIN = ['delete_message', 'settle_report', 'record', 'record_no_more', 'register', 'setup'] as const;

export function auditWords(line: Pick<AuditLine, 'action' | 'who' | 'subject'>, say: Messages): string {
  const { actions } = say;
  const about = ABOUT_SOMEBODY.find((one) => one === line.action);
  if (about) return actions[about](line.who ?? say.somebody);
  const plain = PLAIN.find((one) => one === line.action);
  if (plain) return actions[plain];
  if (line.action === 'slow_mode') return line.subject === '0' ? actions.slow_mode_off : actions.slow_mode(line.subject);
  return actions.other(line.action.replaceAll('_', ' '), line.who ?? line.subject);
}
