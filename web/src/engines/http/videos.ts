/** Videos, and the chat that belongs to them. */
import { HISTORY_PAGE_MAX } from '../../protocol/generated/limits';
import type { ChangeVideo, DialogVideos, MediaMessages, SpaceId, Storage, Uploads, Video, VideoId, Videos, Watch, Watched } from '../../protocol/generated/types';
import { request, tellOnLeaving } from './http';

const of = (id: VideoId) => `/videos/${encodeURIComponent(id)}`;

const afterward = (after: { readonly ms: number; readonly position: number } | null) =>
  `limit=${HISTORY_PAGE_MAX}${after === null ? '' : `&after_ms=${after.ms}&after_position=${after.position}`}`;

const query = (what: Record<string, string | number | null>) =>
  new URLSearchParams(Object.entries(what).flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, String(value)]])));

export const videos = {
  /** @param link the secret of its link, for whom one has it by that only */
  video: (id: VideoId, link: string | null = null) => request<Video>('GET', `${of(id)}?${query({ link })}`),
  /** Where one is in it. */
  watched: (id: VideoId, body: Watched) => request<void>('PUT', `${of(id)}/watched`, body),
  watchedOnLeaving: (id: VideoId, body: Watched) => tellOnLeaving('PUT', `${of(id)}/watched`, body),
  /** The films shared in a dialog, newest first. @param before the position of the last one that is known */
  ofDialog: (dialog: SpaceId, before: number | null) => request<DialogVideos>('GET', `/dialogs/${encodeURIComponent(dialog)}/videos?${query({ before })}`),
  /** Somebody's films, newest first. @param owner their name; null: mine */
  ofPerson: (owner: string | null, q: string, before_ms: number | null) => request<Videos>('GET', `/videos?${query({ owner, q, before_ms })}`),
  /** Tries a failed one again. */
  convert: (id: VideoId) => request<Video>('POST', `${of(id)}/convert`),
  /** @param text WebVTT or SRT */
  addSubtitles: (id: VideoId, name: string, text: Blob, language: string, label: string) =>
    request<Video>('PUT', `${of(id)}/subtitles/${encodeURIComponent(name)}?${query({ language, label })}`, text),
  removeSubtitles: (id: VideoId, name: string) => request<Video>('DELETE', `${of(id)}/subtitles/${encodeURIComponent(name)}`),
  storage: () => request<Storage>('GET', '/storage'),
  uploads: () => request<Uploads>('GET', '/uploads'),
  change: (id: VideoId, body: ChangeVideo) => request<Video>('PATCH', of(id), body),
  remove: (id: VideoId) => request<void>('DELETE', of(id)),
  /** Messages after a media time; of the same time, after a position. `after` null: from the beginning. */
  messages: (id: VideoId, after: { readonly ms: number; readonly position: number } | null, link: string | null = null) =>
    request<MediaMessages>('GET', `${of(id)}/messages?${afterward(after)}${link === null ? '' : `&${query({ link })}`}`),
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
