/**
 * Joins the screens to the engines. What is here is what a browser sees whose server
 * can't be asked: every model says so, and nothing pretends.
 */
import type { FrontPageModel } from '../capabilities/live_rooms/model';
import type { Outcome, SessionModel } from '../capabilities/people/model';
import type { Models } from './models';

const disconnected = (): Promise<Outcome> => Promise.resolve({ ok: false, refusal: { reason: 'disconnected' } });

const session: SessionModel = {
  state: 'unreachable',
  me: null,
  guestsWelcome: false,
  signIn: disconnected,
  enterAsGuest: disconnected,
  createFirstAdministrator: disconnected,
  checkSetupLink: () => Promise.resolve('unreachable'),
  setDisplayName: disconnected,
  signOut: () => Promise.resolve(),
};

const front: FrontPageModel = { state: 'failed', rooms: [], retry: () => location.reload(), close() {} };

export function createModels(): Models {
  const unreachable = () => Promise.reject(new Error('no engine is wired'));
  return { session, frontPage: () => front, room: unreachable, settings: unreachable, admin: unreachable };
}
