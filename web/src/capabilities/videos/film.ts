/** Films of the wire as the views show them. */
import type { Video as WireVideo } from '../../protocol/generated/types';
import { knownLanguage } from '../../i18n/format';
import { person } from '../people/person';
import type { Film, FilmChapter, FilmSubtitles, OwnFilm, VideoCard } from './model';

/** Who has come so far has seen it, from 0 to 1. */
export const SEEN_SHARE = 0.95;

export function cardOf(video: WireVideo): VideoCard {
  const { id, owner, title, state, duration_ms, created_ms, poster, may_change, downloads, own } = video;
  return { id, owner: person(owner), title, state, duration_ms, created_ms, poster, mayChange: may_change, downloads, ...(own && { audience: own.audience }) };
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

/** A track of sound or of captions, as far as its name goes. */
export interface NamedTrack {
  /** BCP 47 or ISO 639-2; empty: not said. */
  readonly language: string;
  /** What it is called; empty, or no more than its language or its number, where it is called nothing. */
  readonly label: string;
}

/** The same language however it is coded: `eng` and `en` are one. */
function canonical(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? language;
  } catch {
    return language;
  }
}

/**
 * What tracks are called in a list, each by another name: by their labels, else by their languages.
 * @param unnamed what the nth is called where neither says anything
 */
export function trackNames(tracks: readonly NamedTrack[], unnamed: (n: number) => string): string[] {
  const given = new Map<string, number>();
  return tracks.map(({ language, label }, at) => {
    const plain = label.replace(/ ?\d+$/, '').toLowerCase();
    const called = plain !== '' && plain !== language.toLowerCase() ? label : null;
    const code = language === '' || canonical(language) === 'und' ? '' : ` (${language})`;
    const name = called ?? knownLanguage(language) ?? unnamed(at + 1) + code;
    const before = given.get(name) ?? 0;
    given.set(name, before + 1);
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

type Subtitles = Pick<FilmSubtitles, 'name' | 'language' | 'label'>;

/** What one chooses captions by, from film to film: their language, and of several in one language which of them. */
export function captionsBy(one: Subtitles, all: readonly Subtitles[]): string {
  const by = (its: Subtitles) => canonical(its.language) || its.label || its.name;
  const first = all.find((other) => by(other) === by(one));
  return first === undefined || first.name === one.name ? by(one) : `${by(one)}/${one.label || one.name}`;
}

/** Those that were chosen; where a film hasn't these, others in their language. */
export function captionsChosen<One extends Subtitles>(all: readonly One[], chosen: string): One | undefined {
  return all.find((one) => captionsBy(one, all) === chosen) ?? all.find((one) => chosen.startsWith(`${captionsBy(one, all)}/`));
}

/** Those for whoever reads a language, else the first. */
export function captionsFor<One extends Subtitles>(all: readonly One[], reader: string): One | undefined {
  const plain = (tag: string) => canonical(tag).split('-')[0];
  return all.find((one) => plain(one.language) === plain(reader)) ?? all[0];
}
