/** A conversation that is longer than a screen, a page and a connection. */
import { expect, type Page } from '@playwright/test';
import { test, type Cast } from './cast';
import { comeAsGuest, composer, log, row, say, texts } from './people';

/** More than the rows that are kept on the page at once, and than three pages of the history. */
const LINES = 330;
/** More than a snapshot brings, and than one page. */
const MISSED = 180;

/** Writes numbered lines into Ana's room as programs do: her own session, and moderators so that the pace allows it. */
async function write(host: Page, from: number, to: number): Promise<void> {
  await host.evaluate(async ([first, last]) => {
    const json = { 'content-type': 'application/json' };
    const post = async (path: string, body: unknown, token?: string) => {
      const answer = await fetch(`/api${path}`, {
        method: 'POST', body: JSON.stringify(body), ...(token === undefined ? { headers: json } : { credentials: 'omit', headers: { ...json, authorization: `Bearer ${token}` } }),
      });
      return await answer.json() as Record<string, unknown> & { kind?: string; retry_after_ms?: number };
    };
    const { id } = await (await fetch('/api/rooms/@ana')).json() as { id: string };
    const tokens: (string | undefined)[] = [undefined];
    for (let at = 0; at < 5; at += 1) {
      // Those who wrote before have their account already.
      await post('/accounts', { name: `writer${at}`, password: 'one line after another' });
      const session = await post('/session', { name: `writer${at}`, password: 'one line after another', program: true });
      const { token, me } = session as unknown as { token: string; me: { profile: { id: string } } };
      const made = await post(`/spaces/${id}/commands`, { kind: 'set_moderator', user: me.profile.id, moderator: true });
      if (made.kind !== 'done') throw new Error(JSON.stringify(made));
      tokens.push(token);
    }
    for (let line = first, turn = 0, refusals = 0; line <= last; turn += 1) {
      const answer = await post(`/spaces/${id}/commands`, { kind: 'send', text: `line ${line}`, nonce: `line-${line}` }, tokens[turn % tokens.length]);
      if (answer.kind === 'sent') {
        line += 1;
        refusals = 0;
      } else if (answer.kind !== 'limit') throw new Error(JSON.stringify(answer));
      // Everybody is out of breath: as long as the server says.
      else if ((refusals += 1) % tokens.length === 0) await new Promise((rested) => setTimeout(rested, answer.retry_after_ms ?? 250));
    }
  }, [from, to] as const);
}

const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

/** Scrolls to just below the top; says what is in view there, and how far below the edge. */
function nearTop(page: Page) {
  return log(page).evaluate((list) => {
    list.scrollTop = 300;
    const edge = list.getBoundingClientRect().top;
    const rows = [...list.querySelectorAll<HTMLElement>('[data-id]')];
    const seen = rows.find((one) => one.getBoundingClientRect().bottom > edge)!;
    return {
      first: rows[0]!.dataset.id!,
      firstText: rows[0]!.querySelector('.text')?.textContent,
      saysStart: list.textContent.includes('The conversation starts here'),
      id: seen.dataset.id!,
      top_px: seen.getBoundingClientRect().top - edge,
    };
  });
}

function placeOf(page: Page, id: string): Promise<number> {
  return log(page).evaluate((list, wanted) => {
    const found = list.querySelector(`[data-id="${wanted}"]`);
    return found ? found.getBoundingClientRect().top - list.getBoundingClientRect().top : Number.NaN;
  }, id);
}

const firstId = (page: Page) => log(page).locator('[data-id]').first().getAttribute('data-id');

async function inRoom({ host, bo, hearth }: Cast): Promise<void> {
  await host.goto(`${hearth.url}/@ana`);
  await expect(composer(host)).toBeVisible();
  await bo.goto('about:blank');
}

test('history is read back to its beginning, in order, each message once, and the reader keeps the place', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await inRoom(cast);
  await write(host, 1, LINES);
  await bo.goto(`${hearth.url}/@ana`);
  await expect(row(bo, `line ${LINES}`).last()).toBeVisible();
  const start = bo.getByText('The conversation starts here');
  const read = new Map<string, string>();
  const take = async () => {
    const page = await texts(bo);
    expect(new Set(page).size, 'each once').toBe(page.length);
    const numbers = page.map((text) => Number(text.slice(5)));
    expect(numbers, 'in order, without a gap').toEqual(lines(numbers[0]!, numbers[0]! + numbers.length - 1).map((text) => Number(text.slice(5))));
    for (const text of page) read.set(text, text);
  };
  await take();
  expect(read.size, 'only the newest at first').toBeLessThan(LINES);

  let pages = 0;
  for (;;) {
    const before = await nearTop(bo);
    if (before.firstText === 'line 1') break;
    expect(before.saysStart, 'the beginning is not announced before it').toBe(false);
    await expect.poll(() => firstId(bo), 'older ones come').not.toBe(before.first);
    await expect.poll(async () => Math.abs((await placeOf(bo, before.id)) - before.top_px), 'pixels that the text moved').toBeLessThan(2);
    await take();
    pages += 1;
    expect(pages, 'pages and slides until the beginning').toBeLessThan(30);
  }
  await take();
  await log(bo).evaluate((list) => { list.scrollTop = 0; });
  await expect(start).toBeVisible();
  expect(pages).toBeGreaterThanOrEqual(3);
  expect([...read.keys()].toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5)))).toEqual(lines(1, LINES));

  // What is said meanwhile doesn't pull the reader away, and the pill leads back to it.
  const place = await nearTop(bo);
  await say(host, 'and now the present');
  const pill = bo.getByRole('button', { name: /new message/ });
  await expect(pill).toBeVisible();
  await expect.poll(async () => Math.abs((await placeOf(bo, place.id)) - place.top_px)).toBeLessThan(2);
  await pill.click();
  await expect(row(bo, 'and now the present')).toBeInViewport();
});

test('what was said in a long absence is there on coming back, without a hole', async ({ cast }) => {
  const { host, guest, way, hearth } = cast;
  await inRoom(cast);
  await guest.goto(`${way.url}/@ana`);
  await comeAsGuest(guest, 'Traveller');
  await write(host, 1, 20);
  await expect.poll(() => texts(guest)).toEqual(lines(1, 20));
  way.cut();
  await expect(guest.getByText('Connection lost. Reconnecting…')).toBeVisible();
  await write(host, 21, 20 + MISSED);
  // Anew, the server remembers no stream to go on with: it sends what is newest, and the rest is read.
  await hearth.crash();
  way.mend();
  await expect.poll(() => texts(guest), { timeout: 40_000 }).toEqual(lines(1, 20 + MISSED));
});

test('the chat’s tab shows what was said while one looked at the people', async ({ cast }) => {
  const { host, bo, hearth } = cast;
  await inRoom(cast);
  await bo.goto(`${hearth.url}/@ana`);
  await expect(composer(bo)).toBeVisible();
  const tab = (name: RegExp) => bo.getByRole('tab', { name });
  await tab(/^People/).click();
  await expect(tab(/^Chat$/)).toBeVisible();
  await say(host, 'are you there?');
  await expect(tab(/^Chat new messages$/)).toBeVisible();
  await tab(/^Chat/).click();
  await expect(row(bo, 'are you there?')).toBeVisible();
  await tab(/^People/).click();
  await expect(tab(/^Chat$/)).toBeVisible();
});
