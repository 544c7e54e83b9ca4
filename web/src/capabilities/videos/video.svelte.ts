/** A film with its chat, played and replayed. */
import type { VideosApi } from '../../engines/http/videos';
import type { Message, UserId, Video as WireVideo } from '../../protocol/generated/types';
import { ChatWindow } from '../conversation/chat_window';
import type { Outcome } from '../people/model';
import { person } from '../people/person';
import { ofReply } from '../people/refusal';
import { FilmPlayer } from './film_player.svelte';
import type { ReplayMessage, VideoModel } from './model';

/** A film that is still being recorded or prepared, or a server that can't be reached, is looked at again this often. */
export const LOOK_EVERY_MS = 5_000;

export interface VideoPort {
  readonly api: VideosApi;
  /** Who I am, and whose messages I don't want to see. */
  me(): UserId | null;
  blocked(): ReadonlySet<UserId>;
  /** The secret of the link that I have the film by. */
  readonly link: string | null;
}

export class Video extends FilmPlayer implements VideoModel {
  entry = $state<VideoModel['entry']>('loading');
  messages = $state.raw<readonly ReplayMessage[]>([]);
  chat = $state<VideoModel['chat']>('loading');

  #window: ChatWindow;
  #shown = new WeakMap<Message, ReplayMessage>();
  #lookTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param from_ms where to begin, as an address may say; null: where one stopped */
  constructor(id: string, private readonly port: VideoPort, from_ms: number | null = null) {
    super(id, { api: port.api, remembers: () => port.me() !== null, link: port.link }, from_ms);
    this.#window = new ChatWindow((after) => port.api.messages(id, after, port.link), () => this.#chatChanged());
    void this.#load();
  }

  override seek(media_ms: number): void {
    super.seek(media_ms);
    this.#window.need(this.media_ms, performance.now());
  }

  async rename(title: string): Promise<Outcome> {
    const reply = await this.port.api.change(this.id, { title });
    if (reply.is === 'ok' && !this.closed) this.told(reply.value);
    return ofReply(reply);
  }

  async remove(): Promise<Outcome> {
    const outcome = ofReply(await this.port.api.remove(this.id));
    // Nothing more of it can be had.
    if (outcome.ok) this.close();
    return outcome;
  }

  override retry(): void {
    if (this.entry !== 'ready') {
      this.entry = 'loading';
      void this.#load();
    } else super.retry();
  }

  override close(): void {
    clearTimeout(this.#lookTimer);
    this.#window.close();
    super.close();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #load(): Promise<void> {
    clearTimeout(this.#lookTimer);
    const reply = await this.port.api.video(this.id, this.port.link);
    if (this.closed) return;
    if (reply.is === 'ok') {
      this.told(reply.value);
      this.entry = 'ready';
      this.#window.need(this.media_ms, performance.now());
    } else if (reply.is === 'rejected') {
      if (this.film === null) this.entry = 'missing';
      else this.end();
      return;
    } else if (this.film === null) this.entry = 'unreachable';
    if (reply.is !== 'ok' || unfinished(reply.value)) this.#lookTimer = setTimeout(() => void this.#load(), LOOK_EVERY_MS);
  }

  protected override look(): void {
    super.look();
    if (this.entry === 'ready') this.#window.need(this.media_ms, performance.now());
  }

  #chatChanged(): void {
    if (this.closed) return;
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

const unfinished = (video: WireVideo) => video.state === 'recording' || video.state === 'uploading' || video.state === 'converting';

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
