/**
 * Speaking and being seen in a group, with one click: a leg that sends, a leg that hears, and nothing before one wants it.
 * Who has not joined the voice hears nothing of it: a room's evening is not interrupted by others' talk.
 */
import type { Answer } from '../../engines/connection/machine';
import { openCamera, openMicrophone, type Captured } from '../../engines/media/capture';
import { Publisher } from '../../engines/media/publisher';
import { Subscriber } from '../../engines/media/subscriber';
import type { Command, LegClosedReason, LegId, OfferedTrack, Publisher as WirePublisher, Source, TrackId, UserId } from '../../protocol/generated/types';
import type { Offer } from '../../engines/media/receiving_leg';
import type { Outcome } from '../people/model';
import { DISCONNECTED, refusal } from '../people/refusal';
import type { Device, Voiced, VoiceModel } from './model';

/** What the voice needs of its group. */
export interface VoicePort {
  command(command: Command): Promise<Answer>;
  me(): UserId | null;
  nameOf(user: UserId): string;
  /** Somebody else begins or ends speaking, and I hear it. */
  heard(speaking: boolean): void;
}

export class Voice implements VoiceModel {
  phase = $state<VoiceModel['phase']>('off');
  microphone = $state<Device>('off');
  camera = $state<Device>('off');
  people = $state.raw<readonly Voiced[]>([]);

  #tracks = new Map<Source, MediaStreamTrack>();
  #publishers: readonly WirePublisher[] = [];
  #speaker: UserId | null = null;
  #sounds = new Map<TrackId, HTMLAudioElement>();
  #views = new Map<UserId, Set<HTMLVideoElement>>();
  #publisher: Publisher;
  #subscriber: Subscriber;

