/** What I send beside words, on this device and seen from it: queued, kept in the browser, uploaded, prepared, said. */
import type { Locks, Tabs } from '../../engines/locks';
import type { Answer } from '../../engines/connection/machine';
import type { Reply } from '../../engines/http/http';
import type { UploadEnd, UploadListener, Uploading, WhatIsSent } from '../../engines/http/resumable';
import { imageAddress, type SendingApi } from '../../engines/http/sending';
import type { KeptFiles } from '../../engines/kept_files';
import type { PreparedImage } from '../../engines/media/files/image';
import type { Still } from '../../engines/media/files/still';
import type { ImageId, Rejection, Upload, UploadId, UserId, Video, VideoId } from '../../protocol/generated/types';
import type { DialogId } from '../dialogs/model';
import { refusal } from '../people/refusal';
import { Films } from './films.svelte';
import { KEPT_MAX_BYTES, kindOf, sameFile } from './files';
import type { ImageSize, Picked, SendFailure, SendingModel, SendItem, SendState } from './model';
import { Pace } from './pace';

/** While the server can't be reached, it is tried at least this often. */
export const TRY_EVERY_MS = 10_000;
/** Others' progress is asked for this often. */
export const LOOK_EVERY_MS = 5_000;
/** What was begun right now may be begun here: its answer is on the way. */
const LOOK_AFTER_MS = 2_000;
/** Nothing came from another device for this long: it has stopped. */
export const STOPPED_AFTER_MS = 20_000;
/** An upload to which nothing was added for a day is gone; one that is gone before was given up. */
const EXPIRES_AFTER_MS = 23 * 3_600_000;
const TELL_TABS_EVERY_MS = 250;

/** What is kept in the browser of something that is on its way. */
export interface Kept {
  readonly key: string;
  readonly owner: UserId;
  readonly kind: 'video' | 'image';
  readonly dialog: DialogId;
  readonly name: string;
  readonly bytes: number;
  /** When the file was changed, as the browser says; null where another device has it. */
  readonly modified_ms: number | null;
  readonly text: string;
  readonly still: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly began_ms: number;
  /** When something of it arrived last. */
  readonly touched_ms: number;
  readonly upload: UploadId | null;
  readonly becomes: VideoId | ImageId | null;
  /** All of it is with the server. */
  readonly whole: boolean;
}

/** What tabs tell each other: how one stands, or that what is kept has changed. */
export type TabWord = { readonly key: string; readonly state: SendState } | 'changed';

export interface SendingPort {
  readonly api: SendingApi;
  readonly kept: KeptFiles<Kept>;
  readonly locks: Locks;
  readonly tabs: Tabs<TabWord>;
  readonly session: { readonly me: { readonly id: string; readonly guest: boolean } | null; onChange(listener: () => void): () => void };
  upload(file: Blob, what: WhatIsSent, listener: UploadListener): Uploading;
  still(file: Blob): Promise<Still | null>;
  image(file: Blob): Promise<PreparedImage | null>;
  /** Says an image in a dialog. The name makes a repeat harmless. */
  say(dialog: DialogId, text: string, nonce: string, image: ImageId): Promise<Answer>;
  onStatus(listener: (open: boolean) => void): () => void;
  /** Calls when the browser has a network again. */
  onOnline(listener: () => void): void;
  online(): boolean;
  nonce(): string;
  /** Whether something is kept here, so that it is gone on with when the page is opened. */
  remember(something: boolean): void;
}

interface Entry {
  kept: Kept;
  file: Blob | null;
  state: SendState;
  running: Uploading | null;
  given_up: boolean;
  pace: Pace;
  told_ms: number;
  /** Of another device's: how much was there when, to see whether it moves. */
  moved: { bytes: number; at_ms: number } | null;
  /** It is this tab's no more: done with, or given up. */
  letGo: () => void;
}

