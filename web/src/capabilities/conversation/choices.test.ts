import { describe, expect, it } from 'vitest';
import { type Choice, choicesForMessage, choicesForPerson } from './choices';
import type { ChatMessage, Role } from './model';

const by = (role: Role, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id: 'm', author: { id: 'user_a', name: 'a', displayName: 'A', guest: role === 'guest', role }, text: 't', at_ms: 0, state: 'stored', mine: false,
  replyTo: null, mentions: [], mentionsMe: false, refusal: null, ...more,
});
const viewer = { canReply: true, moderating: false, hosting: false };
const moderator = { canReply: true, moderating: true, hosting: false };
const host = { canReply: true, moderating: true, hosting: true };
const all = (message: ChatMessage, mine: typeof viewer): Choice[] => choicesForMessage(message, mine).flat();

describe('what one can do with a message', () => {
  it.each([
    ['a viewer with another’s', by('member'), viewer, ['reply', 'copy', 'block']],
    ['a viewer with the host’s', by('host'), viewer, ['reply', 'copy']],
    ['anyone with their own', by('member', { mine: true }), viewer, ['reply', 'copy', 'remove']],
    ['a moderator with a member’s', by('member'), moderator, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'ban', 'block']],
    ['a moderator with another moderator’s', by('moderator'), moderator, ['reply', 'copy', 'block']],
    ['a moderator with the host’s', by('host'), moderator, ['reply', 'copy']],
    ['the host with a moderator’s', by('moderator'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'ban', 'unmakeModerator', 'block']],
    ['the host with a member’s', by('member'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'ban', 'makeModerator', 'block']],
    ['the host with a guest’s', by('guest'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'ban', 'block']],
    ['someone who may not write', by('member'), { ...viewer, canReply: false }, ['copy', 'block']],
  ] as const)('%s', (_who, message, mine, expected) => {
    expect(all(message, mine)).toEqual(expected);
  });

  it.each(['pending', 'failed', 'deleted'] as const)('nothing while it is %s', (state) => {
    expect(choicesForMessage(by('member', { state }), host)).toEqual([]);
  });
});

describe('what one can do with a person', () => {
  it.each([
    ['a viewer', 'member', viewer, ['block']],
    ['a moderator with a member', 'member', moderator, ['mute', 'muteLonger', 'ban', 'block']],
    ['a moderator with another', 'moderator', moderator, ['block']],
    ['the host with a moderator', 'moderator', host, ['mute', 'muteLonger', 'ban', 'unmakeModerator', 'block']],
    ['the host with a guest', 'guest', host, ['mute', 'muteLonger', 'ban', 'block']],
    ['anybody with the host', 'host', moderator, []],
  ] as const)('%s', (_who, role, mine, expected) => {
    expect(choicesForPerson(role, false, mine).flat()).toEqual(expected);
  });
  it('nothing with oneself', () => expect(choicesForPerson('member', true, host)).toEqual([]));
});
