/** What is sent in dialogs beside words: what is on its way, and images. */
import type { Rejection, SentImage, SpaceId, UploadId, Uploads, Video, VideoId, Videos } from '../../protocol/generated/types';
import { isRejection, request, type Reply } from './http';

/** Nothing moved for this long: the connection is given up. */
const STALLED_AFTER_MS = 20_000;
/** All of an image is there, and the server makes it plain: that long it may take where there is much to do. */
const MADE_WITHIN_MS = 120_000;

/** `fetch` tells nothing of how much has gone. */
function sendImage(dialog: SpaceId, image: Blob, progress: (sent_bytes: number) => void): Promise<Reply<SentImage>> {
  return new Promise((settle) => {
    const asking = new XMLHttpRequest();
    let stalled: ReturnType<typeof setTimeout> | undefined;
    const moved = (patience_ms = STALLED_AFTER_MS) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => asking.abort(), patience_ms);
    };
    const end = (reply: Reply<SentImage>) => { clearTimeout(stalled); settle(reply); };
    asking.open('POST', `/api/dialogs/${encodeURIComponent(dialog)}/images`);
    asking.setRequestHeader('content-type', image.type);
    asking.responseType = 'json';
    asking.upload.onprogress = (event) => { moved(); progress(event.loaded); };
    asking.upload.onload = () => moved(MADE_WITHIN_MS);
    asking.onload = () => {
      const answer: unknown = asking.response;
      if (asking.status >= 200 && asking.status < 300 && answer !== null) end({ is: 'ok', value: answer as SentImage });
      else end(isRejection(answer) ? { is: 'rejected', rejection: answer satisfies Rejection } : { is: 'unreachable' });
    };
    asking.onerror = asking.onabort = () => end({ is: 'unreachable' });
    moved();
    asking.send(image);
  });
}

async function giveUp(id: UploadId): Promise<Reply<void>> {
  try {
    const response = await fetch(`/api/uploads/${encodeURIComponent(id)}`, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } });
    if (response.status === 204) return { is: 'ok', value: undefined };
    const answer: unknown = await response.json();
    return isRejection(answer) ? { is: 'rejected', rejection: answer } : { is: 'unreachable' };
  } catch {
    return { is: 'unreachable' };
  }
}

const of = (id: VideoId) => `/videos/${encodeURIComponent(id)}`;

export const sending = {
  /** Mine that are not whole, from any device. */
  uploads: () => request<Uploads>('GET', '/uploads'),
  /** My films, the newest first. */
  films: () => request<Videos>('GET', '/videos'),
  film: (id: VideoId) => request<Video>('GET', of(id)),
  /** Tries to make a film of it once more. */
  convert: (id: VideoId) => request<void>('POST', `${of(id)}/convert`),
  remove: (id: VideoId) => request<void>('DELETE', of(id)),
  giveUp,
  sendImage,
};

/** What the models ask for; tests give them another. */
export type SendingApi = typeof sending;

export const imageAddress = (id: string, size: 'small' | 'full' | 'moving') => `/api/images/${encodeURIComponent(id)}/${size}`;
