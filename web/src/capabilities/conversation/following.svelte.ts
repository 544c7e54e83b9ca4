/**
 * Keeps the reader's place in a list that grows at both ends: stuck to the newest message while at
 * the end, and otherwise with the same message at the same height, whatever comes before or after.
 */
import { tick, untrack } from 'svelte';
import type { MessageId } from './model';
import { rowWindow, slide } from './shown_rows';

/** Closer to the end than this counts as at the end. */
const END_PX = 48;
/** Older or newer rows are brought in when the reader is this near to the edge. */
const EDGE_PX = 600;

/** What is needed of a list's messages, in their order. */
export interface Followed<Message> {
  readonly messages: readonly Message[];
  readonly older: string;
  /** Newer messages than are held; absent: the newest are. */
  readonly newer?: string;
  loadOlder(): void;
  loadNewer?(): void;
  /** Everything up to the newest message has been on screen. */
  markRead(): void;
}

interface Anchor {
  readonly id: MessageId;
  readonly top_px: number;
  /** How far the list was scrolled then. */
  readonly scrolled_px: number;
}

export function listFollowing<Message extends { readonly id: MessageId; readonly mine: boolean }>(chatOf: () => Followed<Message>) {
  let scroller: HTMLElement | null = null;
  let startId = $state<MessageId | null>(null);
  let atEnd = $state(true);
  let seenId = $state<MessageId | null>(null);
  let anchor: Anchor | null = null;

  const bounds = $derived(rowWindow(chatOf().messages, startId));
  const rows = $derived(chatOf().messages.slice(bounds.start, bounds.end));
  const fresh = $derived.by(() => {
    if (atEnd || seenId === null) return 0;
    const all = chatOf().messages;
    const from = all.findIndex((message) => message.id === seenId);
    return from < 0 ? 0 : all.slice(from + 1).filter((message) => !message.mine).length;
  });

  const newestHeld = () => (chatOf().newer ?? 'none') === 'none';
  const rowElement = (id: MessageId) => scroller?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`) ?? null;

  function firstInView(): Anchor | null {
    if (!scroller) return null;
    const top = scroller.getBoundingClientRect().top;
    for (const row of scroller.querySelectorAll<HTMLElement>('[data-id]')) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top) return { id: row.dataset.id ?? '', top_px: box.top - top, scrolled_px: scroller.scrollTop };
    }
    return null;
  }

  function keepPlace(): void {
    if (!scroller) return;
    if (atEnd) {
      scroller.scrollTop = scroller.scrollHeight;
      return;
    }
    const row = anchor && rowElement(anchor.id);
    if (!row || !anchor) return;
    // A scroll whose event has not come yet moved the place too; at the lower end it may be the browser that did.
    const lowest = scroller.scrollTop >= scroller.scrollHeight - scroller.clientHeight - 1;
    const top_px = anchor.top_px - (lowest ? 0 : scroller.scrollTop - anchor.scrolled_px);
    scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - top_px;
    anchor = { id: anchor.id, top_px, scrolled_px: scroller.scrollTop };
  }

  function markSeen(): void {
    const chat = chatOf();
    seenId = newestHeld() ? (chat.messages.at(-1)?.id ?? null) : null;
    // What lies in a hidden tab of the panel has not been seen.
    if (document.visibilityState === 'visible' && scroller && scroller.clientHeight > 0) chat.markRead();
  }

  function scrolled(): void {
    if (!scroller) return;
    const chat = chatOf();
    const below_px = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    const wasAtEnd = atEnd;
    atEnd = bounds.end === chat.messages.length && newestHeld() && below_px < END_PX;
    anchor = firstInView();
    if (atEnd) {
      startId = null;
      if (!wasAtEnd) markSeen();
      return;
    }
    // While away from the end the window holds still as messages are added.
    startId ??= chat.messages[bounds.start]?.id ?? null;
    bring();
  }

  /** What lies beyond an edge that is near. */
  function bring(): void {
    if (!scroller || scroller.clientHeight === 0) return;
    const chat = chatOf();
    if (scroller.scrollTop < EDGE_PX) bringOlder();
    else if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight >= EDGE_PX) return;
    else if (bounds.end < chat.messages.length) startId = slide(chat.messages, bounds, 'newer');
    else if (chat.newer === 'more') chat.loadNewer?.();
  }

  function bringOlder(): void {
    const chat = chatOf();
    if (bounds.start > 0) startId = slide(chat.messages, bounds, 'older');
    else if (chat.older === 'more') chat.loadOlder();
  }

  async function toEnd(): Promise<void> {
    startId = null;
    atEnd = true;
    markSeen();
    await tick();
    keepPlace();
  }

  /** Puts a message on the page and in view, if it is among those held. */
  async function reveal(id: MessageId): Promise<boolean> {
    const all = chatOf().messages;
    const at = all.findIndex((message) => message.id === id);
    if (at < 0) return false;
    if (at < bounds.start || at >= bounds.end) {
      atEnd = false;
      startId = all[Math.max(0, at - 20)]?.id ?? null;
      await tick();
    }
    rowElement(id)?.scrollIntoView({ block: 'center' });
    scrolled();
    return true;
  }

  $effect(() => {
    void rows;
    keepPlace();
    untrack(() => {
      if (atEnd) markSeen();
      // At the very edge no scroll says that there is room for what has just been read.
      else bring();
    });
  });

  return {
    get rows() { return rows; },
    get atEnd() { return atEnd; },
    /** Messages of others since the reader left the end. */
    get fresh() { return fresh; },
    rowElement,
    reveal,
    toEnd,
    /** Something beside the rows has changed its height. */
    keepPlace: () => untrack(keepPlace),
    attach(element: HTMLElement) {
      scroller = element;
      const back = () => untrack(() => {
        keepPlace();
        if (atEnd) markSeen();
      });
      const resized = new ResizeObserver(back);
      document.addEventListener('visibilitychange', back);
      resized.observe(element);
      element.addEventListener('scroll', scrolled, { passive: true });
      untrack(keepPlace);
      return () => {
        resized.disconnect();
        document.removeEventListener('visibilitychange', back);
        element.removeEventListener('scroll', scrolled);
        scroller = null;
      };
    },
  };
}
