/**
 * What a message's text is made of. A message is never markup: this cuts it into pieces of plain
 * text, links and mentions, and the view makes an element of each.
 */
export type Piece =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'link'; readonly text: string; readonly href: string }
  | { readonly is: 'mention'; readonly text: string; readonly name: string };

// A link ends before space, quotes, angle brackets, CJK text and its punctuation (which follow links
// without a space), and before controls of direction, which could make it read as another address.
const LINK = /https?:\/\/[^\s<>"'`\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+/gi;
const MENTION = /(^|[^\p{L}\p{N}_.@/-])@([\p{L}\p{N}_][\p{L}\p{N}_.-]{0,31})/gu;

function withoutTrailingPunctuation(link: string): string {
  let end = link.length;
  while (end > 0) {
    const last = link[end - 1] ?? '';
    if (/[.,;:!?*_~]/.test(last)) end -= 1;
    else if (last === ')' && !link.slice(0, end).includes('(')) end -= 1;
    else if (last === ']' && !link.slice(0, end).includes('[')) end -= 1;
    else break;
  }
  return link.slice(0, end);
}

/** The address a link leads to, or null for what only looks like one. */
export function linkTarget(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  // A name before the host makes one address look like another.
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '') return null;
  return url.href;
}

function withMentions(text: string, names: ReadonlySet<string>, out: Piece[]): void {
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    const at = match.index + (match[1]?.length ?? 0);
    let name = match[2] ?? '';
    // "thanks @ana." mentions ana.
    while (!names.has(name.toLowerCase()) && /[.-]$/.test(name)) name = name.slice(0, -1);
    if (!names.has(name.toLowerCase())) continue;
    if (at > from) out.push({ is: 'text', text: text.slice(from, at) });
    out.push({ is: 'mention', text: `@${name}`, name });
    from = at + 1 + name.length;
  }
  if (from < text.length) out.push({ is: 'text', text: text.slice(from) });
}

/** The pieces in order; joined, their texts are the message's text again. */
export function pieces(text: string, mentions: readonly string[]): Piece[] {
  const names = new Set(mentions.map((name) => name.toLowerCase()));
  const out: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutTrailingPunctuation(match[0]);
    const href = linkTarget(link);
    if (href === null) continue;
    withMentions(text.slice(from, match.index), names, out);
    out.push({ is: 'link', text: link, href });
    from = match.index + link.length;
  }
  withMentions(text.slice(from), names, out);
  return out;
}

/** The beginning of a mention that is being typed right before the caret, without its `@`; null if there is none. */
export function mentionBeingTyped(text: string, caret: number): string | null {
  const match = /(?:^|[^\p{L}\p{N}_.@/-])@([\p{L}\p{N}_.-]{0,31})$/u.exec(text.slice(0, caret));
  return match ? (match[1] ?? '') : null;
}
