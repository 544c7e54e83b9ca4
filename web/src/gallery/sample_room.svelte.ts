import type {
  BroadcastState, Capture, Playback, GuestLinksModel, RoomDetails, RoomModel, StageModel, StagePartModel, StageRequests, StageTile, Standing, StreamKeysModel, StudioModel,
} from '../capabilities/live_rooms/model';
import type { Outcome, Person, SessionModel } from '../capabilities/people/model';
import { PALETTES, playScene } from './pictures';
import { sampleChat, type ChatChoice } from './sample_chat.svelte';
import { sampleGroups, type GroupChoice } from './sample_groups.svelte';
import { sampleModeration } from './sample_moderation.svelte';
import { ANA, CROWD, MIRA } from './sample_people';
import { sampleVideos } from './sample_video.svelte';
import { sampleVisits, type VisitChoice } from './sample_visits.svelte';
import { sampleWatching, type WatchingChoice } from './sample_watching.svelte';

export interface RoomChoice extends ChatChoice, WatchingChoice, GroupChoice, VisitChoice {
  /** The server declines what is done about films. */
  readonly declines?: boolean;
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
  /** How many are on the stage beside the host. */
  readonly guests?: number;
  /** The host shows their screen, too. */
  readonly screen?: boolean;
  readonly standing?: Standing['is'];
  /** My side of the stage of somebody else's room. */
  readonly onStage?: StudioModel['phase'];
  /** A moderator turned my microphone off. */
  readonly silenced?: boolean;
  /** It comes by an encoder. */
  readonly encoder?: boolean;
  readonly recording?: 'wanted' | 'running' | 'failed';
  readonly reports?: 'none';
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

const ON_STAGE = ['mira', 'lin', 'jonas', 'noor', 'zed', 'yuki', 'ben', 'priya', 'kofi'];

function sampleTiles(choice: RoomChoice): StageTile[] {
  const mine = choice.studio !== undefined;
  const host = mine ? ANA : MIRA;
  const own = mine && ['live', 'reconnecting', 'starting'].includes(choice.studio ?? '');
  const tile = (user: { id: string; displayName: string }, more: Partial<StageTile> = {}): StageTile =>
    ({ key: user.id, user: user.id, name: user.displayName, shows: 'person', picture: true, silent: false, speaking: false, own: false, ...more });
  const screen = choice.screen === true || choice.inset === true;
  const guests = ON_STAGE.slice(1, 1 + (choice.guests ?? 0)).flatMap((name) => CROWD.find((one) => one.name === name) ?? []);
  const people = [
    tile(host, { own, picture: choice.soundOnly !== true }),
    ...guests.map((one, at) => tile(one, { picture: at % 3 !== 2, silent: at % 3 === 1, speaking: at === 0 })),
    ...(choice.onStage === 'live' ? [tile(ANA, { own: true })] : []),
  ];
  return screen ? [tile(host, { key: `${host.id} screen`, shows: 'screen', own }), ...people] : people;
}

function sampleStage(choice: RoomChoice): StageModel {
  const state = $state({
    playback: choice.stage ?? ('playing' as Playback),
    tiles: sampleTiles(choice),
    qualities: [{ id: 'h', height_px: 720, fps: 30 }, { id: 'm', height_px: 360, fps: 30 }, { id: 'l', height_px: 180, fps: 15 }],
    quality: 'auto',
    figures: { path: 'udp' as const, roundTrip_ms: 24, latency_ms: 92, bitrate_bps: 2_430_000, width_px: 1280, height_px: 720, fps: 30, lost_percent: 0.1, codec: 'H264' },
  });
  return Object.assign(state, {
    watching: sampleWatching(choice),
    attach: (key: string, video: HTMLVideoElement) => playScene(video, key.endsWith('screen') ? SEA : (PALETTES[state.tiles.findIndex((one) => one.key === key) % PALETTES.length] ?? DUSK)),
    setQuality(id: string) { state.quality = id; },
    shownAt() {},
    setVisible() {},
    startSound() { state.playback = 'playing'; },
    retry() { state.playback = 'connecting'; },
  });
}

function sampleStudio(choice: RoomChoice, phase: StudioModel['phase']): StudioModel {
  const capture: Capture = choice.capture ?? 'on';
  const has = capture === 'on';
  const now = performance.now();
  const state = $state({
    phase,
    camera: capture,
    microphone: (capture === 'denied' ? 'denied' : choice.silenced ? 'off' : 'on') as Capture,
    screen: (choice.inset || choice.screen ? 'on' : 'off') as Capture,
    cameras: has ? [{ id: 'c1', label: 'Integrated Camera (04f2:b6be)' }, { id: 'c2', label: 'USB Capture' }] : [],
    microphones: capture === 'denied' ? [] : [{ id: 'm1', label: 'Built-in Audio Analogue Stereo' }],
    cameraId: has ? 'c1' : null,
    microphoneId: capture === 'denied' ? null : 'm1',
    level: 0.55,
    canShareScreen: true,
    silenced: choice.silenced === true,
    health: {
      word: 'good' as const, bitrate_bps: 2_480_000, fps: 30, width_px: choice.encoder ? null : 1280, height_px: choice.encoder ? null : 720, keyFrameDistance_ms: choice.encoder ? 8_300 : 2_100, roundTrip_ms: 18,
      lost_percent: 0, via: choice.encoder ? 'rtmp' as const : 'browser' as const, watching: { webrtc: 811, whep: 3, hls: 469 },
      conversions: choice.encoder ? ['b_frames' as const, 'aac_to_opus' as const] : [],
    },
    history: Array.from({ length: 118 }, (_, at) => ({ at_ms: now - (118 - at) * 1_000, bitrate_bps: at > 60 && at < 70 ? 600_000 : 2_300_000 + 350_000 * Math.sin(at / 7) + 90_000 * Math.sin(at * 2.3), fps: 30, lost_percent: 0 })),
  });
  return Object.assign(state, {
    open() { state.phase = 'green_room'; },
    close() { state.phase = 'closed'; },
    setCamera(on: boolean) { state.camera = on ? 'on' : 'off'; },
    setMicrophone(on: boolean) { state.microphone = on ? 'on' : 'off'; state.silenced = false; },
    setScreen(on: boolean) { state.screen = on ? 'on' : 'off'; },
    chooseCamera(id: string) { state.cameraId = id; },
    chooseMicrophone(id: string) { state.microphoneId = id; },
    attachPreview: (source: 'camera' | 'screen', video: HTMLVideoElement) => playScene(video, source === 'screen' ? CLAY : SEA),
    goLive() { state.phase = 'live'; return done(); },
    awaitEncoder() { state.phase = 'awaiting_encoder'; return done(); },
    join(withCamera: boolean) { if (!withCamera) state.camera = 'off'; state.phase = 'live'; return done(); },
    end() { state.phase = 'closed'; return done(); },
  });
}

function samplePart(choice: RoomChoice, mine: boolean, live: boolean): StagePartModel {
  const people = (...names: string[]) => CROWD.filter((one) => names.includes(one.name));
  const standing = (): Standing => {
    if (choice.standing === 'asked') return { is: 'asked', by: MIRA, until_ms: Date.now() + 52_000 };
    return { is: choice.standing ?? (choice.onStage ? 'on_stage' : 'audience') };
  };
  const state = $state({
    standing: standing(),
    mayRaiseHand: !mine && live,
    mayAsk: mine && live,
    requests: (mine && live ? { hands: people('olena', 'tomas'), asked: people('sam'), guests: people(...ON_STAGE.slice(1, 1 + (choice.guests ?? 0))) } : null) as StageRequests | null,
    answered: null as StagePartModel['answered'],
    studio: choice.onStage || choice.standing === 'asked' ? sampleStudio(choice, choice.onStage ?? 'closed') : null,
  });
  const without = (id: string): StageRequests | null => state.requests && {
    hands: state.requests.hands.filter((one) => one.id !== id), asked: state.requests.asked.filter((one) => one.id !== id), guests: state.requests.guests.filter((one) => one.id !== id),
  };
  return Object.assign(state, {
    raiseHand(raised: boolean) { state.standing = { is: raised ? 'hand_up' : 'audience' }; return done(); },
    answer(accept: boolean) {
      state.standing = { is: accept ? 'on_stage' : 'audience' };
      if (accept) state.studio?.open();
      return done();
    },
    leave() { state.standing = { is: 'audience' }; return done(); },
    ask(who: string) {
      const rest = without(who);
      if (rest) state.requests = { ...rest, asked: [...rest.asked, ...CROWD.filter((one) => one.id === who)] };
      return done();
    },
    takeOff(who: string) { state.requests = without(who); return done(); },
    lowerHand(who: string) { state.requests = without(who); return done(); },
    silence: done,
  });
}

function sampleStreamKeys(): StreamKeysModel {
  const state = $state({
    state: 'ready' as const,
    keys: [
      { id: 'key_2', label: 'OBS at home', created_ms: Date.now() - 9 * 24 * 3_600_000, used_ms: Date.now() - 2 * 3_600_000 as number | null },
      { id: 'key_1', label: '', created_ms: Date.now() - 40 * 24 * 3_600_000, used_ms: null },
    ],
    made: null as StreamKeysModel['made'],
    rtmp: 'rtmp://hearth.example/live' as string | null,
    whip: 'https://hearth.example/whip/@ana',
  });
  return Object.assign(state, {
    retry() {},
    close() { state.made = null; },
    make(label: string) {
      const id = `key_${state.keys.length + 1}_new`;
      state.made = { id, secret: 'hk_3qkWm1xV0sJf7aYpZc9dTgQ4' };
      state.keys = [{ id, label, created_ms: Date.now(), used_ms: null }, ...state.keys];
      return done();
    },
    rotate(id: string) { state.made = { id, secret: 'hk_Zc9dTgQ43qkWm1xV0sJf7aYp' }; return done(); },
    revoke(id: string) { state.keys = state.keys.filter((one) => one.id !== id); return done(); },
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

/** @param of whose it is; absent: as the choice says */
export function sampleRoom(choice: RoomChoice, session: SessionModel, of?: Person): RoomModel {
  const mine = choice.studio !== undefined;
  const broadcast = choice.broadcast ?? 'live';
  const state = $state({
    entry: choice.entry ?? ('inside' as RoomModel['entry']),
    connection: choice.connection === 'reconnecting'
      ? { is: 'reconnecting' as const, since_ms: Date.now() - 9_000, attempt: 4 } : { is: 'open' as const },
    host: choice.entry === 'entering' && session.me ? null : of ?? (mine ? ANA : MIRA),
    details: choice.entry === 'entering' && session.me ? null : DETAILS,
    broadcast: { state: broadcast, startedAt_ms: broadcast === 'live' || broadcast === 'publisher_lost' ? Date.now() - 5_043_000 : null, here: broadcast === 'live' ? 1284 : 0 },
    mine,
    people: [...CROWD],
    peopleCount: 1297,
    followers: 312 as number | null,
    following: false,
    mayFollow: !mine && session.state === 'signed_in',
    recording: { wanted: choice.recording !== undefined, running: choice.recording === 'running', failed: choice.recording === 'failed' },
    cover: null as string | null,
  });
  const chat = sampleChat(choice, session, mine);
  const part = samplePart(choice, mine, broadcast === 'live');
  const studio = mine ? sampleStudio(choice, choice.studio ?? 'closed') : null;
  if (studio) {
    const { end } = studio;
    studio.end = () => {
      state.broadcast = { ...state.broadcast, state: 'ended', startedAt_ms: null };
      return end.call(studio);
    };
  }
  return Object.assign(state, {
    stage: sampleStage(choice),
    chat,
    visits: sampleVisits(choice, mine, chat, (host) => sampleRoom({ chat: 'usual', ...(choice.visitWay === 'on_stage' && mine ? { onStage: 'live' as const } : {}) }, session, host)),
    studio,
    groups: session.me ? sampleGroups(choice, session) : null,
    part,
    moderation: mine ? sampleModeration(choice.reports === 'none') : null,
    guestLinks: () => (mine ? Promise.resolve(sampleGuestLinks()) : null),
    streamKeys: () => (mine ? Promise.resolve(sampleStreamKeys()) : null),
    follow(follow: boolean) { state.following = follow; state.followers = (state.followers ?? 0) + (follow ? 1 : -1); return done(); },
    setRecording(wanted: boolean) { state.recording = { wanted, running: wanted && broadcast === 'live', failed: false }; return done(); },
    setCover(picture: Blob | null) { state.cover = picture && URL.createObjectURL(picture); return done(); },
    saveDetails(details: RoomDetails) { state.details = details; return done(); },
    videos: () => Promise.resolve(sampleVideos(mine, choice.declines === true)),
    reconnectNow() {},
    close() {},
  });
}
