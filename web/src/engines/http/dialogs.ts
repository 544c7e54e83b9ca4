/** Lasting conversations: which there are, what was said in them, and whom one may write to. */
import { HISTORY_PAGE_MAX } from '../../protocol/generated/limits';
import type { Dialog, DialogKeeping, Dialogs, FoundMessages, MessagePage, NewDialog, People, SpaceId } from '../../protocol/generated/types';
import { request } from './http';

/** Which stretch of a conversation: the newest, or beside or around a position. */
export type Where = { readonly before: number } | { readonly after: number } | { readonly around: number } | Record<string, never>;

const query = (what: Record<string, string | number | null>) =>
  new URLSearchParams(Object.entries(what).flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, String(value)]])));

export const dialogs = {
  /** @param before_ms those whose last message is older; null: from the first on */
  list: (before_ms: number | null) => request<Dialogs>('GET', `/dialogs?${query({ before_ms })}`),
  begin: (body: NewDialog) => request<Dialog>('POST', '/dialogs', body),
  one: (id: SpaceId) => request<Dialog>('GET', `/dialogs/${encodeURIComponent(id)}`),
  keep: (id: SpaceId, keeping: DialogKeeping) => request<Dialog>('PUT', `/dialogs/${encodeURIComponent(id)}/keeping`, keeping),
  messages: (id: SpaceId, where: Where) =>
    request<MessagePage>('GET', `/dialogs/${encodeURIComponent(id)}/messages?${query({ ...where, limit: HISTORY_PAGE_MAX })}`),
  /** @param dialog null: in all of mine */
  find: (q: string, dialog: SpaceId | null, before_ms: number | null) => request<FoundMessages>('GET', `/messages?${query({ q, dialog, before_ms })}`),
  people: (q: string) => request<People>('GET', `/people?${query({ q })}`),
};

/** What the models ask for; tests give them another. */
export type DialogsApi = typeof dialogs;
