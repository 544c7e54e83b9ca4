/** People as they can be looked up by their names. */
import type { PersonPage } from '../../protocol/generated/types';
import { request } from './http';

export const people = {
  /** `not_found` also for who blocked me. */
  page: (name: string) => request<PersonPage>('GET', `/people/${encodeURIComponent(name)}`),
};
