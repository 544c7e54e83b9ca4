import { describe, expect, it } from 'vitest';
import { type Choice, choicesForMessage, choicesForPerson } from './choices';
import type { ChatMessage, Role } from './model';

const by = (role: Role, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id: 'm', author: { id: 'user_a', name: 'a', displayName: 'A', guest: role === 'guest', role }, text: 't', at_ms: 0, state: 'stored', mine: false,
  replyTo: null, mentions: [], mentionsMe: false, refusal: null, ...more,
});
const viewer = { canReply: true, moderating: false, hosting: false, inside: true };
const moderator = { canReply: true, moderating: true, hosting: false, inside: true };
const host = { canReply: true, moderating: true, hosting: true, inside: true };
const all = (message: ChatMessage, mine: typeof viewer): Choice[] => choicesForMessage(message, mine).flat();

describe('what one can do with a message', () => {
  it.each([
    ['a viewer with another’s', by('member'), viewer, ['reply', 'copy', 'report', 'block']],
    ['a viewer with the host’s', by('host'), viewer, ['reply', 'copy', 'report']],
    ['anyone with their own', by('member', { mine: true }), viewer, ['reply', 'copy', 'remove']],
    ['a moderator with a member’s', by('member'), moderator, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'putOut', 'ban', 'report', 'block']],
    ['a moderator with another moderator’s', by('moderator'), moderator, ['reply', 'copy', 'report', 'block']],
    ['a moderator with the host’s', by('host'), moderator, ['reply', 'copy', 'report']],
    ['the host with a moderator’s', by('moderator'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'putOut', 'ban', 'unmakeModerator', 'report', 'block']],
    ['the host with a member’s', by('member'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'putOut', 'ban', 'makeModerator', 'report', 'block']],
    ['the host with a guest’s', by('guest'), host, ['reply', 'copy', 'remove', 'mute', 'muteLonger', 'putOut', 'ban', 'report', 'block']],
    ['someone who may not write', by('member'), { ...viewer, canReply: false }, ['copy', 'report', 'block']],
    ['someone who has not come in', by('member'), { ...viewer, canReply: false, inside: false }, ['copy', 'block']],
  ] as const)('%s', (_who, message, mine, expected) => {
    expect(all(message, mine)).toEqual(expected);
  });

  it.each(['pending', 'failed', 'deleted'] as const)('nothing while it is %s', (state) => {
    expect(choicesForMessage(by('member', { state }), host)).toEqual([]);
  });
});

describe('what one can do with a person', () => {
  it.each([
    ['a viewer', 'member', viewer, ['report', 'block']],
    ['a moderator with a member', 'member', moderator, ['mute', 'muteLonger', 'putOut', 'ban', 'report', 'block']],
    ['a moderator with another', 'moderator', moderator, ['report', 'block']],
    ['the host with a moderator', 'moderator', host, ['mute', 'muteLonger', 'putOut', 'ban', 'unmakeModerator', 'report', 'block']],
    ['the host with a guest', 'guest', host, ['mute', 'muteLonger', 'putOut', 'ban', 'report', 'block']],
    ['anybody with the host', 'host', moderator, ['report']],
  ] as const)('%s', (_who, role, mine, expected) => {
    expect(choicesForPerson(role, false, mine).flat()).toEqual(expected);
  });
  it('to the stage, who is not the host and could come', () => {
    expect(choicesForPerson('guest', false, moderator, true)[0]).toEqual(['askOnStage']);
    expect(choicesForPerson('moderator', false, host, true)[0]).toEqual(['askOnStage']);
    expect(choicesForPerson('host', false, moderator, true).flat()).not.toContain('askOnStage');
  });
  it('nothing with oneself', () => expect(choicesForPerson('member', true, host)).toEqual([]));
});
