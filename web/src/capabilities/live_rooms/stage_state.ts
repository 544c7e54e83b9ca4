/** What is said on the stage: one thing, the one that matters most. */
import type { RoomModel } from './model';

export type StageState =
  /** Nothing: the picture speaks. */
  | 'playing'
  | 'connecting'
  | 'stalled'
  | 'sound_blocked'
  | 'failed'
  | 'publisher_lost'
  /** Its host visits another room, and I did not come along. */
  | 'away'
  | 'offline'
  | 'ended'
  /** Live, I have not come in, and can't see it from outside: I am nobody here yet. */
  | 'door'
  /** My own room, not live. */
  | 'mine'
  | 'mine_ended'
  | 'starting'
  /** My own room: the encoder was told, and has not come. */
  | 'awaiting_encoder'
  | 'own_reconnecting';

type Seen = Pick<RoomModel, 'entry' | 'broadcast' | 'mine' | 'host'> & {
  readonly stage: Pick<RoomModel['stage'], 'playback'> & { readonly watching?: { readonly outside: boolean; readonly running: boolean } };
  readonly chat: Pick<RoomModel['chat'], 'writing'>;
  readonly studio: { readonly phase: NonNullable<RoomModel['studio']>['phase'] } | null;
};

export function stageState(room: Seen): StageState {
  const phase = room.studio?.phase ?? 'closed';
  if (phase === 'starting') return 'starting';
  if (phase === 'reconnecting') return 'own_reconnecting';
  if (phase === 'live') return 'playing';
  if (phase === 'awaiting_encoder' && room.broadcast.state !== 'live' && room.broadcast.state !== 'publisher_lost') return 'awaiting_encoder';
  const stranger = room.entry === 'entering' && room.chat.writing.may === 'sign_in';
  const { playback, watching } = room.stage;
  // What a stranger sees of an open room goes on while they come in.
  const seesIt = watching?.outside === true && (playback === 'playing' || playback === 'stalled' || playback === 'sound_blocked');
  // Of a room that has not been read yet nothing can be said.
  if (room.entry === 'entering' && !seesIt && (!stranger || room.host === null)) return 'connecting';
  switch (room.broadcast.state) {
    case 'offline': return room.mine ? 'mine' : 'offline';
    case 'ended': return room.mine ? 'mine_ended' : 'ended';
    case 'publisher_lost': return 'publisher_lost';
    case 'away': return 'away';
    case 'live': break;
  }
  if (stranger && !seesIt) return watching?.outside === true && watching.running ? 'connecting' : 'door';
  switch (playback) {
    case 'idle':
    case 'connecting': return 'connecting';
    case 'stalled': return 'stalled';
    case 'sound_blocked': return 'sound_blocked';
    case 'failed': return 'failed';
    case 'playing': return 'playing';
  }
}

/** Whether there is a picture (perhaps frozen) under what is said. */
export function overPicture(state: StageState): boolean {
  return state === 'playing' || state === 'stalled' || state === 'sound_blocked' || state === 'publisher_lost'
    || state === 'starting' || state === 'own_reconnecting';
}
