/**
 * What is watched while one talks: the films that the others have shared in a dialog, one after the other, and what was said
 * at their moments.
 */
import type { Reply } from '../../engines/http/http';
import type { VideosApi } from '../../engines/http/videos';
import type { DialogVideo, SpaceId, UserId, Video as WireVideo, VideoId } from '../../protocol/generated/types';
import { ChatWindow } from '../conversation/chat_window';
import { DEFAULT_STYLE, type FloatingMessage } from '../floating_messages/model';
import type { Outcome } from '../people/model';
import { ofReply } from '../people/refusal';
import { FilmPlayer } from './film_player.svelte';
import { filmOf } from './film';
import type { FloatingMoment, ScreeningModel, ShownFilm, Sounding } from './model';

/** Films in the row; what was shared earlier is played from its message. */
export const ROW_MAX = 100;
/** A list that could not be had is asked for again after this. */
const AGAIN_MS = 5_000;
const CHAT_EVERY_MS = 500;

export interface ScreeningPort {
  readonly api: Pick<VideosApi, 'ofDialog' | 'video' | 'watched' | 'watchedOnLeaving' | 'messages'>;
  me(): UserId | null;
  blocked(): ReadonlySet<UserId>;
  /** How loud films are for this person. */
  readonly sounding: Sounding;
  /** Calls whenever the films shared in the dialog may be others. Returns what undoes it. */
  onShared(listener: () => void): () => void;
  /** Calls when a film was deleted. Returns what undoes it. */
  onGone(listener: (video: VideoId) => void): () => void;
}

export class Screening implements ScreeningModel {
  state = $state<ScreeningModel['state']>('loading');
  row = $state.raw<readonly ShownFilm[]>([]);
  current = $state.raw<ShownFilm | null>(null);
  player = $state.raw<FilmPlayer | null>(null);
  closed = $state(false);
  said = $state.raw<readonly FloatingMessage[]>([]);
  readonly sounding: Sounding;
  #hushed = $state(true);

  /** What was played to its end, or passed over, since one came. */
  #done = new Set<VideoId>();
  /** What was seen when one came: the order stays as it was then. */
  #seenBefore = new Set<VideoId>();
  #known = new Set<VideoId>();
  #window: ChatWindow | null = null;
  #heard: readonly FloatingMoment[] = [];
  #reading: symbol | null = null;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #chatTimer: ReturnType<typeof setInterval>;
  #over = false;
  #unheard: () => void;

