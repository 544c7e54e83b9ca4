import { describe, expect, it } from 'vitest';
import type { Answer } from '../../engines/connection/machine';
import type { Command, GroupInvitation, GroupRequest, Preferences } from '../../protocol/generated/types';
import { InRoom } from './in_room.svelte';
import type { MyGroup } from './my_group.svelte';

const profile = (name: string) => ({ id: `user_${name}`, name, display_name: name });
const invitation: GroupInvitation = { id: 'invitation_1', by: profile('ana'), reasons: [{ kind: 'friend' }], others: 2, until_ms: 60_000 };
const request: GroupRequest = { invited: [{ profile: profile('bo'), state: 'open' }], group: null, until_ms: 60_000 };

function room(answers: Partial<Record<string, Answer>> = {}) {
  const asked: Command[] = [];
  const entered: string[] = [];
  const kept: Preferences[] = [];
  const usual: Preferences = { interests: ['bread'], group_invitations: true, do_not_disturb: false, host_visits: true, read_marks: true, presence: true };
  const model = new InRoom({
    command: (command) => {
      asked.push(command);
      const kind = command.kind === 'groups' ? command.wants.kind : command.kind;
      return Promise.resolve(answers[kind] ?? { is: 'ok', outcome: { kind: 'done' } });
    },
    mine: { current: null, enter: (id: string) => { entered.push(id); } } as unknown as MyGroup,
    preferences: {
      read: () => Promise.resolve({ is: 'ok', value: usual }),
      change: (next) => { kept.push(next); return Promise.resolve({ is: 'ok', value: next }); },
    },
  });
  return { model, asked, entered, kept };
}

describe('groups in a room', () => {
  it('shows an invitation until it is answered on any device', async () => {
    const { model, asked } = room();
    model.event({ kind: 'invitation', invitation });
    expect(model.invitations).toHaveLength(1);
    model.event({ kind: 'invitation', invitation: { ...invitation, others: 3 } });
    expect(model.invitations).toMatchObject([{ others: 3 }]);
    model.event({ kind: 'invitation_over', invitation: 'invitation_1', state: 'declined' });
    expect(model.invitations).toEqual([]);
    model.event({ kind: 'invitation', invitation });
    expect(await model.answer('invitation_1', false)).toEqual({ ok: true });
    expect(model.invitations).toEqual([]);
    expect(asked).toEqual([{ kind: 'groups', wants: { kind: 'answer', invitation: 'invitation_1', accept: false } }]);
  });

  it('goes into the group that accepting makes one a member of', async () => {
    const { model, entered } = room({ answer: { is: 'ok', outcome: { kind: 'group_joined', group: 'group_1' } } });
    model.event({ kind: 'invitation', invitation });
    await model.answer('invitation_1', true);
    expect(entered).toEqual(['group_1']);
  });

  it('keeps an invitation that could not be accepted for now, and lets go of one that is over', async () => {
    const refused = room({ answer: { is: 'rejected', rejection: { kind: 'already_in_group' } } });
    refused.model.event({ kind: 'invitation', invitation });
    expect(await refused.model.answer('invitation_1', true)).toEqual({ ok: false, refusal: { reason: 'in_group' } });
    expect(refused.model.invitations).toHaveLength(1);
    const late = room({ answer: { is: 'rejected', rejection: { kind: 'invitation_over' } } });
    late.model.event({ kind: 'invitation', invitation });
    expect(await late.model.answer('invitation_1', true)).toEqual({ ok: false, refusal: { reason: 'invitation_over' } });
    expect(late.model.invitations).toEqual([]);
  });

  it('goes in when the first of those it invited says yes', async () => {
    const { model, asked, entered } = room({ invite: { is: 'ok', outcome: { kind: 'invited', request, uninvited: [{ user: 'user_cy', reason: 'unavailable' }] } } });
    model.pick('user_bo', true);
    model.pick('user_cy', true);
    expect(await model.invite()).toEqual({ ok: true, uninvited: [{ user: 'user_cy', reason: 'unavailable' }] });
    expect(asked).toEqual([{ kind: 'groups', wants: { kind: 'invite', users: ['user_bo', 'user_cy'] } }]);
    expect(model.picked.size).toBe(0);
    expect(model.request?.invited).toMatchObject([{ state: 'open' }]);
    model.event({ kind: 'request', request: { ...request, invited: [{ profile: profile('bo'), state: 'accepted' }], group: 'group_1' } });
    expect(model.request?.invited).toMatchObject([{ state: 'accepted' }]);
    expect(entered).toEqual(['group_1']);
  });

  it('shows only the newest of several searches', async () => {
    const answers: ((answer: Answer) => void)[] = [];
    const model = new InRoom({
      command: () => new Promise((resolve) => { answers.push(resolve); }),
      mine: { current: null, enter: () => {} } as unknown as MyGroup,
      preferences: { read: () => Promise.resolve({ is: 'unreachable' }), change: () => Promise.resolve({ is: 'unreachable' }) },
    });
    const of = (name: string): Answer => ({ is: 'ok', outcome: { kind: 'suggestions', suggestions: [{ profile: profile(name), reasons: [{ kind: 'friend' }], score: 1 }] } });
    model.suggest(null);
    model.suggest('friends');
    answers[1]?.(of('second'));
    answers[0]?.(of('first'));
    await new Promise((resolve) => { setTimeout(resolve); });
    expect(model.suggestions.list.map((one) => one.person.name)).toEqual(['second']);
  });

  it('takes no more invitations, and keeps what else one chose', async () => {
    const { model, asked, kept } = room();
    model.event({ kind: 'invitation', invitation });
    expect(await model.disturbNoMore()).toEqual({ ok: true });
    expect(kept).toEqual([{ interests: ['bread'], group_invitations: false, do_not_disturb: false, host_visits: true, read_marks: true, presence: true }]);
    expect(asked).toEqual([{ kind: 'groups', wants: { kind: 'answer', invitation: 'invitation_1', accept: false } }]);
  });

  it('is where it was after the room was entered anew', () => {
    const { model, entered } = room();
    model.snapshot({ group: 'group_1', invitations: [invitation], request });
    expect(entered).toEqual(['group_1']);
    expect(model.invitations).toHaveLength(1);
    expect(model.request?.invited).toHaveLength(1);
    model.snapshot(undefined);
    expect(model.invitations).toEqual([]);
    expect(model.request).toBeNull();
  });
});
