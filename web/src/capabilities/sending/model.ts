/**
 * What I send in dialogs beside words, until it is a message: films and images on their way.
 */
import type { VideoFailure } from '../../protocol/generated/types';
import type { DialogId } from '../dialogs/model';
import type { Refusal } from '../people/model';
import type { FilmsModel } from './films.svelte';

/** Why something was not sent. */
export type SendFailure =
  | { readonly is: 'film'; readonly failure: VideoFailure }
  | { readonly is: 'limit'; readonly limit: 'upload_bytes' | 'storage_bytes' | 'uploads' | 'image_bytes' | 'images'; readonly max: number }
  | { readonly is: 'disk_full' | 'not_media' | 'empty' | 'image_unreadable' | 'dialog_gone' }
  | { readonly is: 'refused'; readonly refusal: Refusal };

/**
 * ```text
 * waiting ─► uploading ◄─► paused        another device's: remote ─► needs_file
 *    ▲           ├──────────────────► failed ──try again──► waiting, preparing
 *    │           ▼                      ▲
 * needs_file   preparing ───────────────┘
 *                └──► (the message)
 * ```
 */
export type SendState =
  | { readonly is: 'waiting' }
  /** `sent_bytes` are with the server; the rest is null until a pace is known. */
  | { readonly is: 'uploading'; readonly sent_bytes: number; readonly pace_bps: number | null; readonly left_ms: number | null }
  /** The server can't be reached; it goes on by itself. */
  | { readonly is: 'paused'; readonly sent_bytes: number }
  /** Another tab or another device sends it. */
  | { readonly is: 'remote'; readonly sent_bytes: number }
  /** Only its file can go on with it, and the browser doesn't have that any more. */
  | { readonly is: 'needs_file'; readonly sent_bytes: number }
  /** It is with the server. `before` so many; `done` from 0 to 1, null until that is known. */
  | { readonly is: 'preparing'; readonly before: number; readonly done: number | null; readonly left_ms: number | null }
  /** `again`: whether another try may help. */
  | { readonly is: 'failed'; readonly why: SendFailure; readonly again: boolean };

/** `moving`: of an image that moves, a film without sound. */
export type ImageSize = 'small' | 'full' | 'moving';

export interface SendItem {
  readonly key: string;
  readonly kind: 'video' | 'image';
  readonly dialog: DialogId;
  /** What its file is called. */
  readonly name: string;
  readonly bytes: number;
  /** The words that go with it; may be empty. */
  readonly text: string;
  /** A small picture of it, as an address; null: none could be made. */
  readonly still: string | null;
  /** Of the picture; null: not known. */
  readonly width: number | null;
  readonly height: number | null;
  /** The film or the image that it becomes, once that is known. */
  readonly becomes: string | null;
  readonly state: SendState;
}

/** What came of picking the file of something again. */
export type Picked = 'goes_on' | 'another_file';

export interface SendingModel {
  /** Oldest first. */
  readonly items: readonly SendItem[];
  readonly films: FilmsModel;
  /** The address of an image. */
  image(id: string, size: ImageSize): string;
  /** @param text what goes with the first of them */
  send(dialog: DialogId, files: readonly File[], text: string): void;
  /** Goes on with the file it was begun with. */
  pick(key: string, file: File): Picked;
  retry(key: string): void;
  /** Gives it up: on its way, being prepared, or failed. */
  discard(key: string): void;
}
