/** What stands in the way of each device, in words. */
import type { StudioModel } from '../studio_model';
import { problemOf } from './capture_problem';
import type { Messages } from './messages/en';

export interface DeviceProblem {
  readonly what: 'camera' | 'microphone' | 'screen';
  /** What is wrong, and what to do. */
  readonly words: readonly string[];
}

/** @param publishing while on the stage: not choosing a screen in the browser's dialog is a choice then */
export function problemsOf(studio: Pick<StudioModel, DeviceProblem['what']>, say: Messages['studio'], publishing: boolean): DeviceProblem[] {
  return (['camera', 'microphone', 'screen'] as const).flatMap((what) => {
    const problem = problemOf(studio[what]);
    return problem && !(publishing && what === 'screen' && problem === 'denied') ? [{ what, words: say.problem[what][problem] }] : [];
  });
}
