/** Which of the palette's voices somebody has: the same one everywhere and for ever. */
export const VOICES = 8;

/** FNV-1a over the id, so that neighbours in time don't share a colour. */
export function voiceOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0) % VOICES;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The first letter that has a shape: a name may start with marks that only steer direction. */
export function initialOf(name: string): string {
  for (const { segment } of graphemes.segment(name.normalize('NFC'))) {
    if (/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(segment)) return segment.toLocaleUpperCase();
  }
  return '·';
}
