/**
 * Which messages of a long conversation are on the page: a window that slides over them, so that
 * the page stays small however much history was paged in.
 */
import type { ChatMessage, MessageId } from './model';

/** Rows on the page at most. A screen shows some thirty. */
export const WINDOW_ROWS = 240;
/** Rows by which the window slides. */
export const SLIDE_ROWS = 80;

interface Identified {
  readonly id: MessageId;
}

export interface RowWindow {
  readonly start: number;
  readonly end: number;
}

/** `startId` null, or a message that is gone: the newest ones. */
export function rowWindow(messages: readonly Identified[], startId: MessageId | null): RowWindow {
  const latest = Math.max(0, messages.length - WINDOW_ROWS);
  const found = startId === null ? -1 : messages.findIndex((message) => message.id === startId);
  const start = found < 0 ? latest : Math.min(found, latest);
  return { start, end: Math.min(messages.length, start + WINDOW_ROWS) };
}

/** The start after sliding towards older or newer messages. */
export function slide(messages: readonly Identified[], current: RowWindow, towards: 'older' | 'newer'): MessageId | null {
  const latest = Math.max(0, messages.length - WINDOW_ROWS);
  const start = Math.max(0, Math.min(latest, current.start + (towards === 'older' ? -SLIDE_ROWS : SLIDE_ROWS)));
  return messages[start]?.id ?? null;
}

/** Messages of one author that follow within this time stand under one name. */
export const RUN_MS = 4 * 60_000;

type Standing = Pick<ChatMessage, 'at_ms'> & { readonly author: { readonly id: string }; readonly replyTo: object | null };

/** Whether a message goes on under the name above it. */
export function continues(message: Standing, before: Standing | undefined): boolean {
  return before !== undefined && before.author.id === message.author.id && message.replyTo === null
    && message.at_ms - before.at_ms < RUN_MS && sameDay(message.at_ms, before.at_ms);
}

export function sameDay(a_ms: number, b_ms: number): boolean {
  return new Date(a_ms).toDateString() === new Date(b_ms).toDateString();
}

/** Above this many at once, a screen reader hears a count and not the messages. */
export const SPOKEN_AT_ONCE = 2;