/** What the tab holds in which something was chosen, as long as it is to be sent: others take over when that tab has ended. */
const chosenIn = (key: string) => `hearth.chosen.${key}`;

const preparing = (video?: Video): SendState => {
  const conversion = video?.own?.conversion ?? null;
  return { is: 'preparing', before: conversion?.before ?? 0, done: conversion === null || conversion.before > 0 ? null : conversion.done, left_ms: conversion?.left_ms ?? null };
};

/** Films that may be made of the same file at another time. */
const MAY_BE_TRIED = new Set(['no_room', 'failed', 'too_much']);

function failureOf(rejection: Rejection): { why: SendFailure; again: boolean } {
  if (rejection.kind === 'storage') return { why: { is: 'disk_full' }, again: true };
  if (rejection.kind === 'not_found') return { why: { is: 'dialog_gone' }, again: false };
  if (rejection.kind === 'invalid' && rejection.field === 'image') return { why: { is: 'image_unreadable' }, again: false };
  if (rejection.kind === 'limit') {
    const { limit, max } = rejection;
    switch (limit) {
      case 'upload_bytes': case 'image_bytes': return { why: { is: 'limit', limit, max }, again: false };
      case 'uploads': case 'storage_bytes': case 'images': return { why: { is: 'limit', limit, max }, again: true };
    }
  }
  return { why: { is: 'refused', refusal: refusal(rejection) }, again: rejection.kind !== 'forbidden' && rejection.kind !== 'invalid' };
}

export class Sending implements SendingModel {
  items = $state.raw<readonly SendItem[]>([]);
  readonly films: Films;
  #entries = new Map<string, Entry>();
  #who: UserId | null = null;
  #reading: symbol | null = null;
  /** What waits for the server to be reachable. */
  #waiting = new Set<() => void>();
  #busy = { video: false, image: false };
  #looking: ReturnType<typeof setTimeout> | undefined;
  #showing = false;
  #open = false;

