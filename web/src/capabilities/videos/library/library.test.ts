import { expect, it, vi } from 'vitest';
import type { PersonEvent, Video } from '../../../protocol/generated/types';
import { Library } from './library.svelte';

const film = (id: string, state: Video['state']): Video => ({
  id, owner: { id: 'user_ana', name: 'ana', display_name: 'Ana' }, title: id, room: null, state, duration_ms: 0, width: 0, height: 0, bytes: 10, created_ms: 1,
  hls: null, poster: null, tiny: '', previews: null, subtitles: [], chapters: [], downloads: [], may_change: true, position_ms: 0, seen: false,
  own: { audience: 'only_me', link: null, upload: null, dialog: null, conversion: null, failure: null },
});

it('has no film that was deleted on another device, and asks what the others take', async () => {
  let tell: (event: Extract<PersonEvent, { kind: 'video' | 'video_gone' }>) => void = () => {};
  let used_bytes = 20;
  const no = () => Promise.reject(new Error('not asked for'));
  const library = new Library({
    api: {
      ofPerson: () => Promise.resolve({ is: 'ok', value: { videos: [film('video_a', 'converting'), film('video_b', 'failed')], more: false } }),
      storage: () => Promise.resolve({ is: 'ok', value: { used_bytes, max_bytes: 100, upload_max_bytes: 100 } }),
      change: no, remove: no, convert: no, addSubtitles: no, removeSubtitles: no, uploads: no,
    },
    onVideo: (listener) => { tell = listener; return () => {}; },
    open: () => { throw new Error('not opened'); },
  });
  await vi.waitFor(() => expect(library.storage?.used_bytes).toBe(20));
  expect(library.films.map((one) => one.id)).toEqual(['video_a', 'video_b']);
  used_bytes = 10;
  tell({ kind: 'video_gone', video: 'video_a' });
  tell({ kind: 'video_gone', video: 'video_of_others' });
  expect(library.films.map((one) => one.id)).toEqual(['video_b']);
  await vi.waitFor(() => expect(library.storage?.used_bytes).toBe(10));
  library.close();
});
