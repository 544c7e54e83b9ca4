/** What the wire says of groups, in the views' words. */
import type { Content as WireContent, GroupInvitation, GroupReason, GroupRequest, Suggestion } from '../../protocol/generated/types';
import { person } from '../people/person';
import type { Content, Invitation, Reason, Request, Suggested } from './model';

function reason(wire: GroupReason): Reason { return wire; }

export function suggested(wire: Suggestion): Suggested {
  return { person: person(wire.profile), reasons: wire.reasons.map(reason) };
}

export function invitation(wire: GroupInvitation): Invitation {
  return { id: wire.id, by: person(wire.by), reasons: wire.reasons.map(reason), others: wire.others, until_ms: wire.until_ms };
}

export function request(wire: GroupRequest): Request {
  return { invited: wire.invited.map((one) => ({ person: person(one.profile), state: one.state })), until_ms: wire.until_ms };
}

export function content(wire: WireContent): Content {
  return wire.kind === 'live_room'
    ? { kind: 'live_room', room: wire.room, host: person(wire.host), title: wire.title }
    : { kind: 'video', video: wire.video, title: wire.title };
}
