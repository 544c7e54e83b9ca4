/** The group that I am in, for pages that have no place of their own for it; null until its code is here. */
import type { GroupModel } from '../capabilities/discussion_groups/model';

export interface Mine {
  readonly current: GroupModel | null;
}

let mine = $state.raw<Mine | null>(null);

export const groupHolder = {
  get group(): GroupModel | null { return mine?.current ?? null; },
  set mine(value: Mine) { mine = value; },
};
