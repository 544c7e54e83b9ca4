/** The discussion groups that I am or was in. */
import type { MyGroup } from '../../protocol/generated/types';
import { request } from './http';

export const groups = {
  /** Newest first. */
  mine: () => request<{ readonly groups: MyGroup[] }>('GET', '/groups'),
};

export type GroupsApi = typeof groups;
