import { describe, expect, it } from 'vitest';
import { href, parse, safeNext, type Route } from './route';

const at = (path: string) => parse(new URL(path, 'https://hearth.example'));

describe('addresses', () => {
  it.each<Route>([
    { at: 'front' },
    { at: 'room', host: 'mira' },
    { at: 'room', host: '林晓雨' },
    { at: 'room', host: 'a/b?c#d%' },
    { at: 'video', id: 'video_01jc' },
    { at: 'video', id: 'a/b?c#d%' },
    { at: 'video', id: 'video_01jc', link: 'a-b_c' },
    { at: 'person', name: '林晓雨' },
    { at: 'person', name: 'a/b?c#d%' },
    { at: 'library' },
    { at: 'sign_in', next: null },
    { at: 'sign_in', next: '/@mira' },
    { at: 'sign_in', next: null, problem: 'oidc' },
    { at: 'sign_in', next: '/@mira?a=b&c', problem: 'oidc_account' },
    { at: 'sign_up', next: null },
    { at: 'sign_up', next: '/@mira?a=b&c' },
    { at: 'setup', token: 'x-Y_1' },
    { at: 'settings' },
    { at: 'groups' },
    { at: 'visits' },
    { at: 'people' },
    { at: 'dialogs', id: null },
    { at: 'dialogs', id: 'dialog_01jc' },
    { at: 'dialogs', id: 'a/b?c#d%', message: 41 },
    { at: 'admin' },
  ])('%j leads back to itself', (route) => {
    expect(at(href(route))).toEqual(route);
  });

  it('takes a trailing slash', () => {
    expect(at('/@mira/')).toEqual({ at: 'room', host: 'mira' });
    expect(at('/settings/')).toEqual({ at: 'settings' });
  });

  it.each(['/@', '/@a/b', '/setup/', '/nothing', '/@%E0%A4%A', '/setup/%'])('%s is nowhere', (path) => {
    expect(at(path).at).toBe('nowhere');
  });

  it('takes no message that can’t be one', () => {
    for (const odd of ['-1', '0', '1.5', 'x', '9007199254740993']) expect(at(`/dialogs/dialog_1?at=${odd}`)).toEqual({ at: 'dialogs', id: 'dialog_1' });
  });

  it('says no problem that it does not know', () => {
    expect(at('/sign-in?problem=<b>')).toEqual({ at: 'sign_in', next: null });
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])('never returns to %s', (next) => {
    expect(safeNext(next)).toBeNull();
    expect(at(`/sign-in?next=${encodeURIComponent(next)}`)).toEqual({ at: 'sign_in', next: null });
  });
});
