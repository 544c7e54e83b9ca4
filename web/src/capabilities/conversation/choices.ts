/** What I can do with a message, and with a person here, in the groups that a menu shows. */
import type { ChatMessage, Role } from './model';

export type Choice =
  | 'reply' | 'copy' | 'remove' | 'askOnStage' | 'mute' | 'muteLonger' | 'putOut' | 'ban' | 'report' | 'block' | 'makeModerator' | 'unmakeModerator';

export interface Standing {
  readonly moderating: boolean;
  readonly hosting: boolean;
  /** Whether I am somebody here: only who came in reports. */
  readonly inside: boolean;
}

/** Nobody mutes or bans the host, and only the host does so to moderators. */
function outranks(mine: Standing, role: Role): boolean {
  return mine.moderating && role !== 'host' && (role !== 'moderator' || mine.hosting);
}

function withPerson(role: Role, mine: Standing): Choice[] {
  const choices: Choice[] = [];
  if (mine.hosting && role === 'moderator') choices.push('unmakeModerator');
  if (mine.hosting && role === 'member') choices.push('makeModerator');
  if (mine.inside) choices.push('report');
  if (role !== 'host') choices.push('block');
  return choices;
}

export function choicesForMessage(message: ChatMessage, mine: Standing & { readonly canReply: boolean }): Choice[][] {
  if (message.state !== 'stored') return [];
  const role = message.author.role;
  const groups: Choice[][] = [[...(mine.canReply ? (['reply'] as const) : []), 'copy']];
  if (message.mine) return [...groups, ['remove']];
  if (outranks(mine, role)) groups.push(['remove', 'mute', 'muteLonger', 'putOut', 'ban']);
  return [...groups, withPerson(role, mine)].filter((group) => group.length > 0);
}

/** `itsMe`: nothing is to be done with oneself. `mayAsk`: they could come onto the stage. */
export function choicesForPerson(role: Role, itsMe: boolean, mine: Standing, mayAsk = false): Choice[][] {
  if (itsMe) return [];
  const onto: Choice[][] = mayAsk && role !== 'host' ? [['askOnStage']] : [];
  const groups: Choice[][] = outranks(mine, role) ? [['mute', 'muteLonger', 'putOut', 'ban']] : [];
  return [...onto, ...groups, withPerson(role, mine)].filter((group) => group.length > 0);
}
