/** Typed requests to `/api`. What the server declines comes back as a rejection, never as an exception. */
import { HISTORY_PAGE_MAX } from '../../protocol/generated/limits';
import type {
  Account, Accounts, ChangeAccount, ChangeMe, Devices, FoundRooms, GuestEntry, LiveRooms, Me, MessagePage, NewAccount, Rejection, Room,
  Session, Setup, SignIn, SpaceId, UserId,
} from '../../protocol/generated/types';

/** No answer within this: the server can't be reached. */
export const PATIENCE_MS = 15_000;

export type Reply<T> =
  | { readonly is: 'ok'; readonly value: T }
  | { readonly is: 'rejected'; readonly rejection: Rejection }
  /** No answer came, or none of ours (a proxy's page, say). */
  | { readonly is: 'unreachable' };

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export function isRejection(body: unknown): body is Rejection {
  return typeof body === 'object' && body !== null && typeof (body as { kind?: unknown }).kind === 'string';
}

/** @param path below `/api`, with its segments already encoded @param body sent as JSON; a picture as it is */
export async function request<T>(method: Method, path: string, body?: unknown): Promise<Reply<T>> {
  try {
    const response = await fetch(`/api${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
      // A cookie's unsafe requests must be JSON, also without a body: no form of a foreign page can be.
      ...(method === 'GET' ? {} : body instanceof Blob ? { headers: { 'content-type': body.type }, body }
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}) }),
    });
    if (response.status === 204) return { is: 'ok', value: undefined as T };
    const answer: unknown = await response.json();
    if (response.ok) return { is: 'ok', value: answer as T };
    return isRejection(answer) ? { is: 'rejected', rejection: answer } : { is: 'unreachable' };
  } catch {
    return { is: 'unreachable' };
  }
}

/** Tells the server something as the page goes away: the browser sends it also when nobody waits for the answer. */
export function tellOnLeaving(method: Method, path: string, body: unknown): void {
  fetch(`/api${path}`, { method, credentials: 'same-origin', keepalive: true, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).catch(() => undefined);
}

export const api = {
  session: () => request<Session>('GET', '/session'),
  signIn: (body: SignIn) => request<Session>('POST', '/session', body),
  signOut: () => request<void>('DELETE', '/session'),
  enterAsGuest: (body: GuestEntry) => request<Session>('POST', '/session/guest', body),
  setUp: (body: Setup) => request<Session>('POST', '/setup', body),
  changeMe: (body: ChangeMe) => request<Me>('PATCH', '/me', body),
  devices: () => request<Devices>('GET', '/devices'),
  signOutDevice: (id: string) => request<void>('DELETE', `/devices/${encodeURIComponent(id)}`),
  accounts: (after: UserId | null) => request<Accounts>('GET', after === null ? '/accounts' : `/accounts?after=${encodeURIComponent(after)}`),
  /** Also for oneself, where the server lets anybody make an account. */
  addAccount: (body: NewAccount) => request<Account>('POST', '/accounts', body),
  changeAccount: (id: UserId, body: ChangeAccount) => request<Account>('PATCH', `/accounts/${encodeURIComponent(id)}`, body),
  /** By the host's account name. */
  roomOf: (name: string) => request<Room>('GET', `/rooms/@${encodeURIComponent(name)}`),
  live: () => request<LiveRooms>('GET', '/live'),
  /** Among all rooms that I may see, live or not. */
  findRooms: (what: { readonly q?: string; readonly category?: string; readonly language?: string; readonly tag?: string }) =>
    request<FoundRooms>('GET', `/rooms?${new URLSearchParams(Object.entries(what).filter(([, value]) => value !== ''))}`),
  messagesBefore: (space: SpaceId, position: number) =>
    request<MessagePage>('GET', `/rooms/${encodeURIComponent(space)}/messages?before=${position}&limit=${HISTORY_PAGE_MAX}`),
};

/** What the models ask for; tests give them another. */
export type Api = typeof api;
