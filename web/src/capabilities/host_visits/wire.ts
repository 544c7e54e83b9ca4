/** What is said of visits on the wire, as views need it, and the other way about. */
import type {
  SpaceId, UserId, Visit, VisitCandidate, VisitConditions, VisitEntry, VisitInvitation as WireInvitation, VisitReason, VisitRequest,
} from '../../protocol/generated/types';
import { voiceOf, VOICES } from '../../ui/voice';
import { CATEGORIES, type Category } from '../live_rooms/model';
import { person } from '../people/person';
import type { Candidate, Conditions, LedgerEntry, Reason, Request, VisitInvitation, VisitState } from './model';

export function categoryOf(wire: string): Category {
  return CATEGORIES.find((one) => one === wire) ?? 'other';
}

export function conditionsToWire(one: Conditions): VisitConditions {
  return {
    category: one.category, language: one.language, audience_from: one.audienceFrom, audience_to: one.audienceTo, tags: [...one.tags],
    followed: one.followed, standing_from: one.standingFrom,
  };
}

export function conditionsOf(wire: VisitConditions): Conditions {
  return {
    category: wire.category === null ? null : categoryOf(wire.category), language: wire.language, audienceFrom: wire.audience_from, audienceTo: wire.audience_to,
    tags: wire.tags, followed: wire.followed, standingFrom: wire.standing_from,
  };
}

function reasonOf(wire: VisitReason): Reason {
  switch (wire.kind) {
    case 'tags': return { is: 'tags', shared: wire.shared };
    case 'owes_visits': case 'is_owed_visits': return { is: wire.kind, visits: wire.visits };
    default: return { is: wire.kind };
  }
}

export function candidateOf(wire: VisitCandidate, picture: string | null): Candidate {
  return {
    host: person(wire.host), title: wire.title, category: categoryOf(wire.category), live: wire.live, audience: wire.audience,
    standing: wire.standing, reasons: wire.reasons.map(reasonOf), picture,
  };
}

export function requestOf(wire: VisitRequest): Request {
  return { ...wire, invited: wire.invited.map((one) => ({ ...one, host: person(one.host) })) };
}

export function invitationOf(wire: WireInvitation, picture: string | null): VisitInvitation {
  return {
    visit: wire.visit, host: person(wire.host), title: wire.title, category: categoryOf(wire.category), audience: wire.audience,
    conditions: conditionsOf(wire.conditions), duration_s: wire.duration_s, offer: wire.offer, until_ms: wire.until_ms, picture,
  };
}

/** The colours of two rooms: each its host's, and another for the visitor where both have the same. */
export function roomVoices(to: UserId, from: UserId): { readonly to: number; readonly from: number } {
  const [one, other] = [voiceOf(to), voiceOf(from)];
  return { to: one, from: other === one ? (other + VOICES / 2) % VOICES : other };
}

export function visitOf(wire: Visit, room: SpaceId, me: UserId | null): VisitState {
  const voices = roomVoices(wire.to.host.id, wire.from.host.id);
  const mine = wire.from.room === room ? 'from' : 'to';
  return {
    id: wire.id,
    way: wire.way,
    to: { host: person(wire.to.host), title: wire.to.title, voice: voices.to },
    from: { host: person(wire.from.host), title: wire.from.title, voice: voices.from },
    mine,
    hosting: me !== null && wire[mine].host.id === me,
    begins_ms: wire.phase.state === 'announced' ? wire.phase.at_ms : null,
    since_ms: wire.phase.state === 'announced' ? wire.phase.at_ms : wire.phase.since_ms,
    until_ms: wire.phase.state === 'announced' ? wire.phase.at_ms : wire.phase.until_ms,
  };
}

export function entryOf(wire: VisitEntry, me: UserId): LedgerEntry {
  const came = wire.to.id === me;
  const other = came ? wire.from : wire.to;
  return {
    id: wire.id, way: wire.way, other: person(other), direction: came ? 'came' : 'went', began_ms: wire.began_ms, ended_ms: wire.ended_ms,
    people: wire.people, personMinutes: wire.person_minutes,
    followsMine: came ? wire.follows_to : wire.follows_from, followsTheirs: came ? wire.follows_from : wire.follows_to,
    thanked: { byMe: wire.thanked_by.includes(me), byThem: wire.thanked_by.includes(other.id) },
  };
}