  constructor(private readonly port: SendingPort) {
    this.films = new Films((id) => port.api.film(id));
    port.session.onChange(() => this.#sessionChanged());
    port.onOnline(() => this.#reachable());
    port.onStatus((open) => {
      if (open) this.#reachable();
      // What was told meanwhile is known by asking.
      if (open && !this.#open) void this.#read();
      this.#open = open;
    });
    port.tabs.onWord((word) => this.#word(word));
    this.#sessionChanged();
  }

  image(id: ImageId, size: ImageSize): string {
    return imageAddress(id, size);
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  send(dialog: DialogId, files: readonly File[], text: string): void {
    if (this.#who === null) return;
    files.forEach((file, nth) => void this.#add(dialog, file, nth === 0 ? text.trim() : '', nth));
  }

  pick(key: string, file: File): Picked {
    const entry = this.#entries.get(key);
    if (!entry || !sameFile(file, entry.kept)) return 'another_file';
    entry.file = file;
    this.#keep(entry, { modified_ms: file.lastModified });
    void this.#look(entry, file);
    this.#stand(entry, { is: 'waiting' });
    this.#pump();
    return 'goes_on';
  }

  retry(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.state.is !== 'failed') return;
    const { becomes, whole } = entry.kept;
    if (entry.kept.kind === 'video' && whole && becomes !== null) {
      this.#stand(entry, preparing());
      void this.port.api.convert(becomes).then((reply) => { if (reply.is !== 'ok') this.#refused(entry, reply); });
    } else {
      this.#stand(entry, entry.file === null ? { is: 'needs_file', sent_bytes: 0 } : { is: 'waiting' });
      this.#pump();
    }
  }

  discard(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const { upload, becomes, whole, kind } = entry.kept;
    this.#drop(entry);
    if (kind === 'video' && upload !== null && !whole) void this.#giveUp(upload, becomes);
    else if (kind === 'video' && becomes !== null) void this.port.api.remove(becomes);
  }

  /** How a film of mine stands, as the server tells it. */
  heard(video: Video): void {
    this.films.heard(video);
    const { own } = video;
    if (!own) return;
    const entry = this.#ofFilm(video.id);
    if (video.state === 'uploading') {
      // Begun elsewhere: how much is there is told with the list.
      if (!entry && own.dialog !== null) this.#lookSoon(LOOK_AFTER_MS);
      return;
    }
    if (own.dialog === null && video.state !== 'failed') {
      // It is said (or whom it was for can't be reached any more).
      if (entry) this.#drop(entry);
      return;
    }
    if (own.dialog === null && !entry) return;
    this.#stands(entry ?? this.#foreign({ key: video.id, dialog: own.dialog ?? '', name: video.title, bytes: video.bytes, upload: null, video: video.id }), video);
  }

  /** A film of mine, or of somebody in a dialog of mine, was deleted. */
  gone(video: VideoId): void {
    this.films.gone(video);
    const entry = this.#ofFilm(video);
    if (entry) this.#drop(entry);
  }

  // ── In the browser ──────────────────────────────────────────────────────────────────────────

  #sessionChanged(): void {
    const me = this.port.session.me;
    const who = me === null || me.guest ? null : me.id;
    if (who === this.#who) return;
    this.#who = who;
    for (const entry of this.#entries.values()) entry.running?.stop();
    this.#entries.clear();
    this.films.forget();
    clearTimeout(this.#looking);
    this.#show();
    if (who !== null) void this.#read();
  }

  /** What is kept here, and what the server knows of. */
  async #read(): Promise<void> {
    const who = this.#who;
    if (who === null) return;
    const reading = (this.#reading = Symbol('reading'));
    const kept = (await this.port.kept.all()).filter((one) => one.owner === who);
    for (const one of kept) {
      if (this.#entries.has(one.key)) continue;
      const file = one.whole ? null : await this.port.kept.file(one.key);
      if (this.#reading !== reading || this.#who !== who || this.#entries.has(one.key)) return;
      this.#enter(one, file, one.whole ? preparing() : file === null ? { is: 'needs_file', sent_bytes: 0 } : { is: 'waiting' });
    }
    this.#pump();
    const [uploads, films] = await Promise.all([this.port.api.uploads(), this.port.api.films()]);
    if (this.#reading !== reading || this.#who !== who) return;
    if (uploads.is === 'ok') this.#take(uploads.value.uploads);
    if (films.is !== 'ok') return;
    const known = new Set<string>();
    for (const film of films.value.videos) {
      known.add(film.id);
      if (film.state === 'converting' || film.state === 'failed' || this.#ofFilm(film.id)) this.heard(film);
    }
    // What is whole and not among them may be further back, or be deleted.
    for (const entry of [...this.#entries.values()]) {
      const { becomes, whole, kind } = entry.kept;
      if (kind === 'video' && whole && becomes !== null && !known.has(becomes)) void this.#ask(entry, becomes);
    }
  }

  async #ask(entry: Entry, film: VideoId): Promise<void> {
    const reply = await this.port.api.film(film);
    if (reply.is === 'ok') this.heard(reply.value);
    else if (reply.is === 'rejected' && reply.rejection.kind === 'not_found') this.#drop(entry);
  }

  /** Uploads as the server lists them. */
  #take(uploads: readonly Upload[]): void {
    const now_ms = Date.now();
    let others = false;
    for (const one of uploads) {
      if (one.dialog === null) continue;
      const entry = this.#ofFilm(one.video) ?? this.#foreign({ key: one.id, dialog: one.dialog, name: one.name, bytes: one.bytes, upload: one.id, video: one.video });
      if (entry.state.is !== 'needs_file' && entry.state.is !== 'remote') continue;
      others = true;
      const moves = entry.moved === null || entry.moved.bytes !== one.received_bytes;
      const first = entry.moved === null;
      if (moves) entry.moved = { bytes: one.received_bytes, at_ms: now_ms };
      const stopped = (first && entry.kept.modified_ms !== null) || (!moves && now_ms - (entry.moved?.at_ms ?? 0) >= STOPPED_AFTER_MS);
      const is = stopped ? 'needs_file' : moves && !first ? 'remote' : entry.state.is;
      this.#stand(entry, { is, sent_bytes: one.received_bytes }, false);
    }
    const listed = new Set(uploads.map((one) => one.id));
    for (const entry of [...this.#entries.values()]) {
      const { upload, whole, becomes } = entry.kept;
      const waits = entry.state.is === 'needs_file' || entry.state.is === 'remote';
      // No longer on its way: it is whole now, or was given up.
      if (waits && upload !== null && !whole && becomes !== null && !listed.has(upload)) void this.#ask(entry, becomes);
    }
    if (others) this.#lookSoon(LOOK_EVERY_MS);
  }

  #lookSoon(after_ms: number): void {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => {
      const who = this.#who;
      void this.port.api.uploads().then((reply) => {
        if (this.#who !== who || who === null) return;
        if (reply.is === 'ok') this.#take(reply.value.uploads);
        else this.#lookSoon(LOOK_EVERY_MS);
      });
    }, after_ms);
  }

  /** What another device began, or a browser that has forgotten it. */
  #foreign(one: { key: string; dialog: DialogId; name: string; bytes: number; upload: UploadId | null; video: VideoId }): Entry {
    const now_ms = Date.now();
    return this.#enter({
      key: one.key, owner: this.#who ?? '', kind: 'video', dialog: one.dialog, name: one.name, bytes: one.bytes, modified_ms: null, text: '',
      still: null, width: null, height: null, began_ms: now_ms, touched_ms: now_ms, upload: one.upload, becomes: one.video, whole: one.upload === null,
    }, null, one.upload === null ? preparing() : { is: 'remote', sent_bytes: 0 });
  }

  async #add(dialog: DialogId, file: File, text: string, nth: number): Promise<void> {
    const kind = kindOf(file);
    const now_ms = Date.now();
    const entry = this.#enter({
      key: this.port.nonce(), owner: this.#who ?? '', kind: kind ?? 'video', dialog, name: file.name, bytes: file.size, modified_ms: file.lastModified, text,
      still: null, width: null, height: null, began_ms: now_ms + nth / 1_000, touched_ms: now_ms, upload: null, becomes: null, whole: false,
    }, file, { is: 'waiting' });
    if (kind === null || file.size === 0) return this.#stand(entry, { is: 'failed', why: { is: kind === null ? 'not_media' : 'empty' }, again: false });
    void this.port.locks.unlessHeld(chosenIn(entry.kept.key), () => new Promise((letGo) => { entry.letGo = letGo; }));
    // Told to the server first, kept after: a large file takes a while.
    this.#keep(entry, {});
    if (file.size <= KEPT_MAX_BYTES) void this.port.kept.putFile(entry.kept.key, file).then(() => { if (entry.given_up || entry.kept.whole) void this.port.kept.dropFile(entry.kept.key); });
    await this.#look(entry, file);
    this.#pump();
  }

  /** A picture of it, before anything else is done with it. */
  async #look(entry: Entry, file: Blob): Promise<void> {
    if (entry.kept.kind === 'image') {
      const made = await this.port.image(file);
      if (entry.given_up) return;
      if (made === null) return this.#stand(entry, { is: 'failed', why: { is: 'image_unreadable' }, again: false });
      entry.file = made.file;
      return this.#keep(entry, { still: made.picture, width: made.width, height: made.height, bytes: made.file.size });
    }
    if (entry.kept.still !== null) return;
    const still = await this.port.still(file);
    if (still !== null && !entry.given_up) this.#keep(entry, { still: still.picture, width: still.width, height: still.height });
  }

  #enter(kept: Kept, file: Blob | null, state: SendState): Entry {
    const entry: Entry = { kept, file, state, running: null, given_up: false, pace: new Pace(), told_ms: -Infinity, moved: null, letGo: () => {} };
    this.#entries.set(kept.key, entry);
    this.#show();
    return entry;
  }

  #keep(entry: Entry, change: Partial<Kept>): void {
    if (entry.given_up) return;
    entry.kept = { ...entry.kept, ...change };
    if (entry.kept.whole) entry.letGo();
    this.#show();
    // What only the server knows of, or what it never will, is not kept.
    if (entry.kept.modified_ms === null) return;
    this.port.remember(true);
    void this.port.kept.put(entry.kept).then(() => this.port.tabs.tell('changed'));
  }

  #drop(entry: Entry): void {
    if (entry.given_up) return;
    entry.given_up = true;
    entry.letGo();
    entry.running?.stop();
    this.#entries.delete(entry.kept.key);
    if (this.#entries.size === 0) this.port.remember(false);
    void this.port.kept.remove(entry.kept.key).then(() => this.port.tabs.tell('changed'));
    this.#show();
  }

  // ── On its way ──────────────────────────────────────────────────────────────────────────────

  #pump(): void {
    for (const kind of ['video', 'image'] as const) {
      if (this.#busy[kind]) continue;
      const next = this.#inOrder().find((one) => one.kept.kind === kind && one.state.is === 'waiting' && one.file !== null);
      if (!next) continue;
      this.#busy[kind] = true;
      const name = `hearth.sending.${next.kept.key}`;
      void this.port.locks.unlessHeld(name, () => (kind === 'video' ? this.#sendFilm(next) : this.#sendImage(next))).then((mine) => {
        if (!mine && !next.given_up) {
          this.#stand(next, { is: 'remote', sent_bytes: 0 }, false);
          void this.port.locks.free(name).then(() => this.#takeOver(next));
        }
        this.#busy[kind] = false;
        this.#pump();
      });
    }
  }

  /** The tab that sent it has ended, or is done with it. */
  async #takeOver(entry: Entry): Promise<void> {
    const kept = (await this.port.kept.all()).find((one) => one.key === entry.kept.key);
    if (entry.given_up) return;
    if (!kept) return this.#drop(entry);
    entry.kept = kept;
    if (entry.state.is !== 'remote') return;
    if (!kept.whole) entry.file ??= await this.port.kept.file(kept.key);
    if (entry.given_up) return;
    this.#stand(entry, kept.whole ? preparing() : entry.file === null ? { is: 'needs_file', sent_bytes: entry.state.sent_bytes } : { is: 'waiting' }, false);
    if (kept.whole && kept.becomes !== null) void this.#ask(entry, kept.becomes);
    this.#pump();
  }

  async #sendFilm(entry: Entry): Promise<void> {
    while (!entry.given_up && entry.file !== null) {
      const { upload, name, dialog, text } = entry.kept;
      entry.pace.forget();
      if (entry.state.is !== 'uploading') this.#stand(entry, { is: 'uploading', sent_bytes: 'sent_bytes' in entry.state ? entry.state.sent_bytes : 0, pace_bps: null, left_ms: null });
      const running = this.port.upload(entry.file, { upload, metadata: { filename: name, dialog, text } }, {
        created: (id, video) => this.#begun(entry, id, video),
        progress: (sent_bytes) => this.#progress(entry, sent_bytes),
      });
      entry.running = running;
      const end = await running.ended;
      entry.running = null;
      if (entry.given_up) {
        // Given up while it was begun: what it is called was not known then.
        if (upload === null && entry.kept.upload !== null) void this.#giveUp(entry.kept.upload, entry.kept.becomes);
        return;
      }
      if (await this.#ended(entry, end)) return;
    }
  }

  #begun(entry: Entry, upload: UploadId, film: VideoId): void {
    // The server's list may have told of it before its answer came.
    const other = this.#ofFilm(film);
    if (other && other !== entry) this.#entries.delete(other.kept.key);
    const change = { upload, becomes: film, touched_ms: Date.now() };
    if (entry.given_up) entry.kept = { ...entry.kept, ...change };
    else this.#keep(entry, change);
  }

  /** @returns whether it is over; else it is gone on with */
  async #ended(entry: Entry, end: UploadEnd): Promise<boolean> {
    switch (end.is) {
      case 'stopped': return true;
      case 'whole': {
        this.#keep(entry, { whole: true, touched_ms: Date.now() });
        entry.file = null;
        void this.port.kept.dropFile(entry.kept.key);
        this.#stand(entry, preparing());
        if (entry.kept.becomes !== null) void this.#ask(entry, entry.kept.becomes);
        return true;
      }
      case 'gone': {
        if (Date.now() - entry.kept.touched_ms < EXPIRES_AFTER_MS) {
          // It may have become whole, and a film, the moment before the answer was lost.
          const reply = entry.kept.becomes === null ? null : await this.port.api.film(entry.kept.becomes);
          if (reply?.is !== 'ok') this.#drop(entry);
          else {
            this.#keep(entry, { whole: true });
            this.heard(reply.value);
          }
          return true;
        }
        this.#keep(entry, { upload: null, becomes: null });
        return false;
      }
      case 'rejected':
        this.#stand(entry, { is: 'failed', ...failureOf(end.rejection) });
        return true;
      case 'cut':
        this.#stand(entry, { is: 'paused', sent_bytes: 'sent_bytes' in entry.state ? entry.state.sent_bytes : 0 });
        await this.#reached();
        return false;
    }
  }

  async #sendImage(entry: Entry): Promise<void> {
    const { key, dialog, text } = entry.kept;
    while (!entry.given_up && entry.file !== null) {
      if (entry.kept.becomes === null) {
        if (entry.kept.still === null) await this.#look(entry, entry.file);
        if (entry.given_up || (entry.state as SendState).is === 'failed') return;
        this.#stand(entry, { is: 'uploading', sent_bytes: 0, pace_bps: null, left_ms: null });
        const reply = await this.port.api.sendImage(dialog, entry.file, (sent_bytes) => this.#progress(entry, sent_bytes));
        if (entry.given_up) return;
        if (reply.is === 'ok') this.#keep(entry, { becomes: reply.value.image, width: reply.value.width, height: reply.value.height });
        else if (reply.is === 'rejected') return this.#stand(entry, { is: 'failed', ...failureOf(reply.rejection) });
      }
      if (entry.kept.becomes !== null) {
        const answer = await this.port.say(dialog, text, key, entry.kept.becomes);
        if (answer.is === 'ok') return this.#drop(entry);
        if (answer.is === 'rejected') return this.#stand(entry, { is: 'failed', ...failureOf(answer.rejection) });
      }
      this.#stand(entry, { is: 'paused', sent_bytes: 0 });
      await this.#reached();
    }
  }

  #progress(entry: Entry, sent_bytes: number): void {
    if (entry.given_up) return;
    const pace_bps = entry.pace.mark(sent_bytes, performance.now());
    const left_ms = pace_bps === null ? null : ((entry.kept.bytes - sent_bytes) * 1_000) / pace_bps;
    this.#stand(entry, { is: 'uploading', sent_bytes, pace_bps, left_ms });
  }

