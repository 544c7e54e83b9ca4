/** What host visits brought, and who may ask me for one. */
import type { VisitId, VisitLedger } from '../../protocol/generated/types';
import { request } from './http';
import { preferences } from './preferences';

export const visits = {
  /** My own, the latest first. */
  entries: () => request<VisitLedger>('GET', '/visits'),
  thank: (visit: VisitId) => request<void>('POST', `/visits/${encodeURIComponent(visit)}/thanks`),
  preferences: preferences.read,
  setPreferences: preferences.change,
};

/** What the models ask for; tests give them another. */
export type VisitsApi = typeof visits;
