/** What I can do with a message, in the groups that the menu shows. */
import type { ChatMessage } from './model';

export type MessageChoice =
  | 'reply' | 'copy' | 'remove' | 'mute' | 'muteLonger' | 'ban' | 'block' | 'makeModerator' | 'unmakeModerator';

export interface Standing {
  readonly canReply: boolean;
  readonly moderating: boolean;
  readonly hosting: boolean;
}

/** Nobody mutes or bans the host, and only the host does so to moderators. */
export function choicesFor(message: ChatMessage, mine: Standing): MessageChoice[][] {
  if (message.state !== 'stored') return [];
  const role = message.author.role;
  const outranked = mine.moderating && role !== 'host' && (role !== 'moderator' || mine.hosting);
  const groups: MessageChoice[][] = [
    [...(mine.canReply ? (['reply'] as const) : []), 'copy'],
  ];
  if (message.mine) return [...groups, ['remove']];
  if (outranked) groups.push(['remove', 'mute', 'muteLonger', 'ban']);
  const standing: MessageChoice[] = [];
  if (mine.hosting && role === 'moderator') standing.push('unmakeModerator');
  if (mine.hosting && role === 'member') standing.push('makeModerator');
  if (role !== 'host') standing.push('block');
  if (standing.length > 0) groups.push(standing);
  return groups;
}
