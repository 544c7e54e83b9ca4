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

export function createModels(): Models {
  const session = new Session(api);
  void session.refresh();
  // The connection's code comes with the first room or page that needs it.
  let opened: Promise<Live> | null = null;
  const notices = new Notices(({ host }) => app().notices.live(host.displayName), (host) => go({ at: 'room', host }));
  const live = () => (opened ??= import('../engines/connection/live').then(({ Live }) => new Live(session, ({ space, host, about }) => {
    const route = here();
    // Who is there already sees it.
    if (route.at === 'room' && route.host === host.name) return;
    notices.wentLive({ id: space, host: person(host), title: about.title });
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
  // Whoever has an account is told who goes live wherever they are; guests follow nobody.
  session.onChange(() => { if (session.state === 'signed_in') void live(); });
  return {
    session,
    notices,
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
    async video(id) {
      const [{ Video }, { videos }] = await Promise.all([import('../capabilities/videos/video.svelte'), import('../engines/http/videos')]);
      return new Video(id, {
        api: videos,
        me: () => session.me?.id ?? null,
        blocked: () => new Set(session.wire?.blocked.map((one) => one.id)),
      });
    },
    async settings() {
      const [{ Settings }, line] = await Promise.all([import('../capabilities/people/settings.svelte'), live()]);
      return new Settings(api, session, (command) => line.connection.person(command));
    },
    async pastGroups() {
      const [{ PastGroups }, { groups }] = await Promise.all([import('../capabilities/discussion_groups/past.svelte'), import('../engines/http/groups')]);
      return new PastGroups(groups, api);
    },
    async admin() {
      const { Admin } = await import('../capabilities/people/admin.svelte');
      return new Admin(api);
    },
  };
}
