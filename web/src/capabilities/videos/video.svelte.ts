/** A film with its chat, played and replayed. */
import type { VideosApi } from '../../engines/http/videos';
import { HlsPlayer, type HlsLevel } from '../../engines/media/hls/player';
import type { Message, UserId, Video as WireVideo } from '../../protocol/generated/types';
import { ChatWindow } from '../conversation/chat_window';
import type { MediaMoment } from '../floating_messages/model';
import type { Outcome } from '../people/model';
import { person } from '../people/person';
import { ofReply } from '../people/refusal';
import type { Film, ReplayMessage, VideoCard, VideoModel } from './model';

/** A film that is still being recorded, or a server that can't be reached, is looked at again this often. */
export const LOOK_EVERY_MS = 5_000;
const TICK_MS = 250;

export interface VideoPort {
  readonly api: VideosApi;
  /** Who I am, and whose messages I don't want to see. */
  me(): UserId | null;
  blocked(): ReadonlySet<UserId>;
}

export class Video implements VideoModel {
  entry = $state<VideoModel['entry']>('loading');
  film = $state.raw<Film | null>(null);
  playback = $state<VideoModel['playback']>('idle');
  media_ms = $state(0);
  buffered_ms = $state(0);
  speed = $state(1);
  levels = $state.raw<readonly HlsLevel[]>([]);
  level = $state('auto');
  height_px = $state<number | null>(null);
  messages = $state.raw<readonly ReplayMessage[]>([]);
  chat = $state<VideoModel['chat']>('loading');
  #played_ms = $state<number | null>(null);

  #wire: WireVideo | null = null;
  #player: HlsPlayer | null = null;
  #element: HTMLVideoElement | null = null;
  #window: ChatWindow;
  #shown = new WeakMap<Message, ReplayMessage>();
  /** Play was pressed before there was something to play. */
  #playing = false;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setInterval>;
  #closed = false;

  /** @param from_ms where to begin, as an address may say */
  constructor(private readonly id: string, private readonly port: VideoPort, from_ms = 0) {
    this.media_ms = from_ms;
    this.#window = new ChatWindow((after) => port.api.messages(id, after), () => this.#chatChanged());
    this.#tick = setInterval(() => this.#look(), TICK_MS);
    void this.#load();
  }

  /** By the player where it knows: a recording that goes on grows. */
  get duration_ms(): number { return this.#played_ms ?? this.film?.duration_ms ?? 0; }

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
  }

  seek(media_ms: number): void {
    this.media_ms = Math.max(0, Math.min(media_ms, this.duration_ms || media_ms));
    this.#player?.seek(this.media_ms);
    this.#window.need(this.media_ms, performance.now());
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (this.#element) this.#element.playbackRate = this.#element.defaultPlaybackRate = speed;
  }

  setLevel(id: string): void {
    this.level = id;
    this.#player?.setLevel(id);
  }

  moment(): MediaMoment | null {
    const media_ms = this.#player?.media_ms ?? null;
    return media_ms === null ? null : { media_ms, rate: this.#player?.state === 'playing' ? this.speed : 0 };
  }

  async rename(title: string): Promise<Outcome> {
    const reply = await this.port.api.change(this.id, { title });
    if (reply.is === 'ok' && !this.#closed) this.#told(reply.value);
    return ofReply(reply);
  }

  async remove(): Promise<Outcome> {
    const outcome = ofReply(await this.port.api.remove(this.id));
    // Nothing more of it can be had.
    if (outcome.ok) this.close();
    return outcome;
  }

  retry(): void {
    if (this.entry !== 'ready') {
      this.entry = 'loading';
      void this.#load();
    } else this.#player?.retry();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#lookTimer);
    clearInterval(this.#tick);
    this.#window.close();
    this.#player?.close();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #load(): Promise<void> {
    clearTimeout(this.#lookTimer);
    const reply = await this.port.api.video(this.id);
    if (this.#closed) return;
    if (reply.is === 'ok') {
      this.#told(reply.value);
      this.entry = 'ready';
      this.#window.need(this.media_ms, performance.now());
      if (this.#playing && !this.#player) this.#open();
    } else if (reply.is === 'rejected') {
      this.entry = 'missing';
      return;
    } else if (this.film === null) this.entry = 'unreachable';
    if (reply.is !== 'ok' || reply.value.state === 'recording') this.#lookTimer = setTimeout(() => void this.#load(), LOOK_EVERY_MS);
  }

  #told(video: WireVideo): void {
    this.#wire = video;
    this.film = filmOf(video);
  }

  #open(): void {
    const video = this.#element;
    if (!video || this.#player || !this.film?.playable) return;
    this.playback = 'loading';
    this.#player = new HlsPlayer(video, {
      // Its address may let in for a while only.
      address: async () => {
        const known = this.#wire?.hls ?? null;
        if (this.#player === null) return known;
        const reply = await this.port.api.video(this.id);
        return reply.is === 'ok' ? reply.value.hls : known;
      },
      began_ms: null,
      from_ms: this.media_ms > 0 ? this.media_ms : null,
    }, () => this.#look());
    this.#player.setLevel(this.level);
  }

  #look(): void {
    const player = this.#player;
    if (this.entry === 'ready') this.#window.need(this.media_ms, performance.now());
    if (!player) return;
    this.playback = player.state;
    this.levels = player.levels;
    this.height_px = player.video.videoHeight || null;
    const media_ms = player.media_ms;
    if (media_ms !== null) this.media_ms = media_ms;
    const { buffered, currentTime, duration } = player.video;
    this.#played_ms = Number.isFinite(duration) && duration > 0 ? duration * 1_000 : null;
    let to_s = currentTime;
    for (let at = 0; at < buffered.length; at += 1) if (buffered.start(at) <= currentTime + 0.1 && buffered.end(at) > to_s) to_s = buffered.end(at);
    this.buffered_ms = to_s * 1_000;
  }

  #chatChanged(): void {
    if (this.#closed) return;
    this.chat = this.#window.state;
    const blocked = this.port.blocked();
    this.messages = this.#window.messages.flatMap((one) => {
      if (blocked.has(one.author.id)) return [];
      let shown = this.#shown.get(one);
      if (!shown) this.#shown.set(one, shown = replayOf(one, this.port.me()));
      return [shown];
    });
  }
}

export function cardOf(video: WireVideo): VideoCard {
  const { id, owner, title, state, duration_ms, created_ms, poster, may_change, downloads } = video;
  return { id, owner: person(owner), title, state, duration_ms, created_ms, poster, mayChange: may_change, downloads };
}

function filmOf(video: WireVideo): Film {
  return { ...cardOf(video), playable: video.hls !== null && video.state !== 'failed' };
}

function replayOf(message: Message, me: UserId | null): ReplayMessage {
  return {
    id: `p${message.position}`,
    author: person(message.author),
    text: message.text,
    media_ms: message.media_ms ?? 0,
    deleted: message.deleted === true,
    mine: message.author.id === me,
    mentions: (message.mentions ?? []).map((one) => person(one).name),
    float: message.float ?? null,
  };
}
