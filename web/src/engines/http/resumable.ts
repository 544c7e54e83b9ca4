/** A film on its way to the server by resumable upload (tus 1.0). The library's code comes with the first film. */
import type { DetailedError, HttpResponse } from 'tus-js-client';
import type { Rejection, UploadId, VideoId } from '../../protocol/generated/types';
import { isRejection } from './http';

/** Between tries, as long as the network is there. Each byte that arrives begins them anew. */
const RETRY_DELAYS_MS = [0, 500, 1_000, 3_000, 5_000];
/** Nothing moved for this long: the connection is given up, and another goes on where it was. */
export const STALLED_AFTER_MS = 20_000;

export interface WhatIsSent {
  /** What goes on; null: nothing of it is there yet. */
  readonly upload: UploadId | null;
  /** `Upload-Metadata`, told when it begins. */
  readonly metadata: Record<string, string>;
}

export interface UploadListener {
  created(upload: UploadId, video: VideoId): void;
  progress(sent_bytes: number): void;
}

/**
 * How it ended. `gone`: the server knows nothing of what was to go on; `cut`: the server couldn't be reached, and it goes on
 * when it can; `stopped`: by `stop`.
 */
export type UploadEnd = { readonly is: 'whole' | 'gone' | 'cut' | 'stopped' } | { readonly is: 'rejected'; readonly rejection: Rejection };

export interface Uploading {
  readonly ended: Promise<UploadEnd>;
  stop(): void;
}

function rejectionOf(response: HttpResponse): Rejection {
  try {
    const body: unknown = JSON.parse(response.getBody());
    if (isRejection(body)) return body;
  } catch { /* A proxy's page, say. */ }
  return { kind: 'fault' };
}

/** Whether another try may help at once: no answer, a server that is busy or starting, or another opinion of where it stands. */
function passing(status: number): boolean {
  return status === 0 || status === 409 || status === 423 || status === 429 || (status >= 500 && status !== 507);
}

function endOf(error: Error | DetailedError, goesOn: boolean): UploadEnd {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  const status = response?.getStatus() ?? 0;
  if (response === null || passing(status)) return { is: 'cut' };
  // Asked for how much is there, the server answers without a body.
  if (goesOn && (status === 404 || status === 410)) return { is: 'gone' };
  return { is: 'rejected', rejection: rejectionOf(response) };
}

export function upload(file: Blob, what: WhatIsSent, listener: UploadListener): Uploading {
  let stop: () => void = () => {};
  let stopped = false;
  const ended = new Promise<UploadEnd>((settle) => {
    void import('tus-js-client').then(({ Upload }) => {
      if (stopped) return settle({ is: 'stopped' });
      let stalled: ReturnType<typeof setTimeout> | undefined;
      let goesOn = what.upload !== null;
      const end = (how: UploadEnd) => { clearTimeout(stalled); settle(how); };
      const moved = () => {
        clearTimeout(stalled);
        stalled = setTimeout(() => { void running.abort(); end({ is: 'cut' }); }, STALLED_AFTER_MS);
      };
      const endpoint = new URL('/api/uploads', location.href).href;
      const running = new Upload(file as File, {
        // Where something is to go on, the library begins no other in its place.
        ...(what.upload === null ? { endpoint } : { uploadUrl: `${endpoint}/${encodeURIComponent(what.upload)}` }),
        metadata: what.metadata,
        retryDelays: RETRY_DELAYS_MS,
        storeFingerprintForResuming: false,
        onProgress: (sent_bytes) => { moved(); listener.progress(sent_bytes); },
        onAfterResponse: (request, response) => {
          moved();
          const place = response.getHeader('Location');
          const video = response.getHeader('Hearth-Video');
          const id = place?.split('/').at(-1);
          if (request.getMethod() !== 'POST' || !id || !video) return;
          goesOn = true;
          // What is gone there was given up: no other is begun in its place.
          running.options.endpoint = null;
          listener.created(id, video);
          if (stopped) stop();
        },
        onShouldRetry: (error) => !stopped && navigator.onLine && passing(error.originalResponse?.getStatus() ?? 0),
        onSuccess: () => end({ is: 'whole' }),
        onError: (error) => end(stopped ? { is: 'stopped' } : endOf(error, goesOn)),
      });
      stop = () => {
        // What is being begun has no name yet by which it could be given up: its answer is waited for.
        if (!goesOn) return;
        void running.abort();
        end({ is: 'stopped' });
      };
      moved();
      running.start();
    }, () => settle({ is: 'cut' }));
  });
  return { ended, stop: () => { stopped = true; stop(); } };
}