  /** Resolves when the server may be reachable again. */
  #reached(): Promise<void> {
    return new Promise((settle) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        settle();
      };
      const again = () => { if (this.port.online()) go(); else timer = setTimeout(again, TRY_EVERY_MS); };
      let timer = setTimeout(again, TRY_EVERY_MS);
      this.#waiting.add(go);
    });
  }

  #reachable(): void {
    for (const go of [...this.#waiting]) go();
  }

  async #giveUp(upload: UploadId, film: VideoId | null): Promise<void> {
    const reply = await this.port.api.giveUp(upload);
    // It had become whole meanwhile.
    if (reply.is === 'rejected' && film !== null) await this.port.api.remove(film);
  }

  // ── How it stands ───────────────────────────────────────────────────────────────────────────

  #stands(entry: Entry, video: Video): void {
    if (!entry.kept.whole) this.#keep(entry, { whole: true });
    if (entry.kept.still === null && video.tiny !== '' && video.width > 0) this.#keep(entry, { still: video.tiny, width: video.width, height: video.height });
    const failure = video.own?.failure ?? null;
    if (video.state === 'failed' && failure) this.#stand(entry, { is: 'failed', why: { is: 'film', failure }, again: MAY_BE_TRIED.has(failure.kind) }, false);
    else this.#stand(entry, preparing(video), false);
  }

  #refused(entry: Entry, reply: Reply<unknown>): void {
    if (entry.given_up || reply.is === 'ok') return;
    this.#stand(entry, { is: 'failed', ...(reply.is === 'rejected' ? failureOf(reply.rejection) : { why: { is: 'refused' as const, refusal: { reason: 'disconnected' as const } }, again: true }) });
  }

  #stand(entry: Entry, state: SendState, mine = true): void {
    if (entry.given_up) return;
    entry.state = state;
    this.#show();
    if (!mine) return;
    const now_ms = performance.now();
    if (state.is === 'uploading' && now_ms - entry.told_ms < TELL_TABS_EVERY_MS) return;
    entry.told_ms = now_ms;
    this.port.tabs.tell({ key: entry.kept.key, state });
  }

  #word(word: TabWord): void {
    if (word === 'changed') return void this.#tabChanged();
    const entry = this.#entries.get(word.key);
    // Only one tab sends: what it says goes, unless this one does itself.
    if (!entry || entry.running !== null || entry.kept.whole) return;
    const { state } = word;
    if (state.is === 'uploading' || state.is === 'paused') this.#stand(entry, { is: 'remote', sent_bytes: state.sent_bytes }, false);
    else if (state.is === 'preparing' || state.is === 'failed') this.#stand(entry, state, false);
  }

  /** Another tab has begun something, or is done with it. */
  async #tabChanged(): Promise<void> {
    const who = this.#who;
    const all = (await this.port.kept.all()).filter((one) => one.owner === who);
    if (who !== this.#who) return;
    const keys = new Set(all.map((one) => one.key));
    for (const one of all) {
      const entry = this.#entries.get(one.key);
      if (entry && entry.running === null) {
        entry.kept = one;
        this.#show();
      } else if (!entry) {
        const file = one.whole ? null : await this.port.kept.file(one.key);
        if (who !== this.#who || this.#entries.has(one.key)) continue;
        const made = this.#enter(one, file, one.whole ? preparing() : { is: 'remote', sent_bytes: 0 });
        // It is gone on with here when the other tab ends.
        if (!one.whole) void this.port.locks.free(chosenIn(one.key)).then(() => this.#takeOver(made));
      }
    }
    for (const entry of [...this.#entries.values()]) {
      if (entry.kept.modified_ms !== null && entry.running === null && (entry.state.is === 'remote' || entry.kept.whole) && !keys.has(entry.kept.key)) {
        entry.given_up = true;
        this.#entries.delete(entry.kept.key);
        this.#show();
      }
    }
  }

  #ofFilm(id: VideoId): Entry | undefined {
    return [...this.#entries.values()].find((one) => one.kept.becomes === id);
  }

  #inOrder(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.kept.began_ms - b.kept.began_ms);
  }

  /** Many changes in one turn make one. */
  #show(): void {
    if (this.#showing) return;
    this.#showing = true;
    queueMicrotask(() => {
      this.#showing = false;
      this.items = this.#inOrder().map(({ kept, state }) => ({
        key: kept.key, kind: kept.kind, dialog: kept.dialog, name: kept.name, bytes: kept.bytes, text: kept.text,
        still: kept.still, width: kept.width, height: kept.height, becomes: kept.becomes, state,
      }));
    });
  }
}
