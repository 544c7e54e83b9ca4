/** The side of whoever publishes in a room, its host or a guest of its stage: devices and preview before, controls and health while on it. */
import {
  canShareScreen, devicesOf, onDeviceChange, openCamera, openMicrophone, openScreen, type Captured,
} from '../../../engines/media/capture';
import { between, read, wordOf, type Reading } from '../../../engines/media/figures';
import { meter } from '../../../engines/media/level';
import { Publisher, type PublisherSignal } from '../../../engines/media/publisher';
import type { Health as WireHealth, LegClosedReason, LegId, Rejection, Source } from '../../../protocol/generated/types';
import type { Outcome } from '../../people/model';
import { DISCONNECTED, refusal } from '../../people/refusal';
import type { RoomDetails } from '../model';
import { HISTORY_MS, type Capture, type CaptureDevice, type Health, type HealthSample, type StudioModel, type StudioPhase } from '../studio_model';
import type { Lent } from './lent';
import { OwnMute } from './own_mute';

const READ_EVERY_MS = 1_000;
/** Coming home is tried again this often; the room waits 15 s for it. */
const HOME_AGAIN_MS = 1_000;
const NO_HEALTH: Health = {
  word: 'unknown', bitrate_bps: null, fps: null, width_px: null, height_px: null, keyFrameDistance_ms: null, roundTrip_ms: null, lost_percent: null,
  via: null, watching: null, conversions: [],
};
/** Remembered for this tab, so that a page that is loaded anew goes on with its broadcast. */
const LIVE_AS = 'hearth.live';

interface Resumed {
  readonly room: string;
  readonly camera: boolean;
  readonly microphone: boolean;
  readonly cameraId: string | null;
  readonly microphoneId: string | null;
}

/** What the studio needs of its room. */
export interface StudioPort extends PublisherSignal {
  readonly room: string;
  saveDetails(details: RoomDetails): Promise<Outcome>;
  /** Ends the broadcast, or leaves the stage. */
  end(): Promise<Outcome>;
  /** Says what of one's own is turned off, so that others see it. */
  setMuted(source: Source, muted: boolean): Promise<Outcome>;
}

export class Studio implements StudioModel {
  phase = $state<StudioPhase>('closed');
  camera = $state<Capture>('off');
  microphone = $state<Capture>('off');
  screen = $state<Capture>('off');
  cameras = $state.raw<readonly CaptureDevice[]>([]);
  microphones = $state.raw<readonly CaptureDevice[]>([]);
  cameraId = $state<string | null>(null);
  microphoneId = $state<string | null>(null);
  level = $state(0);
  silenced = $state(false);
  health = $state.raw<Health>(NO_HEALTH);
  history = $state.raw<readonly HealthSample[]>([]);
  readonly canShareScreen = canShareScreen();

  #tracks = new Map<Source, MediaStreamTrack>();
  #previews = { camera: new MediaStream(), screen: new MediaStream() };
  #publisher: Publisher;
  #reported: WireHealth | null = null;
  #reading: Reading | null = null;
  #stopMeter: (() => void) | null = null;
  #stopDevices: (() => void) | null = null;
  #readTimer: ReturnType<typeof setInterval> | undefined;
  #changed: () => void;
  #ownMute: OwnMute;
  /** A picture came in this broadcast, so that its absence is a fault. */
  #pictured = false;
  /** What is captured once more after the page was loaded anew. */
  #resuming: Promise<unknown> | null = null;
  /** Where what I send comes from, when it is another studio's. */
  #lent: Lent | null = null;
  /** What was said of camera and microphone where they were lent to. */
  #saidAway: { readonly camera: boolean; readonly microphone: boolean } | null = null;

  constructor(private readonly port: StudioPort, changed: () => void) {
    this.#changed = changed;
    this.#publisher = new Publisher(port, () => this.#publisherChanged(), () => this.#finished('closed'));
    this.#ownMute = new OwnMute((muted) => port.setMuted('microphone', muted), () => this.#silence());
  }

  /** Whether this page is what is live. */
  get publishing(): boolean { return this.phase === 'starting' || this.phase === 'live' || this.phase === 'reconnecting'; }

  // ── What the room tells ─────────────────────────────────────────────────────────────────────

