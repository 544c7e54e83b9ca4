/** My films, in step with the server. */
import type { Reply } from '../../../engines/http/http';
import type { VideosApi } from '../../../engines/http/videos';
import { waitBefore_ms } from '../../../engines/connection/backoff';
import type { PersonEvent, Video as WireVideo } from '../../../protocol/generated/types';
import type { Outcome } from '../../people/model';
import { ofReply } from '../../people/refusal';
import { ownFilmOf } from '../film';
import type { FilmAudience, FilmChapter, LibraryModel, OwnFilm, VideoModel } from '../model';

/** Typing is waited out before it is asked for. */
export const SEARCH_AFTER_MS = 250;
/** While something is on its way, how much is here is asked for this often. */
export const UPLOADS_EVERY_MS = 3_000;

export interface LibraryPort {
  readonly api: Pick<VideosApi, 'ofPerson' | 'change' | 'remove' | 'convert' | 'addSubtitles' | 'removeSubtitles' | 'storage' | 'uploads'>;
  /** Calls when the server tells how one of my films stands, or that a film is gone. Returns what undoes it. */
  onVideo(listener: (event: Extract<PersonEvent, { kind: 'video' | 'video_gone' }>) => void): () => void;
  open(id: string): VideoModel;
}

export class Library implements LibraryModel {
  state = $state<LibraryModel['state']>('loading');
  films = $state.raw<readonly OwnFilm[]>([]);
  more = $state(false);
  storage = $state.raw<LibraryModel['storage']>(null);
  #arrived = $state.raw<ReadonlyMap<string, number>>(new Map());
  #words = '';
  #reading: symbol | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  #uploadsTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #unheard: () => void;

  constructor(private readonly port: LibraryPort) {
    this.#unheard = port.onVideo((event) => { if (event.kind === 'video') this.#take(event.video, true); else this.#gone(event.video); });
    void this.#read(null);
    void this.#measure();
  }

  arrived(id: string): number | null { return this.#arrived.get(id) ?? null; }

  retry(): void {
    this.state = 'loading';
    void this.#read(null);
    void this.#measure();
  }

  search(words: string): void {
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => {
      if (words.trim() === this.#words) return;
      this.#words = words.trim();
      void this.#read(null);
    }, SEARCH_AFTER_MS);
  }

  loadMore(): void {
    const last = this.films.at(-1);
    if (this.more && last && this.#reading === null) void this.#read(last.created_ms);
  }

  async change(id: string, { title, audience, chapters, newLink }: { readonly title?: string; readonly audience?: FilmAudience; readonly chapters?: readonly FilmChapter[]; readonly newLink?: boolean }): Promise<Outcome> {
    return this.#changed(await this.port.api.change(id, {
      ...(title === undefined ? {} : { title }), ...(audience === undefined ? {} : { audience }), ...(newLink === undefined ? {} : { new_link: newLink }),
      ...(chapters === undefined ? {} : { chapters: chapters.map((one) => ({ start_ms: Math.floor(one.start_ms), title: one.title })) }),
    }));
  }

  async convert(id: string): Promise<Outcome> { return this.#changed(await this.port.api.convert(id)); }

  async addSubtitles(id: string, file: File, language: string, label: string): Promise<Outcome> {
    const srt = /\.srt$/i.test(file.name);
    // A file's own type is a guess of the system's; the server looks at what is in it.
    return this.#changed(await this.port.api.addSubtitles(id, nameOf(file.name, language), new Blob([file], { type: srt ? 'application/x-subrip' : 'text/vtt' }), language, label));
  }

  async removeSubtitles(id: string, name: string): Promise<Outcome> { return this.#changed(await this.port.api.removeSubtitles(id, name)); }

  async remove(id: string): Promise<Outcome> {
    const reply = await this.port.api.remove(id);
    if (reply.is === 'ok') this.#gone(id);
    return ofReply(reply);
  }

  open(id: string): VideoModel { return this.port.open(id); }

  close(): void {
    this.#closed = true;
    this.#unheard();
    for (const timer of [this.#timer, this.#searchTimer, this.#uploadsTimer]) clearTimeout(timer);
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  #changed(reply: Reply<WireVideo>): Outcome {
    if (reply.is === 'ok') this.#take(reply.value, false);
    return ofReply(reply);
  }

  #gone(id: string): void {
    if (this.#closed || !this.films.some((one) => one.id === id)) return;
    this.films = this.films.filter((one) => one.id !== id);
    void this.#measure();
  }

  /** @param anew whether it belongs here also where it is not known yet */
  #take(video: WireVideo, anew: boolean): void {
    const film = ownFilmOf(video);
    if (!film || this.#closed) return;
    const known = this.films.find((one) => one.id === film.id);
    if (known) this.films = this.films.map((one) => (one.id === film.id ? film : one));
    else if (anew && this.#words === '') this.films = [film, ...this.films].sort((a, b) => b.created_ms - a.created_ms);
    if (known?.state !== film.state) void this.#measure();
    this.#watchUploads();
  }

  async #read(before_ms: number | null): Promise<void> {
    clearTimeout(this.#timer);
    const reading = (this.#reading = Symbol('page'));
    const reply = await this.port.api.ofPerson(null, this.#words, before_ms);
    if (this.#closed || this.#reading !== reading) return;
    this.#reading = null;
    if (reply.is === 'ok') {
      this.#failures = 0;
      const kept = before_ms === null ? [] : this.films;
      const known = new Set(kept.map((one) => one.id));
      this.films = [...kept, ...reply.value.videos.flatMap((one) => (known.has(one.id) ? [] : (ownFilmOf(one) ?? [])))];
      this.more = reply.value.more;
      this.state = 'ready';
      this.#watchUploads();
    } else if (reply.is === 'rejected') this.state = 'failed';
    else {
      if (this.films.length === 0) this.state = 'failed';
      this.#timer = setTimeout(() => void this.#read(before_ms), waitBefore_ms(++this.#failures, Math.random()));
    }
  }

  async #measure(): Promise<void> {
    const reply = await this.port.api.storage();
    if (reply.is === 'ok' && !this.#closed) this.storage = { used_bytes: reply.value.used_bytes, max_bytes: reply.value.max_bytes };
  }

  #watchUploads(): void {
    if (this.#uploadsTimer !== undefined || !this.films.some((one) => one.state === 'uploading')) return;
    const look = async () => {
      const reply = await this.port.api.uploads();
      if (this.#closed) return;
      if (reply.is === 'ok') this.#arrived = new Map(reply.value.uploads.map((one) => [one.video, one.bytes === 0 ? 0 : one.received_bytes / one.bytes]));
      this.#uploadsTimer = this.films.some((one) => one.state === 'uploading') ? setTimeout(() => void look(), UPLOADS_EVERY_MS) : undefined;
    };
    this.#uploadsTimer = setTimeout(() => void look(), 0);
  }
}

/** What subtitles go by: letters, digits and dashes of the file's name. */
export function nameOf(file: string, language: string): string {
  const plain = file.replace(/\.(vtt|srt)$/i, '').normalize('NFKD').replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase();
  return (plain || language || 'subtitles').slice(0, 40);
}
