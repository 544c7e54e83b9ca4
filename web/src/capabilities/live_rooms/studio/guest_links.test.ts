import { expect, test } from 'vitest';
import type { GuestLinksApi } from '../../../engines/http/guest_links';
import type { GuestLink } from '../../../protocol/generated/types';
import { GuestLinks } from './guest_links.svelte';

const ADDRESS = 'https://hearth.example/@ana';
const old: GuestLink = { id: 'link_old', created_ms: 1_000, expires_ms: null };

function opened(over: Partial<GuestLinksApi> = {}) {
  const asked: unknown[] = [];
  const api: GuestLinksApi = {
    list: () => Promise.resolve({ is: 'ok', value: [old, { id: 'link_later', created_ms: 2_000, expires_ms: 9_000 }] }),
    make(room, body) {
      asked.push([room, body]);
      return Promise.resolve({ is: 'ok', value: { id: 'link_new', secret: 'a+b/c', created_ms: 3_000, expires_ms: null } });
    },
    revoke(room, id) {
      asked.push([room, id]);
      return Promise.resolve({ is: 'ok', value: undefined });
    },
    ...over,
  };
  return { links: new GuestLinks(api, 'space_ana', ADDRESS), asked };
}

const ids = (links: GuestLinks) => links.links.map((one) => one.id);
const settled = () => new Promise((done) => setImmediate(done));

test('the links are listed, the newest first', async () => {
  const { links } = opened();
  expect(links.state).toBe('loading');
  await settled();
  expect(links.state).toBe('ready');
  expect(ids(links)).toEqual(['link_later', 'link_old']);
});

test('a link that is made is shown with its secret in the address, until the list is closed', async () => {
  const { links, asked } = opened();
  await settled();
  expect(await links.make(86_400)).toEqual({ ok: true });
  expect(await links.make(null)).toEqual({ ok: true });
  expect(asked).toEqual([['space_ana', { lifetime_s: 86_400 }], ['space_ana', {}]]);
  expect(links.made?.address).toBe(`${ADDRESS}?link=a%2Bb%2Fc`);
  expect(JSON.stringify(links.links)).not.toContain('secret');
  links.close();
  expect(links.made).toBeNull();
});

test('a revoked link leaves the list, and what was shown of it goes too', async () => {
  const { links } = opened();
  await settled();
  await links.make(null);
  await links.revoke('link_old');
  expect(ids(links)).toEqual(['link_new', 'link_later']);
  expect(links.made).not.toBeNull();
  await links.revoke('link_new');
  expect(ids(links)).toEqual(['link_later']);
  expect(links.made).toBeNull();
});

test('a link that is gone already counts as revoked; one that could not be revoked stays', async () => {
  const { links } = opened({ revoke: (_room, id) => Promise.resolve(id === 'link_old' ? { is: 'rejected', rejection: { kind: 'not_found' } } : { is: 'unreachable' }) });
  await settled();
  expect(await links.revoke('link_old')).toEqual({ ok: true });
  expect(await links.revoke('link_later')).toEqual({ ok: false, refusal: { reason: 'disconnected' } });
  expect(ids(links)).toEqual(['link_later']);
});

test('too many links are refused in words, and a list that cannot be read says so', async () => {
  const { links } = opened({
    list: () => Promise.resolve({ is: 'unreachable' }),
    make: () => Promise.resolve({ is: 'rejected', rejection: { kind: 'limit', limit: 'guest_links', max: 50, retry_after_ms: null } }),
  });
  await settled();
  expect(links.state).toBe('failed');
  expect(await links.make(null)).toMatchObject({ ok: false, refusal: { reason: 'too_many', limit: { value: 50 } } });
  expect(links.made).toBeNull();
});
