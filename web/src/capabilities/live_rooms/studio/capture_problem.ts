/** Which captures need a word from the host before they work. */
import type { Capture } from '../model';

export type Problem = 'denied' | 'no_device' | 'in_use' | 'insecure' | 'failed';

export function problemOf(capture: Capture): Problem | null {
  switch (capture) {
    case 'denied':
    case 'no_device':
    case 'in_use':
    case 'insecure':
    case 'failed': return capture;
    case 'off':
    case 'asking':
    case 'on': return null;
  }
}