  constructor(private readonly dialog: SpaceId, private readonly port: ScreeningPort) {
    const hushed = { is: () => this.#hushed, be: (value: boolean) => { this.#hushed = value; } };
    this.sounding = {
      get muted() { return hushed.is() || port.sounding.muted; },
      set muted(value: boolean) { hushed.be(false); port.sounding.muted = value; },
      get volume() { return port.sounding.volume; },
      set volume(value: number) { port.sounding.volume = value; },
    };
    const unheard = [port.onShared(() => void this.#read()), port.onGone((video) => this.#gone(video))];
    this.#unheard = () => { for (const undo of unheard) undo(); };
    this.#chatTimer = setInterval(() => this.#needChat(), CHAT_EVERY_MS);
    void this.#read();
  }

  get hushed(): boolean { return this.#hushed; }

  get unseen(): number { return this.row.filter((one) => !one.film.seen).length; }

  async play(video: VideoId, at_ms?: number): Promise<Outcome> {
    let shown = this.row.find((one) => one.film.id === video);
    if (!shown) {
      const reply = await this.port.api.video(video);
      if (this.#over || reply.is !== 'ok') return ofReply(reply);
      // One's own, or one that was shared long ago.
      shown = { film: filmOf(reply.value), position: 0, shared_ms: reply.value.created_ms };
      this.row = [shown, ...this.row];
      this.#known.add(video);
    }
    this.closed = false;
    this.state = 'ready';
    if (this.current?.film.id === video && this.player && this.player.playback !== 'gone') {
      if (at_ms !== undefined) this.player.seek(at_ms);
      this.player.play();
    } else this.#show(shown, at_ms ?? null);
    return { ok: true };
  }

  next(): void {
    const at = this.#at();
    const to = this.row[at + 1] ?? this.row[0];
    if (to && at >= 0) this.#show(to, null);
  }

  previous(): void {
    const to = this.row[this.#at() - 1] ?? this.row.at(-1);
    if (to) this.#show(to, null);
  }

  hide(): void {
    this.player?.pause();
    this.closed = true;
    if (this.player?.playback === 'gone') this.#leave();
  }

  show(): void {
    this.closed = false;
    const [first] = this.row;
    if (this.player) this.player.play();
    else if (!this.#begin() && first) this.#show(first, null);
  }

  heard(messages: readonly FloatingMoment[]): void {
    this.#heard = messages;
    this.#tellSaid();
  }

  close(): void {
    this.#over = true;
    this.#unheard();
    clearTimeout(this.#againTimer);
    clearInterval(this.#chatTimer);
    this.#window?.close();
    this.player?.close();
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  #at(): number { return this.row.findIndex((one) => one.film.id === this.current?.film.id); }

  async #read(): Promise<void> {
    clearTimeout(this.#againTimer);
    const reading = (this.#reading = Symbol('row'));
    const all: DialogVideo[] = [];
    for (let more = true; more && all.length < ROW_MAX;) {
      const reply: Reply<{ videos: DialogVideo[]; more: boolean }> = await this.port.api.ofDialog(this.dialog, all.at(-1)?.position ?? null);
      if (this.#over || this.#reading !== reading) return;
      if (reply.is !== 'ok') {
        if (reply.is === 'unreachable') this.#againTimer = setTimeout(() => void this.#read(), AGAIN_MS);
        else if (this.state === 'loading') this.state = 'none';
        return;
      }
      all.push(...reply.value.videos);
      more = reply.value.more && reply.value.videos.length > 0;
    }
    this.#take(all);
  }

  /** The row as the server has it now. */
  #take(all: readonly DialogVideo[]): void {
    const me = this.port.me();
    const shared = new Map<VideoId, ShownFilm>();
    for (const { video, position, shared_ms } of all) {
      // One that was shared twice stands where it was shared last.
      if (!shared.has(video.id)) shared.set(video.id, { film: filmOf(video), position, shared_ms });
    }
    for (const one of shared.values()) {
      if (!this.#known.has(one.film.id) && one.film.seen) this.#seenBefore.add(one.film.id);
      this.#known.add(one.film.id);
    }
    const { current } = this;
    // What plays stays, whoever shared it, until it is left.
    const kept = current && !shared.has(current.film.id) ? [current] : [];
    const row = [...shared.values()].filter((one) => one.film.playable && (one.film.owner.id !== me || one.film.id === current?.film.id));
    const order = (one: ShownFilm) => (this.#seenBefore.has(one.film.id) ? 1 : 0);
    this.row = [...kept, ...row.sort((a, b) => order(a) - order(b) || b.shared_ms - a.shared_ms).slice(0, ROW_MAX)];
    const wire = current && all.find((one) => one.video.id === current.film.id);
    if (wire) this.#told(wire.video);
    // Taken back, deleted, or not for me any more: the player asks for itself what it may still show.
    else if (current && current.position > 0 && this.player) void this.#askFor(current.film.id);
    if (this.row.length === 0) this.state = 'none';
    else {
      this.state = 'ready';
      const over = this.player === null || this.player.playback === 'ended';
      if (over && !this.closed) this.#begin();
    }
  }

  #told(video: WireVideo): void {
    if (this.player && this.current?.film.id === video.id) this.player.told(video);
  }

  async #askFor(video: VideoId): Promise<void> {
    const reply = await this.port.api.video(video);
    if (this.current?.film.id !== video) return;
    if (reply.is === 'rejected') this.player?.end();
  }

  /** The first that was not played since one came. Returns whether there is one. */
  #begin(): boolean {
    const next = this.row.find((one) => !this.#done.has(one.film.id));
    if (next) this.#show(next, null);
    return next !== undefined;
  }

  /** What can't be watched any more is left behind. */
  #leave(): void {
    this.#forgetGone();
    this.player?.close();
    this.#window?.close();
    this.player = this.current = this.#window = null;
    this.said = [];
    if (this.row.length > 0) return;
    this.state = 'none';
    this.closed = false;
  }

  #forgetGone(): void {
    const id = this.player?.playback === 'gone' ? this.current?.film.id : undefined;
    if (id !== undefined) this.row = this.row.filter((one) => one.film.id !== id);
  }

  #show(shown: ShownFilm, from_ms: number | null): void {
    if (this.current && this.current.film.id !== shown.film.id) {
      this.#done.add(this.current.film.id);
      this.#forgetGone();
    }
    this.player?.close();
    this.#window?.close();
    const { id } = shown.film;
    const player: FilmPlayer = new FilmPlayer(id, { api: this.port.api, remembers: () => true, link: null }, from_ms, (what) => { if (this.player === player) this.#happened(what, id); });
    this.current = shown;
    this.player = player;
    this.#window = new ChatWindow((after) => this.port.api.messages(id, after), () => this.#tellSaid());
    this.#tellSaid();
    player.play();
    // Its address may have run out since the row was read, and somebody may have gone on with it elsewhere.
    void this.port.api.video(id).then((reply) => {
      if (this.player !== player) return;
      if (reply.is === 'ok') player.told(reply.value);
      else if (reply.is === 'rejected') player.end();
      else this.#againTimer = setTimeout(() => { if (this.player === player) this.#show(shown, from_ms); }, AGAIN_MS);
    });
  }

  /** What plays says so itself, and stays until it is left. */
  #gone(id: VideoId): void {
    this.row = this.row.filter((one) => one.film.id !== id || one.film.id === this.current?.film.id);
    if (this.current?.film.id === id) this.player?.end();
    if (this.row.length === 0) this.state = 'none';
  }

  #happened(what: 'ended' | 'seen' | 'gone', id: VideoId): void {
    // It stays where it is until it is left, so that one reads why.
    if (what === 'gone') return;
    this.row = this.row.map((one) => (one.film.id === id && !one.film.seen ? { ...one, film: { ...one.film, seen: true } } : one));
    if (what !== 'ended') return;
    this.#done.add(id);
    if (!this.closed) this.#begin();
  }

  #needChat(): void {
    if (this.player && this.player.playback !== 'idle') this.#window?.need(this.player.media_ms, performance.now());
  }

  #tellSaid(): void {
    const id = this.current?.film.id;
    const blocked = this.port.blocked();
    const me = this.port.me();
    const said = new Map<string, FloatingMessage>();
    for (const one of this.#window?.messages ?? []) {
      if (one.deleted || blocked.has(one.author.id) || one.moment?.video !== id) continue;
      said.set(keyOf(one.at_ms, one.text), { id: keyOf(one.at_ms, one.text), text: one.text, mine: one.author.id === me, style: DEFAULT_STYLE, media_ms: one.moment?.at_ms ?? 0 });
    }
    for (const { text, mine, at_ms, moment } of this.#heard) {
      const key = keyOf(at_ms, text);
      if (moment.video === id && !said.has(key)) said.set(key, { id: key, text, mine, style: DEFAULT_STYLE, media_ms: moment.at_ms });
    }
    this.said = [...said.values()];
  }
}

/** The same message by the film's chat and by the talk. */
const keyOf = (at_ms: number, text: string) => `${at_ms} ${text}`;
