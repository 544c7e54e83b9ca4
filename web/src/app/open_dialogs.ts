/** Joins dialogs and friends to the engines. Its code comes after the page's own. */
import { Dialogs, type DialogsHeard } from '../capabilities/dialogs/dialogs.svelte';
import { Friends } from '../capabilities/dialogs/friends.svelte';
import { dialogWords } from '../capabilities/dialogs/messages';
import { dialogName, wordsOf } from '../capabilities/dialogs/words';
import { person } from '../capabilities/people/person';
import type { Session } from '../capabilities/people/session.svelte';
import type { Live } from '../engines/connection/live';
import { dialogs as api } from '../engines/http/dialogs';
import type { PersonEvent, Profile } from '../protocol/generated/types';
import { here } from './navigation.svelte';
import type { Notices } from './notices.svelte';
import type { OwnVideos } from './own_videos';
import { preferences } from './preferences.svelte';

export type Heard = DialogsHeard | Extract<PersonEvent, { kind: 'friend_asked' | 'friend_accepted' }>;

export async function openDialogs(session: Session, line: Live, notices: Notices, films: OwnVideos): Promise<MyDialogs> {
  await dialogWords.ready();
  return new MyDialogs(session, line, notices, films);
}

/** Whether somebody looks at a dialog here and now. */
function lookedAt(id: string): boolean {
  const route = here();
  return route.at === 'dialogs' && route.id === id && document.visibilityState === 'visible';
}

export class MyDialogs extends Dialogs {
  constructor(private readonly session: Session, private readonly line: Live, private readonly notices: Notices, films: OwnVideos) {
    super({
      api,
      session,
      connection: line.connection,
      onStatus: (listener) => {
        listener(line.connection.status.is === 'open');
        return line.onStatus((status) => listener(status.is === 'open'));
      },
      nonce: () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      news: (row, said) => {
        if (lookedAt(row.id)) return;
        const words = dialogWords().notices;
        const who = person(said.author);
        notices.show({
          id: row.id, who, text: wordsOf(said.text, said.carries?.kind ?? null), action: words.open, to: { at: 'dialogs', id: row.id },
          title: row.two ? who.displayName : words.inDialog(who.displayName, dialogName(row)),
        });
      },
      heeded: (id) => notices.dismiss(id),
      screening: async (talk) => {
        const [{ Screening }, { videos }] = await Promise.all([import('../capabilities/videos/screening.svelte'), import('../engines/http/videos')]);
        return new Screening(talk.id, {
          api: videos,
          me: () => session.me?.id ?? null,
          blocked: () => new Set(session.wire?.blocked.map((one) => one.id)),
          sounding: preferences,
          onShared: (listener) => talk.onShared(listener),
          onGone: (listener) => films.on((event) => { if (event.kind === 'video_gone') listener(event.video); }),
        });
      },
    });
  }

  /** Also of friends. */
  hear(event: Heard): void {
    switch (event.kind) {
      case 'friend_asked': return this.#ofFriend('friend', event.by);
      case 'friend_accepted': return this.#ofFriend('accepted', event.by);
      default: this.heard(event);
    }
  }

  friends(): Friends {
    return new Friends({
      api,
      session: this.session,
      person: (command) => this.line.connection.person(command),
      begin: (people, title) => this.begin(people, title),
    });
  }

  #ofFriend(what: 'friend' | 'accepted', by: Profile): void {
    const words = dialogWords().notices;
    const who = person(by);
    this.notices.show({
      id: `friend_${who.id}`, who, text: '', action: what === 'friend' ? words.answer : words.write, to: { at: 'people' },
      title: what === 'friend' ? words.friendAsked(who.displayName) : words.friendAccepted(who.displayName),
    });
  }
}
