import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NOTICE_STAYS_MS, Notices, NOTICES_MAX, type Noticed } from './notices.svelte';
import type { Route } from './route';

const shown: { title: string; options: NotificationOptions; onclick?: () => void }[] = [];
let granted: NotificationPermission = 'default';
class FakeNotification {
  static get permission() { return granted; }
  static requestPermission() { granted = 'granted'; return Promise.resolve(granted); }
  onclick?: () => void;
  constructor(readonly title: string, readonly options: NotificationOptions) { shown.push(this); }
  close() {}
}
const one = (name: string): Noticed => ({
  id: `room_${name}`, who: { id: `user_${name}`, name, displayName: name.toUpperCase(), guest: false }, title: `${name.toUpperCase()} is live`, text: 'Kiln',
  action: 'Watch', to: { at: 'room', host: name },
});

describe('notices', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    shown.length = 0;
    granted = 'default';
    vi.stubGlobal('Notification', FakeNotification);
    vi.stubGlobal('document', { visibilityState: 'hidden' });
    vi.stubGlobal('focus', vi.fn());
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('are one for each place, at most so many, and go by themselves', () => {
    const notices = new Notices(() => {});
    for (const name of ['a', 'b', 'c', 'b', 'd']) notices.show(one(name));
    expect(notices.list.map(({ who }) => who.name)).toEqual(['c', 'b', 'd']);
    expect(notices.list).toHaveLength(NOTICES_MAX);
    vi.advanceTimersByTime(NOTICE_STAYS_MS);
    expect(notices.list).toEqual([]);
  });

  it('reach the system only with leave, which is asked for once and on purpose', async () => {
    const gone: Route[] = [];
    const notices = new Notices((to) => gone.push(to));
    notices.show(one('a'));
    expect([notices.system, shown.length]).toEqual(['off', 0]);
    await notices.allowSystem();
    notices.show(one('a'));
    expect([notices.system, shown.map(({ title, options }) => [title, options.body, options.tag])]).toEqual(['on', [['A is live', 'Kiln', 'room_a']]]);
    shown[0]?.onclick?.();
    expect(gone).toEqual([{ at: 'room', host: 'a' }]);
  });

  it('don’t trouble the system while the page is looked at', async () => {
    const notices = new Notices(() => {});
    await notices.allowSystem();
    vi.stubGlobal('document', { visibilityState: 'visible' });
    notices.show(one('a'));
    expect([shown.length, notices.list.length]).toEqual([0, 1]);
  });

  it('say so where there is no such thing, or where it was refused', () => {
    granted = 'denied';
    expect(new Notices(() => {}).system).toBe('blocked');
    vi.unstubAllGlobals();
    expect(new Notices(() => {}).system).toBe('unsupported');
  });
});
