/** How my own films stand, and which films are gone, as the server tells it, for whoever shows them. */
import type { PersonEvent } from '../protocol/generated/types';

type Told = Extract<PersonEvent, { kind: 'video' | 'video_gone' }>;

export class OwnVideos {
  #listeners = new Set<(event: Told) => void>();

  /** Returns what undoes it. */
  on(listener: (event: Told) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: Told): void {
    for (const listener of this.#listeners) listener(event);
  }
}
