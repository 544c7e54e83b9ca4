import type { BroadcastState, Capture, Playback, GuestLinksModel, RoomDetails, RoomModel, StageModel, StudioModel } from '../capabilities/live_rooms/model';
import type { Outcome, SessionModel } from '../capabilities/people/model';
import { PALETTES, playScene } from './pictures';
import { sampleChat, type ChatChoice } from './sample_chat.svelte';
import { ANA, CROWD, MIRA } from './sample_people';

export interface RoomChoice extends ChatChoice {
  readonly entry?: RoomModel['entry'];
  readonly broadcast?: BroadcastState;
  readonly stage?: Playback;
  readonly connection?: 'reconnecting';
  readonly inset?: boolean;
  readonly soundOnly?: boolean;
  readonly theatre?: boolean;
  /** Given: it is my own room. */
  readonly studio?: StudioModel['phase'];
  readonly capture?: Capture;
}

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const [DUSK, SEA, CLAY] = PALETTES as readonly [(typeof PALETTES)[0], (typeof PALETTES)[0], (typeof PALETTES)[0]];

const DETAILS: RoomDetails = {
  title: 'Opening the kiln: nine hours of ash glaze',
  category: 'making',
  language: 'en',
  tags: ['pottery', 'ash glaze', '陶艺', 'wood-fired'],
  rules: 'Be kind. Ask before you link.\nNo backseat firing.',
  entry: 'link',
};

function sampleStage(choice: RoomChoice): StageModel {
  const state = $state({
    playback: choice.stage ?? ('playing' as Playback),
    hasPicture: choice.soundOnly !== true,
    hasInset: choice.inset === true,
    qualities: [{ id: 'h', height_px: 720, fps: 30 }, { id: 'm', height_px: 360, fps: 30 }, { id: 'l', height_px: 180, fps: 15 }],
    quality: 'auto',
    figures: { path: 'udp' as const, roundTrip_ms: 24, latency_ms: 92, bitrate_bps: 2_430_000, width_px: 1280, height_px: 720, fps: 30, lost_percent: 0.1, codec: 'VP8' },
  });
  return Object.assign(state, {
    attachMain: (video: HTMLVideoElement) => playScene(video, DUSK),
    attachInset: (video: HTMLVideoElement) => playScene(video, CLAY),
    setQuality(id: string) { state.quality = id; },
    shownAt() {},
    startSound() { state.playback = 'playing'; },
    retry() { state.playback = 'connecting'; },
  });
}

function sampleStudio(choice: RoomChoice): StudioModel {
  const capture: Capture = choice.capture ?? 'on';
  const has = capture === 'on';
  const state = $state({
    phase: choice.studio ?? ('closed' as StudioModel['phase']),
    camera: capture,
    microphone: (capture === 'denied' ? 'denied' : 'on') as Capture,
    screen: (choice.inset ? 'on' : 'off') as Capture,
    cameras: has ? [{ id: 'c1', label: 'Integrated Camera (04f2:b6be)' }, { id: 'c2', label: 'USB Capture' }] : [],
    microphones: capture === 'denied' ? [] : [{ id: 'm1', label: 'Built-in Audio Analogue Stereo' }],
    cameraId: has ? 'c1' : null,
    microphoneId: capture === 'denied' ? null : 'm1',
    level: 0.55,
    canShareScreen: true,
    health: { word: 'good' as const, bitrate_bps: 2_480_000, fps: 30, width_px: 1280, height_px: 720, keyFrameDistance_ms: 2_100, roundTrip_ms: 18, lost_percent: 0 },
  });
  return Object.assign(state, {
    open() { state.phase = 'green_room'; },
    close() { state.phase = 'closed'; },
    setCamera(on: boolean) { state.camera = on ? 'on' : 'off'; },
    setMicrophone(on: boolean) { state.microphone = on ? 'on' : 'off'; },
    setScreen(on: boolean) { state.screen = on ? 'on' : 'off'; },
    chooseCamera(id: string) { state.cameraId = id; },
    chooseMicrophone(id: string) { state.microphoneId = id; },
    attachPreview: (video: HTMLVideoElement) => playScene(video, SEA),
    attachPreviewInset: (video: HTMLVideoElement) => playScene(video, CLAY),
    goLive() { state.phase = 'live'; return done(); },
    end() { state.phase = 'closed'; return done(); },
  });
}

function sampleGuestLinks(): GuestLinksModel {
  const state = $state({
    state: 'ready' as const,
    links: [
      { id: 'link_2', created_ms: Date.now() - 3 * 3_600_000, expires_ms: Date.now() + 21 * 3_600_000 as number | null },
      { id: 'link_1', created_ms: Date.now() - 40 * 24 * 3_600_000, expires_ms: null },
    ],
    made: null as GuestLinksModel['made'],
  });
  return Object.assign(state, {
    retry() {},
    close() {},
    make(lifetime_s: number | null) {
      const id = `link_${state.links.length + 1}_new`;
      state.made = { id, address: 'https://hearth.example/@ana?link=3qkWm1xV0sJf7aYpZc9dTg' };
      state.links = [{ id, created_ms: Date.now(), expires_ms: lifetime_s === null ? null : Date.now() + lifetime_s * 1_000 }, ...state.links];
      return done();
    },
    revoke(id: string) {
      state.links = state.links.filter((one) => one.id !== id);
      if (state.made?.id === id) state.made = null;
      return done();
    },
  });
}

export function sampleRoom(choice: RoomChoice, session: SessionModel): RoomModel {
  const mine = choice.studio !== undefined;
  const broadcast = choice.broadcast ?? 'live';
  const state = $state({
    entry: choice.entry ?? ('inside' as RoomModel['entry']),
    connection: choice.connection === 'reconnecting'
      ? { is: 'reconnecting' as const, since_ms: Date.now() - 9_000, attempt: 4 } : { is: 'open' as const },
    host: choice.entry === 'entering' && session.me ? null : mine ? ANA : MIRA,
    details: choice.entry === 'entering' && session.me ? null : DETAILS,
    broadcast: { state: broadcast, startedAt_ms: broadcast === 'live' || broadcast === 'publisher_lost' ? Date.now() - 5_043_000 : null, here: broadcast === 'live' ? 1284 : 0 },
    mine,
    people: [...CROWD],
    peopleCount: 1297,
  });
  return Object.assign(state, {
    stage: sampleStage(choice),
    chat: sampleChat(choice, session, mine),
    studio: mine ? sampleStudio(choice) : null,
    guestLinks: () => (mine ? sampleGuestLinks() : null),
    saveDetails(details: RoomDetails) { state.details = details; return done(); },
    reconnectNow() {},
    close() {},
  });
}
