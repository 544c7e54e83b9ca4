/** The films of a room, or of a person, newest first. */
import { waitBefore_ms } from '../../engines/connection/backoff';
import type { Reply } from '../../engines/http/http';
import type { VideosApi } from '../../engines/http/videos';
import type { Videos as WireVideos } from '../../protocol/generated/types';
import type { Outcome } from '../people/model';
import { ofReply } from '../people/refusal';
import type { VideoCard, VideosModel } from './model';
import { cardOf } from './film';

export class Videos implements VideosModel {
  state = $state<VideosModel['state']>('loading');
  videos = $state.raw<readonly VideoCard[]>([]);
  more = $state(false);
  #loading = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param read a page of them, from before a time */
  constructor(private readonly read: (before_ms: number | null) => Promise<Reply<WireVideos>>, private readonly api: Pick<VideosApi, 'change' | 'remove'>) {
    void this.#load();
  }

  retry(): void {
    this.state = 'loading';
    void this.#load();
  }

  loadMore(): void {
    if (this.more) void this.#load();
  }

  async rename(id: string, title: string): Promise<Outcome> {
    const reply = await this.api.change(id, { title });
    if (reply.is === 'ok') {
      const card = cardOf(reply.value);
      this.videos = this.videos.map((one) => (one.id === id ? card : one));
    }
    return ofReply(reply);
  }

  async remove(id: string): Promise<Outcome> {
    const reply = await this.api.remove(id);
    if (reply.is === 'ok') this.videos = this.videos.filter((one) => one.id !== id);
    return ofReply(reply);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    clearTimeout(this.#timer);
    const reply = await this.read(this.videos.at(-1)?.created_ms ?? null);
    this.#loading = false;
    if (this.#closed) return;
    if (reply.is === 'ok') {
      this.#failures = 0;
      const known = new Set(this.videos.map((one) => one.id));
      this.videos = [...this.videos, ...reply.value.videos.filter((one) => !known.has(one.id)).map(cardOf)];
      this.more = reply.value.more;
      this.state = 'ready';
    } else if (reply.is === 'rejected') this.state = 'failed';
    else {
      if (this.videos.length === 0) this.state = 'failed';
      this.#timer = setTimeout(() => void this.#load(), waitBefore_ms(++this.#failures, Math.random()));
    }
  }
}
