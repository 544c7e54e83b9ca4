import { COLORS, PLACES } from '../capabilities/floating_messages/model';
import type { Film, ReplayMessage, VideoCard, VideoModel, VideosModel } from '../capabilities/videos/model';
import type { Outcome } from '../capabilities/people/model';
import { PALETTES, playScene, still } from './pictures';
import { ANA, line, MIRA } from './sample_people';

export interface VideoChoice {
  /** It is my own, and in two files. */
  readonly myFilm?: boolean;
  /** The server declines what is done about films. */
  readonly declines?: boolean;
  readonly film?: 'idle' | 'playing' | 'chinese' | 'recording' | 'lost' | 'failed' | 'loading' | 'missing' | 'gone' | 'uploaded' | 'preparing' | 'unprepared' | 'tracks';
}

const DOWNLOADS = ['/videos/video_kiln/0.mp4', '/videos/video_kiln/1.mp4'];
const done = (declines: boolean): Promise<Outcome> => Promise.resolve(declines ? { ok: false, refusal: { reason: 'disconnected' } } : { ok: true });
const DURATION_MS = 5_043_000;
/** Where a film that plays is when it is opened. */
const FROM_MS = 1_264_000;
const PER_MINUTE = 150;
const DUSK = PALETTES[0] as (typeof PALETTES)[0];

const CHINESE = ['开窑啦！', '这个釉色太绝了', '前排围观', '温度多少？', '第一次看柴烧，好震撼', '哈哈哈哈', '老师辛苦了👏', '声音好治愈', '这只碗我想要', '窑变！窑变！', '🔥🔥🔥', '晚上好～'];

/** Always the same chat: what is said, when, and how it floats follow from its number. */
function messages(chinese: boolean): ReplayMessage[] {
  const step_ms = 60_000 / PER_MINUTE;
  return Array.from({ length: 900 }, (_, at) => {
    const said = line(at * 3);
    const text = chinese ? (CHINESE[(at * 5 + (at % 3)) % CHINESE.length] ?? '') : said.text;
    return {
      id: `p${at}`, author: said.author, text, media_ms: FROM_MS - 90_000 + at * step_ms + ((at * 97) % 300), deleted: false, mine: said.author.id === ANA.id, mentions: ['ana'],
      float: at % 3 === 2 && !chinese ? null : { color: COLORS[at % 4 === 0 ? (at * 3) % COLORS.length : 0] ?? COLORS[0], place: PLACES[at % 23 === 5 ? 1 : at % 29 === 7 ? 2 : 0] ?? 'scroll' },
    };
  });
}

/** @param mine whether they are my own @param declines whether the server declines what is done about them */
export function sampleVideos(mine: boolean, declines: boolean): VideosModel {
  const card = (at: number, title: string, more: Partial<VideoCard> = {}): VideoCard => ({
    id: `video_${at}`, owner: MIRA, title, state: 'ready', duration_ms: DURATION_MS - at * 611_000, created_ms: Date.now() - (at + 1) * 4.3 * 86_400_000, poster: still(PALETTES[at % PALETTES.length] ?? DUSK), mayChange: mine, downloads: mine ? DOWNLOADS.slice(0, at === 2 ? 2 : 1) : [], ...more,
  });
  const state = $state({ state: 'ready' as const, more: true, videos: [card(0, 'Opening the kiln: nine hours of ash glaze'), card(1, '练习拉坯：从一团泥开始'), card(2, 'Trimming, and a long talk about clay bodies that went much further than anybody had planned'), card(3, ''), card(4, 'A test', { state: 'failed', poster: null, downloads: [] }), card(5, 'Going on right now', { state: 'recording', poster: null, downloads: [] })] });
  return Object.assign(state, {
    retry() {}, close() {}, loadMore() {},
    rename(id: string, title: string) {
      if (!declines) state.videos = state.videos.map((one) => (one.id === id ? { ...one, title } : one));
      return done(declines);
    },
    remove(id: string) {
      if (!declines) state.videos = state.videos.filter((one) => one.id !== id);
      return done(declines);
    },
  });
}

const CHAPTERS = [{ start_ms: 0, title: 'Before the door is opened' }, { start_ms: 1_240_000, title: '开窑：第一层' }, { start_ms: 3_011_000, title: 'What cracked, what held, and a long talk about why, with questions' }, { start_ms: 4_420_000, title: '' }];
const SUBTITLES = [{ name: 'en', language: 'en', label: '' }, { name: 'zh', language: 'zh', label: '' }, { name: 'deaf', language: 'en-GB', label: 'English, for the deaf and hard of hearing' }]
  .map((one) => ({ ...one, address: 'data:text/vtt,WEBVTT%0A%0A00:00:00.000 --> 02:00:00.000%0AThe door is warm still.', added: one.name === 'zh' }));

