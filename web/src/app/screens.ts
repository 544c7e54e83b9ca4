/** The screens behind their addresses, each fetched when it is first gone to. */
import type { Component } from 'svelte';
import type { Models } from './models';
import type { Route } from './route';

export interface Opened {
  // Each screen has its own props; pairing them is what `opened` below checks.
  readonly View: Component<Record<string, unknown>>;
  readonly props: Record<string, unknown>;
}

function opened<P extends Record<string, unknown>>(View: Component<P>, props: P): Opened {
  return { View: View as unknown as Opened['View'], props };
}

type Lazy = Exclude<Route, { at: 'nowhere' }>;

export async function openScreen(route: Lazy, models: Models): Promise<Opened> {
  switch (route.at) {
    case 'front': {
      const [screen, model] = await Promise.all([import('../capabilities/live_rooms/front'), models.frontPage()]);
      return opened(screen.FrontPage, { front: model, session: models.session });
    }
    case 'room': {
      const [screen, model] = await Promise.all([import('../capabilities/live_rooms/room'), models.room(route.host)]);
      await screen.ready();
      return opened(screen.RoomScreen, { room: model, session: models.session });
    }
    case 'video': {
      const [screen, model] = await Promise.all([import('../capabilities/videos/screens'), models.video(route.id, route.link ?? null)]);
      await screen.ready();
      return opened(screen.ReplayScreen, { video: model, session: models.session });
    }
    case 'library': {
      const [screen, model] = await Promise.all([import('../capabilities/videos/library/screens'), models.library()]);
      await screen.ready();
      return opened(screen.LibraryScreen, { library: model, session: models.session });
    }
    case 'person': {
      const [screen, model] = await Promise.all([import('../capabilities/people/page/screens'), models.person(route.name)]);
      await screen.ready();
      return opened(screen.PersonScreen, { page: model, session: models.session });
    }
    case 'sign_in': {
      const screen = await import('../capabilities/people/screens');
      await screen.ready();
      return opened(screen.SignIn, { session: models.session, next: route.next, problem: route.problem ?? null });
    }
    case 'sign_up': {
      const screen = await import('../capabilities/people/screens');
      await screen.ready();
      return opened(screen.SignUp, { session: models.session, next: route.next });
    }
    case 'setup': {
      const screen = await import('../capabilities/people/screens');
      await screen.ready();
      return opened(screen.Setup, { session: models.session, token: route.token });
    }
    case 'settings': {
      const [screen, model] = await Promise.all([import('../capabilities/people/screens'), models.settings()]);
      await screen.ready();
      return opened(screen.Settings, { session: models.session, settings: model, notices: models.notices });
    }
    case 'dialogs': {
      const [screen, model, sending] = await Promise.all([import('../capabilities/dialogs/screens'), models.dialogs.open(), models.sending()]);
      await screen.ready();
      return opened(screen.DialogsScreen, { dialogs: model, sending, session: models.session });
    }
    case 'people': {
      const [screen, model] = await Promise.all([import('../capabilities/dialogs/people_screen'), models.friends()]);
      await screen.ready();
      return opened(screen.PeopleScreen, { friends: model, session: models.session });
    }
    case 'groups': {
      const [screen, model] = await Promise.all([import('../capabilities/discussion_groups/screens'), models.pastGroups()]);
      await screen.ready();
      return opened(screen.PastGroupsScreen, { model });
    }
    case 'visits': {
      const [screen, model] = await Promise.all([import('../capabilities/host_visits/ledger_screen'), models.ledger()]);
      await screen.ready();
      return opened(screen.VisitsPage, { session: models.session, ledger: model });
    }
    case 'admin': {
      const [screen, model] = await Promise.all([import('../capabilities/people/screens'), models.admin()]);
      await screen.ready();
      return opened(screen.Admin, { session: models.session, admin: model });
    }
  }
}
