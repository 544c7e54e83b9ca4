/** What host visits brought, and who may ask me for one. */
import type { Preferences, VisitEntry, VisitId } from '../../protocol/generated/types';
import { request } from './http';

export const visits = {
  /** My own, the latest first. */
  entries: () => request<{ readonly visits: readonly VisitEntry[] }>('GET', '/visits'),
  thank: (visit: VisitId) => request<void>('POST', `/visits/${encodeURIComponent(visit)}/thanks`),
  preferences: () => request<Preferences>('GET', '/me/preferences'),
  setPreferences: (wanted: Preferences) => request<Preferences>('PUT', '/me/preferences', wanted),
};

/** What the models ask for; tests give them another. */
export type VisitsApi = typeof visits;
