/** One film, played: where one is in it is remembered on every device, and who may not watch it any more is told so. */
import type { VideosApi } from '../../engines/http/videos';
import { HlsPlayer, type HlsLevel, type HlsSound } from '../../engines/media/hls/player';
import type { Video as WireVideo } from '../../protocol/generated/types';
import type { MediaMoment } from '../floating_messages/model';
import { beginsAt_ms, filmOf, SEEN_SHARE } from './film';
import type { Film, PlayerModel } from './model';

/**
 * Where one is, is told to the server this often while it plays, and the film is asked for this often while it stands and is
 * looked at; so one also hears that it may not be watched any more.
 */
export const TELL_EVERY_MS = 5_000;
const TICK_MS = 250;

export interface FilmPort {
  readonly api: Pick<VideosApi, 'video' | 'watched' | 'watchedOnLeaving'>;
  /** Whether the server can remember where I am. */
  remembers(): boolean;
  /** The secret of the link that I have the film by; null: by another way. */
  readonly link: string | null;
}

export class FilmPlayer implements PlayerModel {
  film = $state.raw<Film | null>(null);
  playback = $state<PlayerModel['playback']>('idle');
  media_ms = $state(0);
  buffered_ms = $state(0);
  speed = $state(1);
  levels = $state.raw<readonly HlsLevel[]>([]);
  level = $state('auto');
  height_px = $state<number | null>(null);
  sounds = $state.raw<readonly HlsSound[]>([]);
  sound = $state<string | null>(null);
  #played_ms = $state<number | null>(null);

  #wire: WireVideo | null = null;
  #player: HlsPlayer | null = null;
  #element: HTMLVideoElement | null = null;
  /** Play was pressed before there was something to play. */
  #playing = false;
  /** Where to begin was said, or has been chosen since. */
  #placed: boolean;
  /** It was played here: where one is says something. */
  #began = false;
  #told_ms: number | null = null;
  #toldSeen = false;
  /** The server doesn't remember where I am: it was asked once. */
  #unremembered = false;
  #lookedAgain_ms = 0;
  #asking = false;
  #tick: ReturnType<typeof setInterval>;
  #leaving = () => this.#tellOnLeaving();
  protected closed = false;

