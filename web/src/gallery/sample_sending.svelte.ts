/** What is on its way, in whichever state a scene asks for. */
import type { SendingModel, SendItem, SendState } from '../capabilities/sending/model';
import { PALETTES, still } from './pictures';

export interface SendingChoice {
  readonly sending?: 'on_way' | 'stopped' | 'failed';
}

const LIN = 'dialog_lin';
const picture = (at: number, width = 640, height = 360) => { const palette = PALETTES[at % PALETTES.length]; return palette ? still(palette, width, height) : ''; };

/** The sizes of the images that are carried, by their id. */
export const IMAGES: Readonly<Record<string, readonly [palette: number, width: number, height: number]>> = {
  image_kiln: [0, 1600, 1067], image_jar: [2, 1080, 1620], image_ash: [4, 1400, 1400], image_wide: [3, 2400, 800],
};

export const tinyOf = (at: number, width: number, height: number) => picture(at, 24, Math.max(1, Math.round((24 * height) / width)));

function items(choice: SendingChoice): SendItem[] {
  const one = (at: number, state: SendState, more: Partial<SendItem> = {}): SendItem => ({
    key: `${at}`, kind: 'video', dialog: LIN, name: `kiln-${at}.mp4`, bytes: 84_000_000, text: '', still: picture(at, 320, 180), width: 1280, height: 720, becomes: null, state, ...more,
  });
  switch (choice.sending) {
    case 'on_way': return [
      one(1, { is: 'preparing', before: 0, done: 0.64, left_ms: 41_000 }),
      one(2, { is: 'uploading', sent_bytes: 35_300_000, pace_bps: 2_400_000, left_ms: 20_300 }, { text: 'The whole opening, nine hours in two minutes' }),
      one(3, { is: 'waiting' }, { still: null, width: null, height: null, name: 'holiday.mkv' }),
      one(4, { is: 'uploading', sent_bytes: 300_000, pace_bps: null, left_ms: null }, { kind: 'image', name: 'jar.jpg', bytes: 900_000, width: 1080, height: 1620, still: picture(4, 216, 324) }),
    ];
    case 'stopped': return [
      one(1, { is: 'preparing', before: 2, done: null, left_ms: null }),
      one(2, { is: 'paused', sent_bytes: 35_300_000 }),
      one(3, { is: 'remote', sent_bytes: 61_000_000 }),
      one(4, { is: 'needs_file', sent_bytes: 20_000_000 }, { still: null, name: 'a-very-long-name-of-a-file-that-a-camera-gave-it-20260711_183022.mov' }),
    ];
    case 'failed': return [
      one(1, { is: 'failed', why: { is: 'film', failure: { kind: 'truncated' } }, again: false }),
      one(2, { is: 'failed', why: { is: 'limit', limit: 'storage_bytes', max: 53_687_091_200 }, again: true }, { name: 'a-very-long-name-of-a-file-that-a-camera-gave-it-20260711_183022.mov', still: null }),
      one(3, { is: 'failed', why: { is: 'disk_full' }, again: true }, { text: 'With words' }),
    ];
    case undefined: return [];
  }
}

export function sampleSending(choice: SendingChoice): SendingModel {
  const state = $state<{ items: readonly SendItem[] }>({ items: items(choice) });
  const change = (key: string, to: SendState) => { state.items = state.items.map((one) => (one.key === key ? { ...one, state: to } : one)); };
  return Object.assign(state, {
    films: {
      of: (id: string) => (id === 'video_gone' ? { is: 'gone' as const, title: '', poster: null } : { is: 'here' as const, title: 'Opening the kiln', poster: picture(0) }),
      look() {},
    },
    image: (id: string) => { const [at, width, height] = IMAGES[id] ?? [0, 16, 9]; return picture(at, width, height); },
    send(dialog: string, files: readonly File[], text: string) {
      state.items = [...state.items, ...files.map((file, nth): SendItem => ({
        key: `${file.name} ${state.items.length + nth}`, kind: file.type.startsWith('image/') ? 'image' : 'video', dialog, name: file.name, bytes: file.size, text: nth === 0 ? text : '',
        still: null, width: null, height: null, becomes: null, state: { is: 'uploading', sent_bytes: file.size / 3, pace_bps: null, left_ms: null },
      }))];
    },
    pick: (key: string, file: File) => {
      if (state.items.find((one) => one.key === key)?.name !== file.name) return 'another_file' as const;
      change(key, { is: 'waiting' });
      return 'goes_on' as const;
    },
    retry: (key: string) => change(key, { is: 'waiting' }),
    discard(key: string) { state.items = state.items.filter((one) => one.key !== key); },
  });
}
