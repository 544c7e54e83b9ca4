/** What happens elsewhere and is of note here: somebody I follow went live, somebody wrote to me. */
import type { Person } from '../capabilities/people/model';
import type { Route } from './route';

export interface Noticed {
  /** One per place: a later one takes the place of an earlier. */
  readonly id: string;
  readonly who: Person;
  /** Whether they are live. */
  readonly live?: boolean;
  readonly title: string;
  /** May be empty. */
  readonly text: string;
  /** What going there is called. */
  readonly action: string;
  readonly to: Route;
}

/** Whether the system shows notices of this page while it is not looked at. */
export type SystemNotices = 'unsupported' | 'off' | 'on' | 'blocked';

export interface NoticesModel {
  readonly list: readonly Noticed[];
  readonly system: SystemNotices;
  dismiss(id: string): void;
  /** Asks the browser for leave; called within a touch or key press. */
  allowSystem(): Promise<void>;
}

/** More at once are not read; the oldest give way. */
export const NOTICES_MAX = 3;
/** A notice that nobody heeds goes by itself. */
export const NOTICE_STAYS_MS = 30_000;

function permission(): SystemNotices {
  if (!('Notification' in globalThis)) return 'unsupported';
  return Notification.permission === 'granted' ? 'on' : Notification.permission === 'denied' ? 'blocked' : 'off';
}

export class Notices implements NoticesModel {
  list = $state.raw<readonly Noticed[]>([]);
  system = $state<SystemNotices>(permission());
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly go: (to: Route) => void) {}

  show(one: Noticed): void {
    this.dismiss(one.id);
    this.list = [...this.list, one].slice(-NOTICES_MAX);
    this.#timers.set(one.id, setTimeout(() => this.dismiss(one.id), NOTICE_STAYS_MS));
    if (this.system === 'on' && document.visibilityState !== 'visible') this.#tellSystem(one);
  }

  dismiss(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((one) => one.id !== id);
  }

  async allowSystem(): Promise<void> {
    if (this.system !== 'off') return;
    await Notification.requestPermission();
    this.system = permission();
  }

  #tellSystem(one: Noticed): void {
    try {
      const shown = new Notification(one.title, { body: one.text, tag: one.id, icon: '/icons/icon-192.png' });
      shown.onclick = () => {
        focus();
        shown.close();
        this.go(one.to);
      };
    } catch {
      // Some phones show only what a service worker asks for; the notice in the page is there all the same.
    }
  }
}
