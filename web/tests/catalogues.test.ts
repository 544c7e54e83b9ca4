/** The types make both languages complete. What they can't see is a text left empty or left in the other language. */
import { describe, expect, it } from 'vitest';
import appEn from '../src/app/messages/en';
import appZh from '../src/app/messages/zh';
import chatEn from '../src/capabilities/conversation/messages/en';
import chatZh from '../src/capabilities/conversation/messages/zh';
import dialogsEn from '../src/capabilities/dialogs/messages/en';
import dialogsZh from '../src/capabilities/dialogs/messages/zh';
import floatsEn from '../src/capabilities/floating_messages/messages/en';
import floatsZh from '../src/capabilities/floating_messages/messages/zh';
import visitsEn from '../src/capabilities/host_visits/messages/en';
import visitsZh from '../src/capabilities/host_visits/messages/zh';
import liveEn from '../src/capabilities/live_rooms/messages/en';
import liveZh from '../src/capabilities/live_rooms/messages/zh';
import hostingEn from '../src/capabilities/live_rooms/studio/messages/en';
import hostingZh from '../src/capabilities/live_rooms/studio/messages/zh';
import moderationEn from '../src/capabilities/moderation/messages/en';
import moderationZh from '../src/capabilities/moderation/messages/zh';
import peopleEn from '../src/capabilities/people/messages/en';
import peopleZh from '../src/capabilities/people/messages/zh';
import sendingEn from '../src/capabilities/sending/messages/en';
import sendingZh from '../src/capabilities/sending/messages/zh';
import filmsEn from '../src/capabilities/videos/messages/en';
import filmsZh from '../src/capabilities/videos/messages/zh';

type Leaf = readonly [path: string, text: string];

function leaves(value: unknown, path = ''): Leaf[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [[path, String(value(2, '2'))]];
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, one]) => leaves(one, path ? `${path}.${key}` : key));
  throw new Error(`${path} is no text`);
}

/** The same in both languages, by nature. */
const SAME = new Set(['figures.unknown', 'figures.ways.hls']);

describe.each([['app', appEn, appZh], ['conversation', chatEn, chatZh], ['dialogs', dialogsEn, dialogsZh], ['host_visits', visitsEn, visitsZh], ['live_rooms', liveEn, liveZh], ['hosting', hostingEn, hostingZh], ['moderation', moderationEn, moderationZh], ['people', peopleEn, peopleZh], ['floating_messages', floatsEn, floatsZh], ['sending', sendingEn, sendingZh], ['videos', filmsEn, filmsZh]])('%s', (_name, en, zh) => {
  const english = leaves(en);
  const chinese = new Map(leaves(zh));
  it('says everything in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual(english.map(([path]) => path).sort());
    for (const [path, text] of english) expect(text.trim(), path).not.toBe('');
  });
  it('is Chinese in Chinese', () => {
    for (const [path, text] of english) {
      if (SAME.has(path)) continue;
      const translated = chinese.get(path) ?? '';
      if (translated === text) expect.fail(`${path} is the same in both: ${text}`);
      if (/\p{L}/u.test(translated)) expect(translated, path).toMatch(/\p{Script=Han}|%/u);
    }
  });
});
