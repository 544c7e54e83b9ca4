import type { AuditModel, ModerationModel, Report, ReportsModel } from '../capabilities/moderation/model';
import type { Outcome } from '../capabilities/people/model';
import { author, MIRA } from './sample_people';

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const HOUR_MS = 3_600_000;

const REPORTS: readonly Report[] = [
  { id: 'report_3', by: author('olena', 'Олена'), about: author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän'), reason: 'Keeps posting the same link, also after being asked to stop.', at_ms: Date.now() - 0.1 * HOUR_MS, settled: false,
    message: { position: 400, text: 'best prices for glaze!!! https://pots.example/buy?now=1', at_ms: Date.now() - 0.2 * HOUR_MS } },
  { id: 'report_2', by: author('lin', '林晓雨'), about: author('noor', 'نور الهدى'), reason: '', at_ms: Date.now() - 3 * HOUR_MS, settled: false, message: null },
  { id: 'report_1', by: author('ben', 'Ben Okafor'), about: author('max', 'Max'), reason: 'Rude to newcomers.', at_ms: Date.now() - 50 * HOUR_MS, settled: true, message: { position: 12, text: '', at_ms: Date.now() - 51 * HOUR_MS } },
];

export function sampleReports(none = false): ReportsModel {
  const state = $state({ state: 'ready' as const, reports: none ? [] : [...REPORTS], more: (none ? 'none' : 'more') as ReportsModel['more'] });
  return Object.assign(state, {
    retry() {},
    close() {},
    loadMore() { state.more = 'none'; },
    settle(id: string) { state.reports = state.reports.map((one) => (one.id === id ? { ...one, settled: true } : one)); return done(); },
    deleteMessage: done, mute: done, remove: done, ban: done,
  });
}

export function sampleAudit(none = false): AuditModel {
  const said: [string, string | null, string][] = [
    ['mute', 'Donaudampfschifffahrtsgesellschaftskapitän', 'user_zed'], ['delete_message', null, '400'], ['slow_mode', null, '10'], ['ban', 'Max', 'user_max'],
    ['appoint_moderator', 'Jonas', 'user_jonas'], ['record', null, 'room_ana'], ['remove', null, 'user_gone'], ['polish_silver', null, 'spoon'],
  ];
  const lines = said.map(([action, who, subject], at) => ({ number: 90 - at, by: at % 3 === 1 ? author('jonas', 'Jonas', 'moderator') : MIRA, action, who, subject, at_ms: Date.now() - at * 7.3 * HOUR_MS }));
  const state = $state({ state: 'ready' as const, lines: none ? [] : lines, more: (none ? 'none' : 'more') as AuditModel['more'] });
  return Object.assign(state, { retry() {}, close() {}, loadMore() { state.more = 'none'; } });
}

export function sampleModeration(none: boolean): ModerationModel {
  return { open: none ? 0 : 2, reports: () => Promise.resolve(sampleReports(none)), audit: () => Promise.resolve(sampleAudit(none)),
    groups: { list: () => Promise.resolve(none ? [] : [{ id: 'group_a', members: 4, since_ms: Date.now() - 0.4 * HOUR_MS, reports: 1 }, { id: 'group_b', members: 2, since_ms: Date.now() - 2 * HOUR_MS, reports: 0 }]), dissolve: done } };
}
