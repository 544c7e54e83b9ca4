import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NOTICE_STAYS_MS, Notices, NOTICES_MAX } from './notices.svelte';

const shown: { title: string; options: NotificationOptions; onclick?: () => void }[] = [];
let granted: NotificationPermission = 'default';
class FakeNotification {
  static get permission() { return granted; }
  static requestPermission() { granted = 'granted'; return Promise.resolve(granted); }
  onclick?: () => void;
  constructor(readonly title: string, readonly options: NotificationOptions) { shown.push(this); }
  close() {}
}
const one = (name: string) => ({ id: `room_${name}`, host: { id: `user_${name}`, name, displayName: name.toUpperCase(), guest: false }, title: 'Kiln' });

describe('notices of who went live', () => {
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

  it('are one for each room, at most so many, and go by themselves', () => {
    const notices = new Notices(() => '', () => {});
    for (const name of ['a', 'b', 'c', 'b', 'd']) notices.wentLive(one(name));
    expect(notices.list.map(({ host }) => host.name)).toEqual(['c', 'b', 'd']);
    expect(notices.list).toHaveLength(NOTICES_MAX);
    vi.advanceTimersByTime(NOTICE_STAYS_MS);
    expect(notices.list).toEqual([]);
  });

  it('reach the system only with leave, which is asked for once and on purpose', async () => {
    const watched: string[] = [];
    const notices = new Notices(({ host }) => `${host.displayName} is live`, (host) => watched.push(host));
    notices.wentLive(one('a'));
    expect([notices.system, shown.length]).toEqual(['off', 0]);
    await notices.allowSystem();
    notices.wentLive(one('a'));
    expect([notices.system, shown.map(({ title, options }) => [title, options.body, options.tag])]).toEqual(['on', [['A is live', 'Kiln', 'room_a']]]);
    shown[0]?.onclick?.();
    expect(watched).toEqual(['a']);
  });

  it('don’t trouble the system while the page is looked at', async () => {
    const notices = new Notices(() => '', () => {});
    await notices.allowSystem();
    vi.stubGlobal('document', { visibilityState: 'visible' });
    notices.wentLive(one('a'));
    expect([shown.length, notices.list.length]).toEqual([0, 1]);
  });

  it('say so where there is no such thing, or where it was refused', () => {
    granted = 'denied';
    expect(new Notices(() => '', () => {}).system).toBe('blocked');
    vi.unstubAllGlobals();
    expect(new Notices(() => '', () => {}).system).toBe('unsupported');
  });
});
