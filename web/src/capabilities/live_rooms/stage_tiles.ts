/** Who and what is seen on a stage, from who publishes what. */
import type { Publisher, Source, UserId } from '../../protocol/generated/types';
import type { StageTile } from './stage_model';

/** What this page itself sends. */
export interface OwnMedia {
  readonly user: UserId;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly silent: boolean;
}

export interface Tile extends StageTile {
  /** What is played for it. */
  readonly sources: readonly Source[];
}

interface Someone {
  readonly user: UserId;
  readonly sources: ReadonlySet<Source>;
  readonly silent: boolean;
  readonly own: boolean;
  readonly pictured: (source: 'camera' | 'screen') => boolean;
}

export interface Around {
  readonly nameOf: (user: UserId) => string;
  readonly speaker: UserId | null;
  /** Whether that picture is coming. */
  readonly flows: (user: UserId, source: Source) => boolean;
}

function mine(own: OwnMedia): Someone {
  const sources = new Set<Source>(['microphone', ...(own.camera ? (['camera'] as const) : []), ...(own.screen ? (['screen'] as const) : [])]);
  return { user: own.user, sources, silent: own.silent, own: true, pictured: (source) => own[source] };
}

function other(publisher: Publisher, around: Around): Someone {
  const sources = new Set(publisher.tracks.map((one) => one.source));
  const muted = new Set(publisher.muted ?? []);
  return {
    user: publisher.user,
    sources,
    silent: !sources.has('microphone') || muted.has('microphone'),
    own: false,
    pictured: (source) => sources.has(source) && !muted.has(source) && around.flows(publisher.user, source),
  };
}

/** In order of importance: a screen before faces, the host before guests. */
export function tilesOf(publishers: readonly Publisher[], own: OwnMedia | null, around: Around): Tile[] {
  const everybody = publishers.map((one) => (one.user === own?.user ? mine(own) : other(one, around)));
  // Before the server says so I see myself already.
  if (own && !publishers.some((one) => one.user === own.user)) everybody.push(mine(own));
  const screens: Tile[] = [];
  const people: Tile[] = [];
  for (const one of everybody) {
    const about = { user: one.user, name: around.nameOf(one.user), silent: one.silent, speaking: around.speaker === one.user && !one.silent, own: one.own };
    const faced = one.sources.has('camera') || !one.sources.has('screen') || everybody.length > 1;
    if (one.sources.has('screen')) {
      screens.push({ ...about, key: `${one.user} screen`, shows: 'screen', picture: one.pictured('screen'),
        sources: ['screen', 'screen_audio', ...(faced ? [] : (['microphone'] as const))] });
    }
    if (faced) people.push({ ...about, key: one.user, shows: 'person', picture: one.pictured('camera'), sources: ['camera', 'microphone'] });
  }
  return [...screens, ...people];
}
