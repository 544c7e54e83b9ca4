/** The guest links of one's own room. */
import type { GuestLink, GuestLinkId, NewGuestLink, SpaceId } from '../../protocol/generated/types';
import { request } from './http';

const under = (room: SpaceId) => `/rooms/${encodeURIComponent(room)}/guest-links`;

export const guestLinks = {
  list: (room: SpaceId) => request<GuestLink[]>('GET', under(room)),
  make: (room: SpaceId, body: NewGuestLink) => request<GuestLink>('POST', under(room), body),
  revoke: (room: SpaceId, id: GuestLinkId) => request<void>('DELETE', `${under(room)}/${encodeURIComponent(id)}`),
};

/** What the model asks for; tests give it another. */
export type GuestLinksApi = typeof guestLinks;
