/** What the host of a room manages: stream keys, and the cover. */
import type { NewStreamKey, SpaceId, StreamKey, StreamKeyId, StreamKeys } from '../../protocol/generated/types';
import { request } from './http';

const under = (room: SpaceId) => `/rooms/${encodeURIComponent(room)}`;
const key = (room: SpaceId, id: StreamKeyId) => `${under(room)}/stream-keys/${encodeURIComponent(id)}`;

export const hosting = {
  streamKeys: (room: SpaceId) => request<StreamKeys>('GET', `${under(room)}/stream-keys`),
  makeStreamKey: (room: SpaceId, body: NewStreamKey) => request<StreamKey>('POST', `${under(room)}/stream-keys`, body),
  rotateStreamKey: (room: SpaceId, id: StreamKeyId) => request<StreamKey>('POST', `${key(room, id)}/rotate`),
  revokeStreamKey: (room: SpaceId, id: StreamKeyId) => request<void>('DELETE', key(room, id)),
  setCover: (room: SpaceId, picture: Blob) => request<unknown>('PUT', `${under(room)}/cover`, picture),
  removeCover: (room: SpaceId) => request<void>('DELETE', `${under(room)}/cover`),
};

/** What the models ask for; tests give them another. */
export type HostingApi = typeof hosting;
