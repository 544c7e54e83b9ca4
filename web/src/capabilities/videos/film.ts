/** Films of the wire as the views show them. */
import type { Video as WireVideo } from '../../protocol/generated/types';
import { person } from '../people/person';
import type { Film, FilmChapter, OwnFilm, VideoCard } from './model';

/** Who has come so far has seen it, from 0 to 1. */
export const SEEN_SHARE = 0.95;

export function cardOf(video: WireVideo): VideoCard {
  const { id, owner, title, state, duration_ms, created_ms, poster, may_change, downloads } = video;
  return { id, owner: person(owner), title, state, duration_ms, created_ms, poster, mayChange: may_change, downloads };
}

export function filmOf(video: WireVideo): Film {
  const { tiny, previews, subtitles, chapters, position_ms, seen } = video;
  return { ...cardOf(video), playable: video.hls !== null && video.state !== 'failed', recorded: video.room !== null, tiny, previews, subtitles, chapters, position_ms, seen };
}

/** Null for a film of somebody else. */
export function ownFilmOf(video: WireVideo): OwnFilm | null {
  const { own } = video;
  if (!own) return null;
  const { failure } = own;
  const detail = failure === null ? '' : failure.kind === 'codec' ? failure.codec : failure.kind === 'pixels' ? `${failure.width} × ${failure.height}` : '';
  return { ...filmOf(video), bytes: video.bytes, audience: own.audience, link: own.link, conversion: own.conversion, failure: failure && { kind: failure.kind, detail } };
}

/** Where one goes on: where one stopped, or from the beginning of what was watched to its end. */
export function beginsAt_ms(film: Film): number {
  return film.seen && film.position_ms >= film.duration_ms * SEEN_SHARE ? 0 : film.position_ms;
}

/** Which chapter a time is in; null before the first. */
export function chapterAt(chapters: readonly FilmChapter[], at_ms: number): FilmChapter | null {
  return chapters.findLast((one) => one.start_ms <= at_ms) ?? null;
}

/** What one chooses subtitles by, from film to film. */
export function captionsBy(subtitles: { readonly language: string; readonly label: string; readonly name: string }): string {
  return subtitles.language || subtitles.label || subtitles.name;
}
