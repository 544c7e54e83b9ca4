/** Reports and the log of who did what: of one room, or (for administrators) of the server. */
import type { AuditPage, Command, Outcome, ReportId, Reports, SpaceId } from '../../protocol/generated/types';
import { request } from './http';

/** Null: of the server. */
const of = (room: SpaceId | null) => (room === null ? '' : `/rooms/${encodeURIComponent(room)}`);
const page = (before: string | number | null) => (before === null ? '' : `?before=${encodeURIComponent(before)}`);

export const moderation = {
  reports: (room: SpaceId | null, before: ReportId | null) => request<Reports>('GET', `${of(room)}/reports${page(before)}`),
  settle: (room: SpaceId | null, id: ReportId) => request<void>('POST', `${of(room)}/reports/${encodeURIComponent(id)}/settle`),
  audit: (room: SpaceId | null, before: number | null) => request<AuditPage>('GET', `${of(room)}/audit${page(before)}`),
  /** Without a live connection to the room. */
  command: (room: SpaceId, command: Command) => request<Outcome>('POST', `/spaces/${encodeURIComponent(room)}/commands`, command),
};

/** What the models ask for; tests give them another. */
export type ModerationApi = typeof moderation;