  reconnected(stillOn: readonly LegId[]): void { this.#publisher.reconnected(stillOn); }
  legClosed(leg: LegId, reason: LegClosedReason): void { this.#publisher.legClosed(leg, reason); }
  reported(health: WireHealth): void {
    this.#reported = health;
    const at_ms = performance.now();
    const sample = { at_ms, bitrate_bps: health.bitrate_bps, fps: health.frame_rate, lost_percent: health.loss * 100 };
    this.history = [...this.history.filter((one) => one.at_ms > at_ms - HISTORY_MS), sample];
    this.#describeHealth(null);
  }

  /** What the server says of my microphone. */
  heardAs(silent: boolean): void { this.#ownMute.told(silent, this.microphone === 'on'); }

  /** The broadcast is over, or I am off the stage, whoever wanted it so. */
  ended(): void {
    if (this.phase === 'live' || this.phase === 'reconnecting' || this.phase === 'away') this.#finished('closed');
    this.#reported = null;
    this.#pictured = false;
    this.history = [];
    this.health = NO_HEALTH;
  }

  /** What was waited for is live. */
  encoderCame(): void {
    if (this.phase === 'awaiting_encoder') this.#finished('closed');
  }

  /**
   * After the page was loaded anew in the middle of a broadcast: goes on with it, without a question.
   * @param away while its host visits: what is captured waits for the way home
   */
  async resume(away = false): Promise<void> {
    const was = remembered();
    if (was?.room !== this.port.room || this.phase !== 'closed') return;
    this.phase = away ? 'away' : 'reconnecting';
    this.cameraId = was.cameraId;
    this.microphoneId = was.microphoneId;
    this.#attend();
    await (this.#resuming = Promise.all([was.camera ? this.#openCamera() : undefined, was.microphone ? this.#openMicrophone() : undefined]));
    this.#resuming = null;
    if (this.#tracks.size === 0) return this.#finished('closed');
    if (away) {
      if (this.phase === 'away') this.#darken();
      return;
    }
    const published = await this.#publisher.start(this.#tracks, true);
    if (published.is !== 'publishing') this.#finished('green_room');
  }

  // ── While its host visits another room ──────────────────────────────────────────────────────

  /** Sends no more, and keeps what is captured, dark and silent, for the way home. */
  rest(): void {
    if (!this.publishing) return;
    this.#publisher.stop();
    this.phase = 'away';
    this.#reported = null;
    this.#reading = null;
    this.health = NO_HEALTH;
    this.#darken();
    this.#changed();
  }

  /** Home again: sends as before, by what was said of camera and microphone meanwhile. */
  async goOn(): Promise<void> {
    if (this.phase !== 'away') return;
    await this.#resuming;
    await this.#followSaid();
    if (this.phase !== 'away') return;
    if (this.#tracks.size === 0) return this.#finished('closed');
    for (const [source, track] of this.#tracks) track.enabled = source !== 'microphone' || this.microphone === 'on';
    this.phase = 'reconnecting';
    this.#changed();
    await this.#comeHome();
  }

  /** Copies of camera and microphone for another stage; null: there is neither here. */
  async lend(): Promise<Lent | null> {
    await this.#resuming;
    if (!this.publishing && this.phase !== 'away') return null;
    const copies = new Map<'camera' | 'microphone', MediaStreamTrack>();
    for (const source of ['camera', 'microphone'] as const) {
      const track = this.#tracks.get(source)?.clone();
      if (track) copies.set(source, track);
    }
    for (const track of copies.values()) track.enabled = true;
    if (copies.size === 0) return null;
    return { copies, silent: this.microphone !== 'on', cameraId: this.cameraId, microphoneId: this.microphoneId, said: (camera, microphone) => { this.#saidAway = { camera, microphone }; } };
  }

  /** Goes on stage at once with what another studio lends. */
  async take(lent: Lent): Promise<void> {
    if (this.phase !== 'closed') {
      for (const track of lent.copies.values()) track.stop();
      return;
    }
    // Nothing is to be chosen: no green room is shown.
    this.phase = 'reconnecting';
    this.#lent = lent;
    this.cameraId = lent.cameraId;
    this.microphoneId = lent.microphoneId;
    this.#attend();
    const camera = lent.copies.get('camera');
    const microphone = lent.copies.get('microphone');
    if (camera) this.#took({ ok: true, tracks: [camera] }, 'camera', (state) => { this.camera = state; });
    if (microphone) this.#tookMicrophone({ ok: true, tracks: [microphone] });
    if (microphone && lent.silent) {
      microphone.enabled = false;
      this.microphone = 'off';
    }
    void this.#listDevices();
    await this.#start();
  }

  // ── What the host does ──────────────────────────────────────────────────────────────────────

  open(): void {
    if (this.phase !== 'closed') return;
    this.phase = 'green_room';
    this.#attend();
    if (this.camera === 'off') void this.#openCamera();
    if (this.microphone === 'off') void this.#openMicrophone();
    this.#changed();
  }

  close(): void {
    if (this.phase !== 'green_room' && this.phase !== 'awaiting_encoder') return;
    this.#finished('closed');
  }

  setCamera(on: boolean): void {
    if (on) void this.#openCamera();
    else {
      this.#drop('camera');
      this.camera = 'off';
      this.#show();
    }
    this.#lent?.said(on, this.microphone === 'on');
  }

  setMicrophone(on: boolean): void {
    this.#lent?.said(this.camera === 'on', on);
    const held = this.#tracks.get('microphone');
    if (!held) {
      if (on) void this.#openMicrophone();
      return;
    }
    // Muted is not closed: being heard again must be immediate.
    held.enabled = on;
    this.microphone = on ? 'on' : 'off';
    if (on) this.silenced = false;
    if (this.publishing) this.#ownMute.say(!on);
    this.#remember();
    this.#changed();
  }

  setScreen(on: boolean): void {
    if (on) void this.#openScreen();
    else {
      this.#drop('screen');
      this.#drop('screen_audio');
      this.screen = 'off';
      this.#show();
    }
  }

  chooseCamera(id: string): void {
    this.cameraId = id;
    void this.#openCamera();
  }

  chooseMicrophone(id: string): void {
    this.microphoneId = id;
    void this.#openMicrophone();
  }

  attachPreview(source: 'camera' | 'screen', video: HTMLVideoElement): () => void { return attach(video, this.#previews[source]); }

  async goLive(details: RoomDetails): Promise<Outcome> {
    if (this.phase !== 'green_room') return { ok: false, refusal: { reason: 'already_live' } };
    this.phase = 'starting';
    const saved = await this.port.saveDetails(details);
    if (!saved.ok) {
      this.phase = 'green_room';
      return saved;
    }
    return this.#start();
  }

  async awaitEncoder(details: RoomDetails): Promise<Outcome> {
    if (this.phase !== 'green_room') return { ok: false, refusal: { reason: 'already_live' } };
    const saved = await this.port.saveDetails(details);
    if (saved.ok) {
      this.#finished('closed');
      this.phase = 'awaiting_encoder';
    }
    return saved;
  }

  async join(withCamera: boolean): Promise<Outcome> {
    if (this.phase !== 'green_room') return { ok: false, refusal: { reason: 'already_live' } };
    this.phase = 'starting';
    if (!withCamera) this.setCamera(false);
    return this.#start();
  }

  async end(): Promise<Outcome> {
    const outcome = await this.port.end();
    if (outcome.ok || outcome.refusal.reason === 'unknown') this.#finished('closed');
    return outcome;
  }

  /** The page leaves the room. What was live may be gone on with by coming back. */
  leave(): void {
    const live = this.phase === 'live' || this.phase === 'reconnecting' || this.phase === 'away';
    this.#finished('closed', !live);
  }

  /** I am not on the stage any more, wherever I stood. */
  dismiss(): void {
    if (this.phase !== 'closed') this.#finished('closed');
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #start(): Promise<Outcome> {
    const published = await this.#publisher.start(this.#tracks, true);
    if (published.is === 'publishing') {
      // Who comes with the microphone off is seen so from the start.
      if (this.#tracks.has('microphone') && this.microphone === 'off') this.#ownMute.say(true);
      this.#remember();
      return { ok: true };
    }
    this.phase = 'green_room';
    this.#changed();
    return { ok: false, refusal: published.is === 'rejected' ? refusal(published.rejection) : DISCONNECTED };
  }

  /** Tries until the room has me again, or does not wait any longer. */
  async #comeHome(): Promise<void> {
    while (this.phase === 'reconnecting') {
      const published = await this.#publisher.start(this.#tracks, true);
      if (published.is === 'publishing') {
        if (this.#tracks.has('microphone') && this.microphone === 'off') this.#ownMute.say(true);
        this.#remember();
        return;
      }
      if (published.is === 'rejected' && !mayPass(published.rejection)) return this.#finished('green_room');
      await new Promise((resolve) => setTimeout(resolve, HOME_AGAIN_MS));
    }
  }

  async #followSaid(): Promise<void> {
    const said = this.#saidAway;
    this.#saidAway = null;
    if (said === null) return;
    if (!said.camera && this.#tracks.has('camera')) {
      this.#drop('camera');
      this.camera = 'off';
    } else if (said.camera && !this.#tracks.has('camera')) await this.#openCamera();
    if (this.#tracks.has('microphone')) this.microphone = said.microphone ? 'on' : 'off';
    else if (said.microphone) await this.#openMicrophone();
  }

  #darken(): void {
    for (const track of this.#tracks.values()) track.enabled = false;
  }

  #silence(): void {
    const held = this.#tracks.get('microphone');
    if (held) held.enabled = false;
    this.microphone = 'off';
    this.silenced = true;
    this.#changed();
  }

  #attend(): void {
    this.#stopDevices ??= onDeviceChange(() => void this.#listDevices());
    this.#readTimer ??= setInterval(() => void this.#read(), READ_EVERY_MS);
  }

  async #listDevices(): Promise<void> {
    [this.cameras, this.microphones] = await Promise.all([devicesOf('videoinput'), devicesOf('audioinput')]);
  }

  async #openCamera(): Promise<void> {
    this.camera = 'asking';
    const track = this.#took(await openCamera(this.cameraId), 'camera', (state) => { this.camera = state; });
    if (track) this.cameraId = track.getSettings().deviceId ?? this.cameraId;
    await this.#listDevices();
  }

  async #openMicrophone(): Promise<void> {
    this.microphone = 'asking';
    const track = this.#tookMicrophone(await openMicrophone(this.microphoneId));
    if (track) this.microphoneId = track.getSettings().deviceId ?? this.microphoneId;
    await this.#listDevices();
  }

  #tookMicrophone(captured: Captured): MediaStreamTrack | null {
    const track = this.#took(captured, 'microphone', (state) => { this.microphone = state; });
    if (track) {
      this.#stopMeter?.();
      this.#stopMeter = meter(track, (level) => { this.level = level; });
    }
    return track;
  }

  async #openScreen(): Promise<void> {
    this.screen = 'asking';
    this.#took(await openScreen(), 'screen', (state) => { this.screen = state; });
  }

  /** Takes what was captured in, in the place of what was there. Returns the main track. */
  #took(captured: Captured, source: 'camera' | 'microphone' | 'screen', become: (state: Capture) => void): MediaStreamTrack | null {
    if (!captured.ok) {
      become(captured.fault);
      return null;
    }
    if (this.phase === 'closed') {
      for (const track of captured.tracks) track.stop();
      become('off');
      return null;
    }
    this.#drop(source);
    let main: MediaStreamTrack | null = null;
    for (const track of captured.tracks) {
      const of: Source = source === 'screen' && track.kind === 'audio' ? 'screen_audio' : source;
      this.#drop(of);
      this.#tracks.set(of, track);
      if (of === source) main = track;
      // The browser's own "stop sharing", or a device that was pulled out.
      track.onended = () => {
        if (this.#tracks.get(of) !== track) return;
        this.#drop(of);
        if (of === source) become(source === 'screen' ? 'off' : 'no_device');
        this.#show();
      };
    }
    become('on');
    this.#show();
    return main;
  }

  #drop(source: Source): void {
    const track = this.#tracks.get(source);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#tracks.delete(source);
    if (source !== 'microphone') return;
    this.#stopMeter?.();
    this.#stopMeter = null;
  }

  /** What is captured now is what the host and the audience see. */
  #show(): void {
    hold(this.#previews.screen, this.#tracks.get('screen'));
    hold(this.#previews.camera, this.#tracks.get('camera'));
    // A broadcast of nothing is none: its last source goes dark, and its leg stays for what comes next.
    if (this.#tracks.size > 0) this.#publisher.show(new Map(this.#tracks));
    this.#remember();
    this.#changed();
  }

  #publisherChanged(): void {
    const phase = this.#publisher.phase;
    if (phase === 'live' || phase === 'reconnecting') this.phase = phase;
    else if (phase === 'starting' && this.phase !== 'reconnecting') this.phase = 'starting';
    this.#changed();
  }

  #finished(phase: 'closed' | 'green_room', forget = true): void {
    this.phase = phase;
    this.#publisher.stop();
    this.#reported = null;
    this.#reading = null;
    this.health = NO_HEALTH;
    // What was lent is remembered by the one it comes from.
    if (forget && this.#lent === null) sessionStorage.removeItem(LIVE_AS);
    if (phase === 'closed') {
      this.#lent = null;
      this.#saidAway = null;
      for (const source of [...this.#tracks.keys()]) this.#drop(source);
      this.camera = this.microphone = this.screen = 'off';
      this.silenced = false;
      this.#ownMute.forget();
      for (const stream of Object.values(this.#previews)) hold(stream, undefined);
      this.#stopDevices?.();
      this.#stopDevices = null;
      clearInterval(this.#readTimer);
      this.#readTimer = undefined;
    }
    this.#changed();
  }

  #remember(): void {
    if (!this.publishing || this.#lent !== null) return;
    const resumed: Resumed = {
      room: this.port.room,
      camera: this.camera === 'on',
      microphone: this.#tracks.has('microphone'),
      cameraId: this.cameraId,
      microphoneId: this.microphoneId,
    };
    sessionStorage.setItem(LIVE_AS, JSON.stringify(resumed));
  }

  async #read(): Promise<void> {
    const peer = this.#publisher.peer;
    if (!peer || peer.connectionState === 'closed') return;
    const values: Record<string, unknown>[] = [];
    (await peer.getStats()).forEach((one: Record<string, unknown>) => values.push(one));
    this.#describeHealth(read(values, 'outbound', performance.now()));
  }

  /** The server's word where it has one, this side's where not. */
  #describeHealth(now: Reading | null): void {
    const here = now === null ? null : between(this.#reading, now);
    if (now !== null) this.#reading = now;
    const there = this.#reported;
    this.#pictured ||= (there?.frame_rate ?? 0) > 0;
    const pictured = this.publishing ? this.#tracks.has('camera') || this.#tracks.has('screen') : this.#pictured;
    this.health = {
      word: this.phase === 'reconnecting' ? 'poor' : wordOf(there, pictured),
      bitrate_bps: there?.bitrate_bps ?? here?.bitrate_bps ?? this.health.bitrate_bps,
      fps: there && there.frame_rate > 0 ? Math.round(there.frame_rate) : here?.fps ?? this.health.fps,
      width_px: this.#reading?.width_px ?? null,
      height_px: this.#reading?.height_px ?? null,
      keyFrameDistance_ms: there && there.key_frame_distance_ms > 0 ? there.key_frame_distance_ms : null,
      roundTrip_ms: this.#reading?.roundTrip_ms ?? null,
      lost_percent: there ? there.loss * 100 : here?.lost_percent ?? null,
      via: there?.via ?? null,
      watching: there?.watching ?? null,
      conversions: there?.conversions ?? [],
    };
  }
}

/** Whether trying again may help: the server is busy with what it was, or the way to it broke. */
function mayPass(rejection: Rejection): boolean {
  return rejection.kind === 'busy' || rejection.kind === 'fault' || rejection.kind === 'not_joined' || (rejection.kind === 'limit' && rejection.limit === 'media_negotiations');
}

function attach(video: HTMLVideoElement, stream: MediaStream): () => void {
  video.muted = true;
  video.srcObject = stream;
  void video.play().catch(() => undefined);
  return () => { video.srcObject = null; };
}

function hold(stream: MediaStream, track: MediaStreamTrack | undefined): void {
  for (const one of stream.getTracks()) if (one !== track) stream.removeTrack(one);
  if (track && !stream.getTracks().includes(track)) stream.addTrack(track);
}

function remembered(): Resumed | null {
  try {
    return JSON.parse(sessionStorage.getItem(LIVE_AS) ?? 'null') as Resumed | null;
  } catch {
    return null;
  }
}