  constructor(private readonly port: VoicePort) {
    this.#publisher = new Publisher({
      publish: async (offer, sources, take_over) => {
        const answer = await port.command({ kind: 'publish', offer, sources, take_over });
        if (answer.is === 'ok' && answer.outcome.kind === 'publishing') return { is: 'publishing', leg: answer.outcome.leg, answer: answer.outcome.answer };
        return answer.is === 'rejected' ? { is: 'rejected', rejection: answer.rejection } : { is: 'lost' };
      },
    }, () => this.#phaseChanged(), () => this.#finished());
    this.#subscriber = new Subscriber({
      watch: async (keep) => {
        const answer = await port.command(keep === null ? { kind: 'watch' } : { kind: 'watch', keep });
        return answer.is === 'ok' && answer.outcome.kind === 'watching' ? answer.outcome.leg : null;
      },
      unwatch: () => void port.command({ kind: 'unwatch' }),
      answer: (leg, generation, sdp) => void port.command({ kind: 'answer', leg, generation, sdp }),
      prefer: (track, layer) => void port.command({ kind: 'prefer', track, layer }),
    }, () => this.#received());
  }

  // ── What the group tells ────────────────────────────────────────────────────────────────────

  setPublishers(publishers: readonly WirePublisher[]): void {
    this.#publishers = publishers;
    this.redraw();
  }

  setSpeaker(user: UserId | null): void {
    this.#speaker = user;
    this.redraw();
    this.port.heard(this.phase !== 'off' && user !== null && user !== this.port.me());
  }

  offered(offer: Offer): void { this.#subscriber.offered(offer); }
  mapped(leg: LegId, tracks: readonly OfferedTrack[]): void { this.#subscriber.mapped(leg, tracks); }
  legClosed(leg: LegId, reason: LegClosedReason): void {
    this.#subscriber.legClosed(leg, reason);
    this.#publisher.legClosed(leg, reason);
  }

  /** The live connection is a new one. */
  reconnected(): void {
    if (this.phase === 'off') return;
    this.#subscriber.reconnected();
    this.#publisher.reconnected(this.#publishers.map((one) => one.leg));
  }

  /** Names or members changed. */
  redraw(): void {
    const me = this.port.me();
    this.people = this.#publishers.map(({ user, tracks, muted }) => ({
      user,
      name: this.port.nameOf(user),
      camera: user === me && this.phase !== 'off' ? this.camera === 'on' : tracks.some((one) => one.source === 'camera') && muted?.includes('camera') !== true,
      silent: muted?.includes('microphone') === true || !tracks.some((one) => one.source === 'microphone'),
      speaking: this.#speaker === user,
      own: user === me,
    }));
  }

  // ── What a person does ──────────────────────────────────────────────────────────────────────

  async join(withCamera: boolean): Promise<Outcome> {
    if (this.phase !== 'off') return { ok: true };
    this.phase = 'joining';
    // Both at once: a browser asks for leave in one go, and waiting twice is felt.
    await Promise.all([this.#openMicrophone(), withCamera ? this.#openCamera() : undefined]);
    if (this.phase !== 'joining') return { ok: true };
    this.#subscriber.start();
    if (this.#tracks.size === 0) {
      // Who has no microphone, or gives none, still hears the others.
      this.phase = 'on';
      return { ok: true };
    }
    const published = await this.#publisher.start(this.#tracks, true);
    if (published.is === 'publishing') return { ok: true };
    this.#finished();
    return { ok: false, refusal: published.is === 'rejected' ? refusal(published.rejection) : DISCONNECTED };
  }

  leave(): void {
    if (this.phase === 'off') return;
    this.#finished();
    void this.port.command({ kind: 'leave_stage' });
  }

  setMicrophone(on: boolean): void {
    const held = this.#tracks.get('microphone');
    if (!held) {
      if (on) void this.#openMicrophone().then(() => this.#show());
      return;
    }
    held.enabled = on;
    this.microphone = on ? 'on' : 'off';
    void this.port.command({ kind: 'set_muted', source: 'microphone', muted: !on });
  }

  setCamera(on: boolean): void {
    if (on) void this.#openCamera().then(() => this.#show());
    else {
      this.#drop('camera');
      this.camera = 'off';
      this.#show();
    }
  }

  attach(user: UserId, video: HTMLVideoElement): () => void {
    const views = this.#views.get(user) ?? new Set();
    views.add(video);
    this.#views.set(user, views);
    this.#paint(user);
    return () => {
      views.delete(video);
      video.srcObject = null;
    };
  }

  /** The page, or the group, is left. */
  close(): void { this.#finished(); }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────

  async #openMicrophone(): Promise<void> {
    this.microphone = 'asking';
    this.microphone = this.#took(await openMicrophone(null), 'microphone');
  }

  async #openCamera(): Promise<void> {
    this.camera = 'asking';
    this.camera = this.#took(await openCamera(null), 'camera');
  }

  #took(captured: Captured, source: 'camera' | 'microphone'): Device {
    if (!captured.ok) return captured.fault;
    const [track] = captured.tracks;
    if (!track) return 'no_device';
    if (this.phase === 'off') {
      track.stop();
      return 'off';
    }
    this.#drop(source);
    this.#tracks.set(source, track);
    track.onended = () => {
      if (this.#tracks.get(source) !== track) return;
      this.#drop(source);
      this[source] = 'no_device';
      this.#show();
    };
    return 'on';
  }

  #drop(source: Source): void {
    const track = this.#tracks.get(source);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#tracks.delete(source);
  }

  #show(): void {
    if (this.phase === 'off') return;
    if (this.#publisher.phase === 'idle' && this.#tracks.size > 0) void this.#publisher.start(this.#tracks, true);
    else if (this.#tracks.size > 0) this.#publisher.show(new Map(this.#tracks));
    const me = this.port.me();
    if (me !== null) this.#paint(me);
    this.redraw();
  }

  #phaseChanged(): void {
    if (this.phase === 'off') return;
    const { phase } = this.#publisher;
    if (phase === 'live') this.phase = 'on';
    else if (phase === 'reconnecting') this.phase = 'reconnecting';
  }

  #finished(): void {
    this.phase = 'off';
    this.#publisher.stop();
    this.#subscriber.stop();
    for (const source of [...this.#tracks.keys()]) this.#drop(source);
    this.microphone = this.camera = 'off';
    for (const sound of this.#sounds.values()) sound.srcObject = null;
    this.#sounds.clear();
    for (const user of this.#views.keys()) this.#paint(user);
    this.port.heard(false);
    this.redraw();
  }

  /** What is heard and seen is what comes now. */
  #received(): void {
    const sounds = this.#subscriber.tracks.filter((one) => one.media.kind === 'audio');
    for (const [track, sound] of this.#sounds) {
      if (sounds.some((one) => one.track === track)) continue;
      sound.srcObject = null;
      this.#sounds.delete(track);
    }
    for (const { track, media } of sounds) {
      const sound = this.#sounds.get(track) ?? new Audio();
      this.#sounds.set(track, sound);
      if (sound.srcObject instanceof MediaStream && sound.srcObject.getTracks()[0] === media) continue;
      sound.srcObject = new MediaStream([media]);
      void sound.play().catch(() => {});
    }
    for (const user of this.#views.keys()) this.#paint(user);
  }

  #paint(user: UserId): void {
    const leg = this.#publishers.find((one) => one.user === user)?.leg;
    const own = user === this.port.me() ? this.#tracks.get('camera') : undefined;
    const media = own ?? this.#subscriber.tracks.find((one) => one.leg === leg && one.source === 'camera')?.media;
    for (const video of this.#views.get(user) ?? []) {
      const shown = video.srcObject instanceof MediaStream ? video.srcObject.getTracks()[0] : undefined;
      if (shown === media) continue;
      video.srcObject = media ? new MediaStream([media]) : null;
      if (media) void video.play().catch(() => {});
    }
  }
}
