/** Videos, and the chat that belongs to them. */
import { HISTORY_PAGE_MAX } from '../../protocol/generated/limits';
import type { ChangeVideo, MediaMessages, SpaceId, Video, VideoId, Videos, Watch } from '../../protocol/generated/types';
import { request } from './http';

const of = (id: VideoId) => `/videos/${encodeURIComponent(id)}`;

const afterward = (after: { readonly ms: number; readonly position: number } | null) =>
  `limit=${HISTORY_PAGE_MAX}${after === null ? '' : `&after_ms=${after.ms}&after_position=${after.position}`}`;

export const videos = {
  video: (id: VideoId) => request<Video>('GET', of(id)),
  change: (id: VideoId, body: ChangeVideo) => request<Video>('PATCH', of(id), body),
  remove: (id: VideoId) => request<void>('DELETE', of(id)),
  /** Messages after a media time; of the same time, after a position. `after` null: from the beginning. */
  messages: (id: VideoId, after: { readonly ms: number; readonly position: number } | null) =>
    request<MediaMessages>('GET', `${of(id)}/messages?${afterward(after)}`),
  /** The same of the broadcast that is live in a room. */
  ofBroadcast: (room: SpaceId, after: { readonly ms: number; readonly position: number } | null) =>
    request<MediaMessages>('GET', `/rooms/${encodeURIComponent(room)}/broadcast/messages?${afterward(after)}`),
  /** How a room's broadcast can be watched by HLS. */
  watch: (room: SpaceId) => request<Watch>('GET', `/rooms/${encodeURIComponent(room)}/watch`),
  /** Newest first; `before_ms` of the last one that is known. */
  ofRoom: (room: SpaceId, before_ms: number | null) =>
    request<Videos>('GET', `/rooms/${encodeURIComponent(room)}/videos${before_ms === null ? '' : `?before_ms=${before_ms}`}`),
};

/** What the models ask for; tests give them another. */
export type VideosApi = typeof videos;
