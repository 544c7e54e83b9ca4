/** How something that is sent stands, in the reader's words. */
import { refusalText } from '../../app/refusal';
import { bytes } from '../../i18n/bytes';
import { clock, number } from '../../i18n/format';
import { sendingWords } from './messages';
import type { SendFailure, SendItem } from './model';

export function failureText(why: SendFailure): string {
  const { failures } = sendingWords();
  switch (why.is) {
    case 'limit':
      return why.limit === 'uploads' || why.limit === 'images' ? failures[why.limit](why.max) : failures[why.limit](bytes(why.max));
    case 'refused': return refusalText(why.refusal);
    case 'film': {
      const { failure } = why;
      switch (failure.kind) {
        case 'codec': return failures.codec(failure.codec);
        case 'pixels': return failures.pixels(`${failure.width} × ${failure.height}`);
        default: return failures[failure.kind];
      }
    }
    default: return failures[why.is];
  }
}

/** How much is done, from 0 to 1; null: not known. */
export function doneOf(item: SendItem): number | null {
  const { state } = item;
  if (state.is === 'preparing') return state.done;
  return 'sent_bytes' in state && item.bytes > 0 ? Math.min(1, state.sent_bytes / item.bytes) : null;
}

export const percent = (done: number) => sendingWords().percent(number(Math.floor(done * 100)));

/** What it is doing: changes seldom, so that it can be spoken. */
export function standing(item: SendItem): string {
  const say = sendingWords();
  switch (item.state.is) {
    case 'waiting': return say.waiting;
    case 'uploading': return say.uploading;
    case 'paused': return say.paused;
    case 'remote': return say.remote;
    case 'needs_file': return say.needsFile;
    case 'preparing': return item.state.before > 0 ? say.before(item.state.before) : say.preparing;
    case 'failed': return failureText(item.state.why);
  }
}

/** How far and how fast, which changes all the time. */
export function going({ state, bytes: all }: SendItem): string {
  const say = sendingWords();
  const left = (left_ms: number | null) => (left_ms === null ? [] : [say.left(clock(Math.ceil(left_ms / 1_000) * 1_000))]);
  if (state.is === 'uploading') return [`${bytes(state.sent_bytes)} / ${bytes(all)}`, ...(state.pace_bps === null ? [] : [say.pace(bytes(state.pace_bps))]), ...left(state.left_ms)].join(' · ');
  return state.is === 'preparing' ? left(state.left_ms).join('') : '';
}
