/** Joins what is sent beside words to the engines. Its code comes with the first dialog, or with what is still on its way. */
import type { Session } from '../capabilities/people/session.svelte';
import { Sending } from '../capabilities/sending/sending.svelte';
import type { Live } from '../engines/connection/live';
import { upload } from '../engines/http/resumable';
import { sending as api } from '../engines/http/sending';
import { keptFiles } from '../engines/kept_files';
import { locks, tabs } from '../engines/locks';
import { preparedImage } from '../engines/media/files/image';
import { stillOf } from '../engines/media/files/still';
import { SENDING } from './sending_kept';

export function openSending(session: Session, line: Live): Sending {
  return new Sending({
    api,
    kept: keptFiles(),
    locks,
    tabs: tabs('hearth.sending'),
    session,
    upload,
    still: stillOf,
    image: preparedImage,
    say: (dialog, text, nonce, image) => line.connection.commandOnce(dialog, { kind: 'send', text, nonce, carries: { kind: 'image', image } }),
    onStatus: (listener) => {
      listener(line.connection.status.is === 'open');
      return line.onStatus((status) => listener(status.is === 'open'));
    },
    onOnline: (listener) => addEventListener('online', listener),
    online: () => navigator.onLine,
    nonce: () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    remember: (something) => {
      if (something) localStorage.setItem(SENDING, '');
      else localStorage.removeItem(SENDING);
    },
  });
}
