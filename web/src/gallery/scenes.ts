/** The screens and states that the gallery shows. `scripts/screens.mjs` takes a picture of each. */
import type { Route } from '../app/route';
import type { SampleChoice } from './samples.svelte';

export interface Scene extends SampleChoice {
  readonly name: string;
  readonly route: Route;
  /** Opened after mounting, as a person would: the text or label of what is pressed, in order. */
  readonly press?: readonly string[];
}

const front: Route = { at: 'front' };
const room: Route = { at: 'room', host: 'mira' };
const video: Route = { at: 'video', id: 'video_kiln' };

export const SCENES: readonly Scene[] = [
  { name: 'front', route: front },
  { name: 'front-signed-out', route: front, me: 'signed_out' },
  { name: 'front-empty', route: front, front: 'empty' },
  { name: 'front-empty-signed-out', route: front, front: 'empty', me: 'signed_out' },
  { name: 'front-loading', route: front, front: 'loading' },
  { name: 'front-failed', route: front, front: 'failed' },
  { name: 'front-one', route: front, front: 'one' },
  { name: 'sign-in', route: { at: 'sign_in', next: null }, me: 'signed_out' },
  { name: 'setup', route: { at: 'setup', token: 'sample' }, me: 'signed_out' },
  { name: 'setup-spent', route: { at: 'setup', token: 'spent' }, me: 'signed_out' },
  { name: 'settings', route: { at: 'settings' } },
  { name: 'admin', route: { at: 'admin' } },
  { name: 'admin-add', route: { at: 'admin' }, press: ['Add person'] },
  { name: 'nowhere', route: { at: 'nowhere', path: '/lost' } },
  { name: 'room', route: room },
  { name: 'room-inset', route: room, inset: true },
  { name: 'room-people', route: room, press: ['People'] },
  { name: 'room-guest-entry', route: room, me: 'signed_out' },
  { name: 'room-door', route: room, me: 'signed_out', entry: 'entering' },
  { name: 'room-door-closed', route: room, me: 'signed_out', entry: 'entering', closed: true },
  { name: 'room-missing-signed-out', route: room, me: 'signed_out', entry: 'missing' },
  { name: 'room-people-unread', route: room, press: ['People'], unread: true },
  { name: 'room-connecting', route: room, stage: 'connecting' },
  { name: 'room-entering', route: room, entry: 'entering' },
  { name: 'room-sound-blocked', route: room, stage: 'sound_blocked' },
  { name: 'room-publisher-lost', route: room, broadcast: 'publisher_lost' },
  { name: 'room-failed', route: room, stage: 'failed' },
  { name: 'room-offline', route: room, broadcast: 'offline' },
  { name: 'room-ended', route: room, broadcast: 'ended' },
  { name: 'room-reconnecting', route: room, connection: 'reconnecting' },
  { name: 'room-missing', route: room, entry: 'missing' },
  { name: 'room-banned', route: room, entry: 'banned' },
  { name: 'room-theatre', route: room, theatre: true },
  { name: 'room-sound-only', route: room, soundOnly: true },
  { name: 'room-quality', route: room, press: ['Quality'] },
  { name: 'room-figures', route: room, press: ['Delay from the server to this screen'] },
  { name: 'room-shortcuts', route: room, press: ['Keyboard shortcuts'] },
  { name: 'chat-long', route: room, chat: 'long' },
  { name: 'chat-hard', route: room, chat: 'hard' },
  { name: 'chat-empty', route: room, chat: 'empty' },
  { name: 'chat-muted', route: room, writing: 'muted' },
  { name: 'chat-slow', route: room, writing: 'slow' },
  { name: 'replay', route: video },
  { name: 'replay-playing', route: video, film: 'playing' },
  { name: 'replay-chinese', route: video, film: 'chinese' },
  { name: 'replay-floating-settings', route: video, film: 'playing', press: ['Floating messages'] },
  { name: 'replay-speed', route: video, film: 'playing', press: ['Speed'] },
  { name: 'replay-recording', route: video, film: 'recording' },
  { name: 'replay-lost', route: video, film: 'lost' },
  { name: 'replay-failed', route: video, film: 'failed' },
  { name: 'replay-loading', route: video, film: 'loading' },
  { name: 'replay-missing', route: video, film: 'missing' },
  { name: 'host-offline', route: { at: 'room', host: 'ana' }, broadcast: 'offline', studio: 'closed' },
  { name: 'host-edit', route: { at: 'room', host: 'ana' }, studio: 'live', press: ['Edit', 'Make a link'] },
  { name: 'host-green-room', route: { at: 'room', host: 'ana' }, broadcast: 'offline', studio: 'green_room' },
  { name: 'host-green-room-denied', route: { at: 'room', host: 'ana' }, broadcast: 'offline', studio: 'green_room', capture: 'denied' },
  { name: 'host-green-room-none', route: { at: 'room', host: 'ana' }, broadcast: 'offline', studio: 'green_room', capture: 'no_device' },
  { name: 'host-live', route: { at: 'room', host: 'ana' }, studio: 'live' },
  { name: 'host-end', route: { at: 'room', host: 'ana' }, studio: 'live', press: ['End'] },
  { name: 'host-reconnecting', route: { at: 'room', host: 'ana' }, studio: 'reconnecting' },
];
