import type { WatchingModel } from '../capabilities/live_rooms/watching/model';
import { PALETTES, playScene } from './pictures';

export interface WatchingChoice {
  /** By which way, and where in it. */
  readonly watching?: 'webrtc' | 'hls' | 'back' | 'outside';
}

/** How long the sample's broadcast has been on. */
export const ON_AIR_MS = 5_043_000;
const BACK_MS = 754_000;
const SEA = PALETTES[1] as (typeof PALETTES)[0];

export function sampleWatching(choice: WatchingChoice): WatchingModel {
  const way = choice.watching ?? 'webrtc';
  const opened_ms = performance.now();
  const now = () => ON_AIR_MS + performance.now() - opened_ms;
  let behind_ms = way === 'back' ? BACK_MS : 0;
  const state = $state({
    available: choice.watching !== undefined,
    shown: (way === 'webrtc' ? 'webrtc' : 'hls') as WatchingModel['shown'],
    running: way !== 'webrtc',
    wish: 'auto' as WatchingModel['wish'],
    outside: way === 'outside',
    fellBack: way === 'hls',
    atLive: way !== 'back',
    window: { from_ms: ON_AIR_MS - 30 * 60_000, to_ms: ON_AIR_MS },
    media_ms: ON_AIR_MS - behind_ms,
  });
  const go = (to_ms: number) => {
    behind_ms = to_ms;
    state.atLive = to_ms === 0;
    state.shown = to_ms === 0 ? 'webrtc' : 'hls';
    state.running = to_ms !== 0;
    state.media_ms = now() - to_ms;
  };
  return Object.assign(state, {
    attach: (video: HTMLVideoElement) => playScene(video, SEA),
    setWish(wish: WatchingModel['wish']) { state.wish = wish; },
    seek: (media_ms: number) => go(now() - media_ms),
    goLive: () => go(0),
    play() {},
    pause() {},
    moment: () => ({ media_ms: now() - behind_ms, rate: 1 }),
  });
}
