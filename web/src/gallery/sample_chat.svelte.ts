import type { ChatMessage, ChatModel, MessageState, Writing } from '../capabilities/conversation/model';
import type { Outcome, SessionModel } from '../capabilities/people/model';
import { COLORS, PLACES, type FloatStyle } from '../capabilities/floating_messages/model';
import { author, CROWD, line, MIRA } from './sample_people';
import { ON_AIR_MS } from './sample_watching.svelte';

export interface ChatChoice {
  readonly chat?: 'usual' | 'long' | 'hard' | 'empty' | 'floating';
  readonly writing?: 'muted' | 'slow' | 'closed';
  /** Something was said that was not on screen. */
  readonly unread?: boolean;
}

const done = (): Promise<Outcome> => Promise.resolve({ ok: true });
const PAGE = 50;
const SLOW_MS = 10_000;

function usual(at: number, more: Partial<ChatMessage> = {}): ChatMessage {
  const { author: who, text, at_ms } = line(at);
  return {
    id: `message_${at}`, author: who, text, at_ms, state: 'stored', mine: who.name === 'ana', replyTo: null,
    mentions: ['ana'], mentionsMe: text.includes('@ana'), refusal: null, ...more,
  };
}

/** What tries a layout: long words, other directions, markup, links that aren't, every state. */
function hard(): ChatMessage[] {
  const texts: [string, Partial<ChatMessage>][] = [
    ['<img src=x onerror=alert(1)> <b>not bold</b> &amp; plain', {}],
    ['A'.repeat(180), {}],
    ['\u202Egnirts desrever a si siht\u202C and on', {}],
    ['مرحبا بالجميع، رابط: https://example.org/a_(b) نهاية', { author: author('noor', 'نور الهدى') }],
    ['javascript:alert(1) http://user@evil.example http://a.example/看这里', {}],
    ['这是一条非常长的中文消息，用来检查换行是否自然，标点不会出现在行首，而且不会把右侧的面板撑开，无论写多少字都应当如此。', { author: author('wang', '王建国') }],
    ['two\nlines\n\nand a gap', {}],
    ['gone', { state: 'deleted' }],
    ['Replying to something long', { replyTo: { id: 'message_390', authorName: 'Donaudampfschifffahrtsgesellschaftskapitän', text: 'What a sound when it cooled, and how long it went on, and then the second one' } }],
    ['And to something that is gone', { replyTo: { id: 'nothing', authorName: 'Jonas', text: null } }],
    ['this one is on its way', { state: 'pending', mine: true, author: author('ana', 'Ana Petrović') }],
    ['this one did not make it', { state: 'failed', mine: true, author: author('ana', 'Ana Petrović'), refusal: { reason: 'slow_mode', retryAfter_ms: 7_000 } }],
  ];
  return texts.map(([text, more], at) => usual(400 + at, { id: `hard_${at}`, text, author: CROWD[(at * 5 + 1) % CROWD.length] ?? MIRA, ...more }));
}

/** What is said in half a minute around now, most of it floating. */
function floating(): ChatMessage[] {
  const began_ms = Date.now() - ON_AIR_MS;
  return Array.from({ length: 140 }, (_, at) => {
    const media_ms = ON_AIR_MS - 14_000 + at * 210;
    return usual(at * 3, {
      id: `float_${at}`, at_ms: began_ms + Math.min(media_ms, ON_AIR_MS), mentionsMe: false,
      float: { style: { color: COLORS[at % 4 === 0 ? at % COLORS.length : 0] ?? COLORS[0], place: PLACES[at % 31 === 4 ? 1 : at % 37 === 9 ? 2 : 0] ?? 'scroll' }, media_ms },
    });
  });
}

function first(choice: ChatChoice): ChatMessage[] {
  const from = choice.chat === 'long' ? -2_000 : 370;
  const some = Array.from({ length: 400 - from }, (_, at) => usual(Math.abs(from + at), { id: `message_${from + at}`, at_ms: Date.now() - (400 - from - at) * 41_000 }));
  switch (choice.chat) {
    case 'empty': return [];
    case 'floating': return floating();
    case 'hard': return [...some.slice(0, 3), ...hard()];
    default: {
      const quoted = some.at(-6);
      return some.map((message, at) => (at === some.length - 3 && quoted
        ? { ...message, replyTo: { id: quoted.id, authorName: quoted.author.displayName, text: quoted.text } } : message));
    }
  }
}