/** As files call their tracks. */
const CODED = [['a', 'eng', ''], ['b', 'en', ''], ['c', 'ger', ''], ['d', 'und', ''], ['e', 'qaa', ''], ['f', 'eng', 'For the deaf']].map(([name = '', language = '', label = '']) => ({ name, language, label, address: SUBTITLES[0]?.address ?? '', added: false }));
const CODED_SOUNDS = [{ id: '0', name: 'eng', language: 'eng' }, { id: '1', name: 'eng 2', language: 'eng' }, { id: '2', name: '1', language: '' }, { id: '3', name: 'Commentary', language: 'eng' }];

/** A film, as a sample needs it. */
export function sampleFilm(more: Partial<Film>): Film {
  return {
    id: 'video_kiln', owner: MIRA, title: 'Opening the kiln: nine hours of ash glaze', state: 'ready', duration_ms: DURATION_MS, created_ms: Date.now() - 3 * 86_400_000, poster: still(DUSK, 1280, 720),
    playable: true, mayChange: false, downloads: [], recorded: true, tiny: '', previews: null, subtitles: [], chapters: [], position_ms: 0, seen: false, ...more,
  };
}

export function sampleVideo(choice: VideoChoice): VideoModel {
  const which = choice.film ?? 'idle';
  const coded = which === 'tracks';
  const uploaded = coded || which === 'uploaded' || which === 'preparing' || which === 'unprepared';
  const playable = which !== 'recording' && which !== 'lost' && which !== 'preparing' && which !== 'unprepared';
  const film = sampleFilm({
    title: which === 'chinese' ? '开窑直播：九小时的草木灰釉' : 'Opening the kiln: nine hours of ash glaze',
    state: which === 'recording' ? 'recording' : which === 'lost' || which === 'unprepared' ? 'failed' : which === 'preparing' ? 'converting' : 'ready',
    duration_ms: which === 'recording' ? 0 : DURATION_MS, ...(which === 'recording' ? { poster: null } : {}),
    playable, mayChange: choice.myFilm === true, downloads: choice.myFilm ? DOWNLOADS : [], recorded: !uploaded,
    ...(which === 'uploaded' || which === 'chinese' ? { chapters: CHAPTERS, subtitles: SUBTITLES } : {}), ...(coded ? { subtitles: CODED } : {}),
  });
  const plays = coded || which === 'playing' || which === 'chinese' || which === 'uploaded';
  const state = $state({
    entry: (which === 'loading' ? 'loading' : which === 'missing' ? 'missing' : 'ready') as VideoModel['entry'],
    film: which === 'loading' || which === 'missing' ? null : film,
    playback: (plays ? 'playing' : which === 'failed' ? 'failed' : which === 'gone' ? 'gone' : 'idle') as VideoModel['playback'],
    media_ms: plays ? FROM_MS : 0,
    duration_ms: film.duration_ms,
    buffered_ms: plays ? FROM_MS + 38_000 : 0,
    speed: 1,
    levels: [{ id: '0', height_px: 1080, fps: 30, bitrate_bps: 4e6 }, { id: '1', height_px: 720, fps: 30, bitrate_bps: 2e6 }, { id: '2', height_px: 360, fps: 30, bitrate_bps: 6e5 }],
    level: 'auto',
    height_px: 720,
    sounds: coded ? CODED_SOUNDS : uploaded ? [{ id: '0', name: '', language: 'en' }, { id: '1', name: 'Commentary', language: 'en' }] : [],
    sound: '0',
    messages: messages(which === 'chinese'),
    chat: 'ready' as const,
  });
  let read_ms = performance.now();
  const go = () => {
    const now_ms = performance.now();
    if (state.playback === 'playing') state.media_ms = Math.min(DURATION_MS, state.media_ms + (now_ms - read_ms) * state.speed);
    read_ms = now_ms;
  };
  const timer = setInterval(go, 250);
  return Object.assign(state, {
    attach: (video: HTMLVideoElement) => (plays ? playScene(video, DUSK) : () => {}),
    play() { go(); state.playback = 'playing'; },
    pause() { go(); state.playback = 'paused'; },
    seek(media_ms: number) { go(); state.media_ms = Math.max(0, Math.min(DURATION_MS, media_ms)); },
    setSpeed(speed: number) { go(); state.speed = speed; },
    setLevel(id: string) { state.level = id; },
    setSound(id: string) { state.sound = id; },
    moment: () => ({ media_ms: state.media_ms + (state.playback === 'playing' ? (performance.now() - read_ms) * state.speed : 0), rate: state.playback === 'playing' ? state.speed : 0 }),
    rename(title: string) {
      if (!choice.declines && state.film) state.film = { ...state.film, title };
      return done(choice.declines === true);
    },
    remove: () => done(choice.declines === true),
    retry() { state.playback = 'playing'; },
    close() { clearInterval(timer); },
  });
}
