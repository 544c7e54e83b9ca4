/** What others may want of me, and by what I am found. */
import type { Preferences } from '../../protocol/generated/types';
import { request } from './http';

export const preferences = {
  read: () => request<Preferences>('GET', '/me/preferences'),
  change: (body: Preferences) => request<Preferences>('PUT', '/me/preferences', body),
};

/** What the models ask for; tests give them another. */
export type PreferencesApi = typeof preferences;
