/** The films that messages carry, as far as they are looked at: their posters and titles, and whether they can still be had. */
import type { Reply } from '../../engines/http/http';
import type { Video, VideoId } from '../../protocol/generated/types';

/** Films that are known at a time; beyond it the one that was asked for first is let go, and asked for again. */
export const KNOWN_MAX = 200;
/** An address of a poster lets in for 10 minutes; before that it is asked for anew. */
export const FRESH_MS = 9 * 60_000;

export interface FilmLook {
  /** `gone`: it was deleted, or may not be watched any more. */
  readonly is: 'here' | 'gone';
  readonly title: string;
  readonly poster: string | null;
}

export interface FilmsModel {
  /** Null: not known, or not known yet. */
  of(id: VideoId): FilmLook | null;
  /** It is looked at now. @param again what is known of it is wrong */
  look(id: VideoId, again?: boolean): void;
}

export class Films implements FilmsModel {
  #known = $state.raw<ReadonlyMap<VideoId, FilmLook>>(new Map());
  #asked_ms = new Map<VideoId, number>();

  constructor(private readonly film: (id: VideoId) => Promise<Reply<Video>>, private readonly now_ms: () => number = () => performance.now()) {}

  of(id: VideoId): FilmLook | null {
    return this.#known.get(id) ?? null;
  }

  look(id: VideoId, again = false): void {
    const asked_ms = this.#asked_ms.get(id);
    if (!again && asked_ms !== undefined && this.now_ms() - asked_ms < FRESH_MS) return;
    this.#asked_ms.delete(id);
    this.#asked_ms.set(id, this.now_ms());
    void this.film(id).then((reply) => {
      if (reply.is === 'ok') this.#learn(id, { is: 'here', title: reply.value.title, poster: reply.value.poster });
      else if (reply.is === 'rejected' && reply.rejection.kind === 'not_found') this.#learn(id, { is: 'gone', title: '', poster: null });
      // Not known: it is asked for when it is looked at the next time.
      else this.#asked_ms.delete(id);
    });
  }

  /** As its owner is told. */
  heard(video: Video): void {
    if (this.#known.has(video.id)) this.#learn(video.id, { is: 'here', title: video.title, poster: video.poster });
  }

  /** It was deleted. */
  gone(id: VideoId): void {
    if (this.#asked_ms.has(id)) this.#learn(id, { is: 'gone', title: '', poster: null });
  }

  forget(): void {
    this.#known = new Map();
    this.#asked_ms.clear();
  }

  #learn(id: VideoId, look: FilmLook): void {
    const known = new Map(this.#known).set(id, look);
    for (const oldest of this.#asked_ms.keys()) {
      if (known.size <= KNOWN_MAX) break;
      known.delete(oldest);
      this.#asked_ms.delete(oldest);
    }
    this.#known = known;
  }
}
