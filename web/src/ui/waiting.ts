/** How a wait looks as it grows longer. Times are from its start. */
export type WaitStep = 'still' | 'skeleton' | 'spinner' | 'reason' | 'choice';

export const WAIT_STEPS_MS: readonly (readonly [WaitStep, number])[] = [
  ['still', 0],
  ['skeleton', 150],
  ['spinner', 600],
  ['reason', 3_000],
  ['choice', 8_000],
];
