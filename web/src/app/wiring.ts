/** Joins the screens' models to the engines: one session, one live connection, and a room for each that is entered. */
import { Session } from '../capabilities/people/session.svelte';
import { api } from '../engines/http/http';
import type { Live } from '../engines/connection/live';
import { person } from '../capabilities/people/person';
import { groupHolder } from './group_holder.svelte';
import { app } from './messages';
import type { Models } from './models';
import { go, here } from './navigation.svelte';
import type { MyGroup } from '../capabilities/discussion_groups/my_group.svelte';
import { Notices } from './notices.svelte';
import { OwnVideos } from './own_videos';
import { SENDING } from './sending_kept';
import { Soon } from './soon.svelte';

export function createModels(): Models {
  const session = new Session(api);
  void session.refresh();
  // The connection's code comes with the first room or page that needs it.
  let opened: Promise<Live> | null = null;
  const notices = new Notices(go);
  const ownVideos = new OwnVideos();
  const viewer = { me: () => session.me?.id ?? null, blocked: () => new Set(session.wire?.blocked.map((one) => one.id)) };
  const live = () => (opened ??= import('../engines/connection/live').then(({ Live }) => new Live(session, (event) => {
    switch (event.kind) {
      case 'visit_invitation': return void visitInvitations.open().then((one) => one.heard(event));
      // The end of what was never begun needs nobody.
      case 'visit_invitation_over': return visitInvitations.begun ? void visitInvitations.open().then((one) => one.heard(event)) : undefined;
      case 'dialog': case 'dialog_gone': case 'friend_asked': case 'friend_accepted': return void dialogs.open().then((one) => one.hear(event));
      case 'video':
        ownVideos.tell(event);
        // Films of mine that nothing here shows concern nobody.
        return sending.begun ? void sending.open().then((one) => one.heard(event.video)) : undefined;
      case 'video_gone':
        ownVideos.tell(event);
        return sending.begun ? void sending.open().then((one) => one.gone(event.video)) : undefined;
      case 'went_live': {
        const { space, host, about } = event;
        const who = person(host);
        const route = here();
        // Who is there already sees it.
        if (route.at === 'room' && route.host === who.name) return;
        notices.show({ id: space, who, live: true, title: app().notices.live(who.displayName), text: about.title, action: app().notices.watch, to: { at: 'room', host: who.name } });
      }
    }
  })));
  // The group goes along wherever one goes; whoever is in one is in it again after the page was loaded anew.
  let mine: Promise<MyGroup> | null = null;
  const myGroup = () => (mine ??= Promise.all([import('../capabilities/discussion_groups/my_group.svelte'), import('../engines/http/groups'), live()]).then(([{ MyGroup }, { groups }, line]) => (groupHolder.mine = new MyGroup({
    api,
    groups,
    session,
    connection: line.connection,
    go: (content) => go(content.kind === 'live_room' ? { at: 'room', host: content.host.name } : { at: 'video', id: content.video }),
  }))));
  const visitInvitations = new Soon(async () => {
    const [{ Invitations }, { visits }, line] = await Promise.all([import('../capabilities/host_visits/invitations.svelte'), import('../engines/http/visits'), live()]);
    return new Invitations({
      visits,
      myName: () => (session.state === 'signed_in' ? (session.me?.name ?? null) : null),
      roomOf: (name) => api.roomOf(name),
      goAndSay: (host, room, wants) => {
        const route = here();
        if (route.at !== 'room' || route.host !== host) go({ at: 'room', host });
        return line.connection.command(room, { kind: 'visits', wants });
      },
      say: (room, wants) => line.connection.commandOnce(room, { kind: 'visits', wants }),
      serverTime_ms: () => line.connection.serverTime_ms,
    });
  });
  const dialogs = new Soon(() => Promise.all([import('./open_dialogs'), live()]).then(([{ openDialogs }, line]) => openDialogs(session, line, notices, ownVideos)));
  const sending = new Soon(() => Promise.all([import('./open_sending'), live()]).then(([{ openSending }, line]) => openSending(session, line)));
  // Whoever has an account is told who goes live and who writes wherever they are; guests follow nobody.
  session.onChange(() => {
    if (session.state !== 'signed_in') return;
    void dialogs.open();
    // What was on its way when the page was closed goes on, wherever one is.
    if (localStorage.getItem(SENDING) !== null) void sending.open();
  });
  return {
    session,
    notices,
    visitInvitations,
    dialogs,
    sending: () => sending.open(),
    async frontPage() {
      const { FrontPage } = await import('../capabilities/live_rooms/front_page.svelte');
      return new FrontPage(api, session);
    },
    async room(hostName) {
      const [{ LiveRoom }, line] = await Promise.all([import('../capabilities/live_rooms/live_room.svelte'), live()]);
      return new LiveRoom(hostName, {
        api,
        session,
        connection: line.connection,
        onStatus: (listener) => line.onStatus(listener),
        myGroup,
        link: new URLSearchParams(location.search).get('link'),
      });
    },
    async video(id, link) {
      const [{ Video }, { videos }] = await Promise.all([import('../capabilities/videos/video.svelte'), import('../engines/http/videos')]);
      return new Video(id, { ...viewer, api: videos, link });
    },
    async library() {
      // The connection tells how they come along.
      const [{ openLibrary }] = await Promise.all([import('./open_films'), live()]);
      return openLibrary(viewer, ownVideos);
    },
    async person(name) {
      const [{ openPerson }, line] = await Promise.all([import('./open_films'), live()]);
      return openPerson(name, session, line, () => dialogs.open());
    },
    async settings() {
      const [{ Settings }, line] = await Promise.all([import('../capabilities/people/settings.svelte'), live()]);
      return new Settings(api, session, (command) => line.connection.person(command));
    },
    async pastGroups() {
      const [{ PastGroups }, { groups }] = await Promise.all([import('../capabilities/discussion_groups/past.svelte'), import('../engines/http/groups')]);
      return new PastGroups(groups, api);
    },
    friends: () => dialogs.open().then((one) => one.friends()),
    async ledger() {
      const [{ Ledger }, { visits }] = await Promise.all([import('../capabilities/host_visits/ledger.svelte'), import('../engines/http/visits')]);
      return new Ledger(visits, () => session.me?.id ?? null);
    },
    async admin() {
      const { Admin } = await import('../capabilities/people/admin.svelte');
      return new Admin(api);
    },
  };
}
