/** What is watched in a dialog, the library and somebody's page, with made-up films. */
import type { FloatingMessage } from '../capabilities/floating_messages/model';
import { DEFAULT_STYLE } from '../capabilities/floating_messages/model';
import type { Outcome, Person, PersonPageModel, Standing } from '../capabilities/people/model';
import type { Film, LibraryModel, OwnFilm, PlayerModel, ScreeningModel, ShownFilm } from '../capabilities/videos/model';
import { PALETTES, still } from './pictures';
import { ANA, author, MIRA } from './sample_people';
import { sampleFilm, sampleVideo, sampleVideos } from './sample_video.svelte';

export interface FilmsChoice {
  /** What is watched in a dialog. */
  readonly screening?: 'none' | 'playing' | 'one' | 'gone' | 'closed';
  readonly library?: 'full' | 'empty' | 'loading' | 'failed';
  readonly person?: 'stranger' | 'friend' | 'asks' | 'asked' | 'live' | 'blocked' | 'me' | 'long' | 'no_films' | 'missing' | 'loading' | 'failed';
}

const LIN = author('lin', '林晓雨');
const LONG = author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän');
const ok: Promise<Outcome> = Promise.resolve({ ok: true });
const DAY_MS = 86_400_000;
const picture = (at: number) => still(PALETTES[at % PALETTES.length] ?? (PALETTES[0] as (typeof PALETTES)[0]));

export function sampleScreening(choice: FilmsChoice): ScreeningModel {
  const which = choice.screening ?? 'none';
  const film = (at: number, title: string, more: Partial<Film> = {}): ShownFilm => ({
    film: sampleFilm({ id: `video_shown${at}`, owner: LIN, title, poster: picture(at), duration_ms: 187_000 + at * 61_000, recorded: false, created_ms: Date.now() - at * DAY_MS, ...more }),
    position: 40 - at, shared_ms: Date.now() - at * DAY_MS,
  });
  const all = [
    film(0, '雨声，屋檐下，十一月'), film(1, 'The kiln, hour seven', { position_ms: 90_000 }), film(2, 'A very long title of a film that was called so by somebody with much to say about glaze, ash, and patience'),
    film(3, '', { seen: true }), film(4, 'Sieving ash', { seen: true }), film(5, 'Rain on the roof', { seen: true }), film(6, 'Clay', { seen: true }), film(7, 'Tongs', { seen: true }), film(8, 'Again the rain', { seen: true }),
  ];
  const row = which === 'none' ? [] : which === 'one' ? all.slice(0, 1) : all;
  const player: PlayerModel | null = row.length === 0 ? null : sampleVideo({ film: which === 'gone' ? 'gone' : 'playing' });
  const said: FloatingMessage[] = ['好听！', 'here it comes', '这一段我循环了三遍', 'the rim!'].map((text, at) => ({ id: `said${at}`, text, mine: at === 1, style: DEFAULT_STYLE, media_ms: 1_264_500 + at * 1_800 }));
  const state = $state({
    state: (row.length === 0 ? 'none' : 'ready') as ScreeningModel['state'], row, current: row[0] ?? null, player, closed: which === 'closed', said, hushed: which !== 'gone', unseen: row.filter((one) => !one.film.seen).length,
  });
  const sounding = $state({ muted: true, volume: 1 });
  const show = (one: ShownFilm | undefined) => { if (one) state.current = one; };
  const at = () => row.findIndex((one) => one.film.id === state.current?.film.id);
  return Object.assign(state, {
    sounding: { get muted() { return sounding.muted; }, set muted(value: boolean) { sounding.muted = value; state.hushed = false; }, get volume() { return sounding.volume; }, set volume(value: number) { sounding.volume = value; } },
    play(id: string, at_ms?: number) {
      show(row.find((one) => one.film.id === id));
      if (state.current === null && all[0]) {
        state.current = all[0];
        state.player = sampleVideo({ film: 'playing' });
        state.state = 'ready';
      }
      state.closed = false;
      if (at_ms !== undefined) player?.seek(at_ms);
      return ok;
    },
    next() {
      if (state.player?.playback === 'gone') state.player = sampleVideo({ film: 'playing' });
      show(row[at() + 1] ?? row[0]);
    },
    previous() { show(row[at() - 1] ?? row.at(-1)); },
    hide() { state.closed = true; },
    show() { state.closed = false; },
    heard() {},
    close() {},
  });
}