  /** @param from_ms where to begin; null: where one stopped */
  constructor(protected readonly id: string, private readonly its: FilmPort, from_ms: number | null, private readonly happened: (what: 'ended' | 'seen' | 'gone') => void = () => {}) {
    this.media_ms = from_ms ?? 0;
    this.#placed = from_ms !== null;
    this.#tick = setInterval(() => this.look(), TICK_MS);
    globalThis.addEventListener?.('pagehide', this.#leaving);
  }

  /** By the player where it knows; of a film that still grows it knows only what is there. */
  get duration_ms(): number {
    const known_ms = this.film?.duration_ms ?? 0;
    return this.#played_ms === null || this.film?.state === 'converting' ? known_ms || (this.#played_ms ?? 0) : this.#played_ms;
  }

  /** What the server says of it. */
  told(video: WireVideo): void {
    this.#wire = video;
    this.film = filmOf(video);
    if (!this.#placed) {
      this.#placed = true;
      this.media_ms = this.#told_ms = beginsAt_ms(this.film);
      this.#toldSeen = this.film.seen;
    }
    if (this.#playing && !this.#player) this.#open();
  }

  attach(video: HTMLVideoElement): () => void {
    this.#element = video;
    video.playbackRate = video.defaultPlaybackRate = this.speed;
    if (this.#playing) this.#open();
    return () => {
      this.#player?.close();
      this.#player = null;
      this.#element = null;
    };
  }

  play(): void {
    this.#playing = true;
    if (this.playback === 'ended') this.seek(0);
    if (this.#player) this.#player.play();
    else this.#open();
  }

  pause(): void {
    this.#playing = false;
    this.#player?.pause();
    void this.#tell();
  }

  seek(media_ms: number): void {
    this.#placed = true;
    this.media_ms = Math.max(0, Math.min(media_ms, this.duration_ms || media_ms));
    this.#player?.seek(this.media_ms);
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (this.#element) this.#element.playbackRate = this.#element.defaultPlaybackRate = speed;
  }

  setLevel(id: string): void {
    this.level = id;
    this.#player?.setLevel(id);
  }

  setSound(id: string): void {
    this.#player?.setSound(id);
  }

  moment(): MediaMoment | null {
    const media_ms = this.#player?.media_ms ?? null;
    return media_ms === null ? null : { media_ms, rate: this.#player?.state === 'playing' ? this.speed : 0 };
  }

  retry(): void {
    this.#player?.retry();
  }

  close(): void {
    if (this.closed) return;
    this.#tellOnLeaving();
    this.closed = true;
    clearInterval(this.#tick);
    globalThis.removeEventListener?.('pagehide', this.#leaving);
    this.#player?.close();
    this.#player = null;
  }

  /** It can't be watched any more. */
  end(): void {
    if (this.playback === 'gone') return;
    this.#playing = false;
    this.playback = 'gone';
    this.#player?.end();
    this.happened('gone');
  }

  /** Looks at what plays. */
  protected look(): void {
    const player = this.#player;
    if (this.playback === 'gone') return;
    if (!player) return this.#askWhileStanding();
    const was = this.playback;
    if (player.state === 'gone') return this.end();
    this.playback = player.state;
    this.levels = player.levels;
    this.sounds = player.sounds;
    this.sound = player.sound;
    this.height_px = player.video.videoHeight || null;
    const media_ms = player.media_ms;
    if (media_ms !== null) this.media_ms = media_ms;
    const { buffered, currentTime, duration } = player.video;
    this.#played_ms = Number.isFinite(duration) && duration > 0 ? duration * 1_000 : null;
    let to_s = currentTime;
    for (let at = 0; at < buffered.length; at += 1) if (buffered.start(at) <= currentTime + 0.1 && buffered.end(at) > to_s) to_s = buffered.end(at);
    this.buffered_ms = to_s * 1_000;
    const goes = this.#goes;
    const seenNow = !this.#toldSeen && this.#watched()?.seen === true;
    // Having come to its end is told at once, once.
    if (goes && performance.now() - this.#lookedAgain_ms >= (seenNow ? TICK_MS : TELL_EVERY_MS)) void this.#tell();
    else if (was !== this.playback && (this.playback === 'paused' || this.playback === 'ended')) void this.#tell();
    else if (!goes) this.#askWhileStanding();
    if (was !== 'ended' && this.playback === 'ended') this.happened('ended');
  }

  #open(): void {
    const video = this.#element;
    if (!video || this.#player || !this.film?.playable || this.playback === 'gone') return;
    this.playback = 'loading';
    this.#began = true;
    this.#lookedAgain_ms = performance.now();
    this.#player = new HlsPlayer(video, {
      // Its address lets in for a while only.
      address: async () => {
        const known = this.#wire?.hls ?? null;
        if (this.#player === null) return known;
        const reply = await this.its.api.video(this.id, this.its.link);
        if (reply.is === 'ok') this.told(reply.value);
        return reply.is === 'ok' ? reply.value.hls : reply.is === 'rejected' ? { gone: true } : known;
      },
      began_ms: null,
      from_ms: this.media_ms > 0 ? this.media_ms : null,
    }, () => this.look());
    this.#player.setLevel(this.level);
  }

  /** What is to be remembered; null where it was not played. */
  #watched(): { position_ms: number; seen: boolean } | null {
    if (this.film === null || !this.#began || this.playback === 'gone') return null;
    const position_ms = Math.floor(this.media_ms);
    const all_ms = this.duration_ms;
    const seen = this.playback === 'ended' || (this.film.state !== 'converting' && all_ms > 0 && position_ms >= all_ms * SEEN_SHARE);
    return { position_ms, seen };
  }

  get #goes(): boolean { return this.playback === 'playing' || this.playback === 'blocked' || this.playback === 'stalled'; }

  #askWhileStanding(): void {
    if (this.film !== null && performance.now() - this.#lookedAgain_ms >= TELL_EVERY_MS && globalThis.document?.visibilityState !== 'hidden') void this.#tell();
  }

  async #tell(): Promise<void> {
    const watched = this.#watched();
    this.#lookedAgain_ms = performance.now();
    if (this.closed || this.#asking || this.film === null) return;
    this.#asking = true;
    const news = watched !== null && (this.#goes || watched.position_ms !== this.#told_ms || watched.seen !== this.#toldSeen);
    const remembered = news && this.its.remembers() && !this.#unremembered;
    const reply = remembered ? await this.its.api.watched(this.id, watched) : await this.its.api.video(this.id, this.its.link);
    this.#asking = false;
    if (reply.is === 'ok') {
      if (watched === null) return;
      this.#told_ms = watched.position_ms;
      if (watched.seen && !this.#toldSeen) {
        this.#toldSeen = true;
        this.happened('seen');
      }
    } else if (reply.is === 'rejected' && reply.rejection.kind === 'not_found') {
      // By a link one may watch what isn't remembered for one.
      if (remembered && this.its.link !== null) this.#unremembered = true;
      else if (!this.closed) this.end();
    }
  }

  #tellOnLeaving(): void {
    const watched = this.#watched();
    if (watched === null || (watched.position_ms === this.#told_ms && (!watched.seen || this.#toldSeen))) return;
    if (this.its.remembers() && !this.#unremembered) this.its.api.watchedOnLeaving(this.id, watched);
  }
}