export function sampleChat(choice: ChatChoice, session: SessionModel, hosting: boolean): ChatModel {
  const state = $state({
    messages: first(choice),
    older: (choice.chat === 'empty' || choice.chat === 'hard' ? 'none' : 'more') as ChatModel['older'],
    unreadFrom: null as string | null,
    unread: choice.unread === true,
    slowMode_ms: choice.writing === 'slow' ? SLOW_MS : 0,
    mayWriteAt_ms: choice.writing === 'slow' ? performance.now() + SLOW_MS : 0,
    moderating: true,
    hosting,
    floating: !('broadcast' in choice),
  });
  if (choice.chat === undefined) state.unreadFrom = state.messages.at(-4)?.id ?? null;
  let sent = 0;
  const opened_ms = performance.now();
  const put = (id: string, change: Partial<ChatMessage>) => {
    state.messages = state.messages.map((message) => (message.id === id ? { ...message, ...change } : message));
  };
  const settle = (id: string, to: MessageState) => setTimeout(() => put(id, { state: to, refusal: to === 'failed' ? { reason: 'disconnected' } : null }), 700);
  const model = Object.assign(state, {
    send(text: string, replyTo: string | null, style?: FloatStyle | null) {
      const me = session.me;
      if (!me) return;
      const quoted = state.messages.find((message) => message.id === replyTo);
      const id = `sent_${(sent += 1)}`;
      state.messages = [...state.messages, usual(0, {
        id, text, at_ms: Date.now(), author: { ...me, role: hosting ? 'host' : 'member' }, mine: true, state: 'pending',
        replyTo: quoted ? { id: quoted.id, authorName: quoted.author.displayName, text: quoted.text } : null,
        mentions: CROWD.map((one) => one.name), mentionsMe: false, ...(style ? { float: { style, media_ms: ON_AIR_MS + performance.now() - opened_ms } } : {}),
      })];
      if (state.slowMode_ms) state.mayWriteAt_ms = performance.now() + state.slowMode_ms;
      settle(id, text.includes('fail') ? 'failed' : 'stored');
    },
    retry(id: string) { put(id, { state: 'pending' }); settle(id, 'stored'); },
    discard(id: string) { state.messages = state.messages.filter((message) => message.id !== id); },
    loadOlder() {
      state.older = 'loading';
      setTimeout(() => {
        const before = state.messages.length;
        const more = Array.from({ length: PAGE }, (_, at) => usual(at, { id: `older_${before}_${at}`, at_ms: (state.messages[0]?.at_ms ?? 0) - (PAGE - at) * 60_000 }));
        state.messages = [...more, ...state.messages];
        state.older = before > 4_000 ? 'none' : 'more';
      }, 300);
    },
    markRead() {},
    remove(id: string) { put(id, { state: 'deleted' }); return done(); },
    mute: done, unmute: done, ban: done, putOut: done, report: done, unban: done, block: done, setModerator: done,
    setSlowMode(interval_ms: number) { state.slowMode_ms = interval_ms; return done(); },
    sanctions: () => Promise.resolve([
      { person: author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän'), is: 'muted' as const, until_ms: Date.now() + 400_000 },
      { person: author('max', 'Max'), is: 'banned' as const, until_ms: null },
    ]),
    peopleStartingWith: (prefix: string) => CROWD.filter((one) => !one.guest && `${one.name} ${one.displayName}`.toLowerCase().includes(prefix.toLowerCase())),
  });
  const writing = (): Writing => {
    if (choice.writing === 'muted') return { may: 'muted', until_ms: Date.now() + 540_000 };
    if (choice.writing === 'closed') return { may: 'closed' };
    return session.me ? { may: 'write' } : { may: 'sign_in' };
  };
  // What I may do follows from who I am, which can change while the page is open.
  return new Proxy(model, { get: (target, key) => (key === 'writing' ? writing() : Reflect.get(target, key)) }) as unknown as ChatModel;
}