export function sampleLibrary(choice: FilmsChoice): LibraryModel {
  const which = choice.library ?? 'full';
  const film = (at: number, title: string, more: Partial<OwnFilm> = {}): OwnFilm => ({
    ...sampleFilm({ id: `video_mine${at}`, owner: ANA, title, poster: picture(at), duration_ms: 187_000 + at * 400_000, created_ms: Date.now() - at * 2.4 * DAY_MS, recorded: false, mayChange: true, downloads: ['/videos/video_mine/original.mov'] }),
    bytes: 48_000_000 * (at + 1), audience: 'dialog', link: null, conversion: null, failure: null, ...more,
  });
  const films: OwnFilm[] = which !== 'full' ? [] : [
    film(0, 'Rain on the tin roof, from below', { state: 'uploading', poster: null, playable: false, duration_ms: 0, downloads: [] }),
    film(1, '窑门打开的那一刻', { state: 'converting', conversion: { before: 0, done: 0.42, left_ms: 95_000 } }),
    film(2, 'Hour seven', { state: 'converting', poster: null, playable: false, conversion: { before: 3, done: 0, left_ms: null } }),
    film(3, 'holiday.avi', { state: 'failed', poster: null, playable: false, duration_ms: 0, failure: { kind: 'codec', detail: 'indeo5' } }),
    film(4, 'The long one', { state: 'failed', poster: null, playable: false, failure: { kind: 'no_room', detail: '' } }),
    film(5, 'Sieving ash with a very long explanation that nobody asked for but everybody enjoyed all the same, part one', {
      audience: 'link', link: '3qkWm1xV0sJf7aYpZc9dTg', chapters: [{ start_ms: 0, title: 'Ash' }, { start_ms: 61_000, title: '筛' }],
      subtitles: [{ name: 'en', language: 'en', label: '', address: '/videos/video_mine/p/en.vtt', added: false }, { name: 'zh', language: 'zh', label: '', address: '/videos/video_mine/p/zh.vtt', added: true }],
    }),
    film(6, 'An evening by the fire', { recorded: true, audience: 'room' }),
    film(7, '', { audience: 'everyone' }),
    film(8, 'Notes to myself', { audience: 'only_me', seen: true }),
    film(9, 'For friends', { audience: 'friends' }),
  ];
  const state = $state({
    state: (which === 'loading' ? 'loading' : which === 'failed' ? 'failed' : 'ready') as LibraryModel['state'], films, more: which === 'full',
    storage: which === 'full' ? { used_bytes: 18_400_000_000, max_bytes: 50_000_000_000 } : which === 'empty' ? { used_bytes: 0, max_bytes: 50_000_000_000 } : null,
  });
  const put = (id: string, more: Partial<OwnFilm>) => { state.films = state.films.map((one) => (one.id === id ? { ...one, ...more } : one)); };
  return Object.assign(state, {
    arrived: () => 0.37,
    search(words: string) { state.films = films.filter((one) => one.title.toLowerCase().includes(words.trim().toLowerCase())); },
    loadMore() {}, retry() {}, close() {},
    change(id: string, what: Parameters<LibraryModel['change']>[1]) {
      const link = what.newLink ? 'Qb2nn7T0aLz8yV' : what.audience === 'link' ? '3qkWm1xV0sJf7aYpZc9dTg' : what.audience ? null : undefined;
      put(id, { ...(what.title === undefined ? {} : { title: what.title }), ...(what.audience ? { audience: what.audience } : {}), ...(what.chapters ? { chapters: what.chapters } : {}), ...(link === undefined ? {} : { link }) });
      return ok;
    },
    convert(id: string) { put(id, { state: 'converting', failure: null, conversion: { before: 0, done: 0, left_ms: null } }); return ok; },
    addSubtitles(id: string, file: File, language: string, label: string) {
      put(id, { subtitles: [...(state.films.find((one) => one.id === id)?.subtitles ?? []), { name: file.name, language, label, address: null, added: true }] });
      return ok;
    },
    removeSubtitles(id: string, name: string) { put(id, { subtitles: (state.films.find((one) => one.id === id)?.subtitles ?? []).filter((one) => one.name !== name) }); return ok; },
    remove(id: string) { state.films = state.films.filter((one) => one.id !== id); return ok; },
    open: () => sampleVideo({}),
  });
}

export function samplePerson(choice: FilmsChoice): PersonPageModel {
  const which = choice.person ?? 'stranger';
  const away = which === 'missing' || which === 'loading' || which === 'failed';
  const who: Person = which === 'me' ? ANA : which === 'long' ? LONG : MIRA;
  const films = sampleVideos(which === 'me', false);
  const state = $state({
    state: (away ? which : 'ready') as PersonPageModel['state'], who: away ? null : who, me: which === 'me', live: which === 'live', hasRoom: which !== 'long',
    standing: { friends: which === 'friend' || which === 'long', asked: which === 'asked', asks: which === 'asks', follows: which === 'friend', blocked: which === 'blocked' } as Standing,
    films: away || which === 'blocked' ? null : which === 'no_films' ? Object.assign(films, { videos: [], more: false }) : films,
  });
  const be = (more: Partial<Standing>) => { state.standing = { ...state.standing, ...more }; return ok; };
  return Object.assign(state, {
    befriend: () => (state.standing.asks ? be({ asks: false, friends: true }) : be({ asked: true })),
    unfriend: () => be({ friends: false, asked: false, asks: false }),
    follow: () => be({ follows: true }), unfollow: () => be({ follows: false }), block: () => be({ blocked: true, friends: false }), unblock: () => be({ blocked: false }),
    write: () => Promise.resolve({ ok: true as const, id: 'dialog_lin' }),
    retry() {}, close() {},
  });
}
