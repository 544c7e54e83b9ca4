/** What tests of visits begin with. */
import type { Profile, Visit, VisitInvitation } from '../../protocol/generated/types';

export const profile = (name: string): Profile => ({ id: `user_${name}`, display_name: name[0]?.toUpperCase() + name.slice(1), name }) as Profile;

/** Ben visits Ana. */
export function visit(phase: Visit['phase'], way: Visit['way'] = 'watching', id = 'visit_1'): Visit {
  return { id, way, to: { room: 'room_ana', host: profile('ana'), title: 'Clay' }, from: { room: 'room_ben', host: profile('ben'), title: 'Maths' }, phase };
}
export const ANNOUNCED: Visit['phase'] = { state: 'announced', at_ms: 1_000 };
export const UNDER_WAY: Visit['phase'] = { state: 'under_way', since_ms: 1_000, until_ms: 601_000 };

export function invitation(visit: string, until_ms: number): VisitInvitation {
  return {
    visit, host: profile('ana'), room: 'room_ana', title: 'Clay', category: 'making', audience: 12, duration_s: 600, offer: '', until_ms,
    conditions: { category: 'music', language: null, audience_from: null, audience_to: null, tags: [], followed: false, standing_from: null },
  };
}
