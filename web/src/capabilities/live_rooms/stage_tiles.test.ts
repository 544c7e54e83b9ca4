import { describe, expect, it } from 'vitest';
import type { Publisher, Source } from '../../protocol/generated/types';
import { tilesOf, type Around } from './stage_tiles';

const publisher = (user: string, sources: Source[], muted?: Source[]): Publisher => ({
  user, leg: `leg_${user}`, via: 'browser', tracks: sources.map((source) => ({ id: `${user}_${source}`, source, codec: 'VP8', layers: [] })), ...(muted ? { muted } : {}),
});
const around: Around = { nameOf: (user) => user.toUpperCase(), speaker: null, flows: () => true };
const short = (tiles: ReturnType<typeof tilesOf>) => tiles.map((one) => `${one.key}${one.picture ? '' : ' dark'}${one.silent ? ' silent' : ''}${one.own ? ' own' : ''}${one.speaking ? ' speaking' : ''}`);

describe('the tiles of a stage', () => {
  it('nobody has none', () => expect(tilesOf([], null, around)).toEqual([]));
  it('each has one, the host first', () => {
    expect(short(tilesOf([publisher('mira', ['camera', 'microphone']), publisher('ana', ['microphone'])], null, around))).toEqual(['mira', 'ana dark']);
  });
  it('one who shows a screen without a camera is heard with it, and has no face beside it', () => {
    const [only, ...rest] = tilesOf([publisher('mira', ['screen', 'screen_audio', 'microphone'])], null, around);
    expect(rest).toEqual([]);
    expect(only?.sources).toEqual(['screen', 'screen_audio', 'microphone']);
  });
  it('a guest’s screen comes before the host’s face, and everybody keeps theirs', () => {
    const tiles = tilesOf([publisher('mira', ['camera', 'microphone']), publisher('ana', ['screen', 'microphone'])], null, around);
    expect(short(tiles)).toEqual(['ana screen', 'mira', 'ana dark']);
    // Nobody is heard twice.
    expect(tiles.flatMap((one) => one.sources.map((source) => `${one.user} ${source}`)).filter((one) => one === 'ana microphone')).toHaveLength(1);
  });
  it('says who can’t be heard, and shows no picture that a moderator turned off', () => {
    expect(short(tilesOf([publisher('mira', ['camera', 'microphone'], ['microphone', 'camera']), publisher('ana', ['camera'])], null, around))).toEqual(['mira dark silent', 'ana silent']);
  });
  it('nobody speaks with a microphone that is off', () => {
    const publishers = [publisher('mira', ['microphone'], ['microphone']), publisher('ana', ['microphone'])];
    expect(short(tilesOf(publishers, null, { ...around, speaker: 'mira' }))).toEqual(['mira dark silent', 'ana dark']);
    expect(short(tilesOf(publishers, null, { ...around, speaker: 'ana' }))).toEqual(['mira dark silent', 'ana dark speaking']);
  });
  it('I see myself from my own camera, also before the server knows of me, and in my place once it does', () => {
    const own = { user: 'ana', camera: true, screen: false, silent: true };
    expect(short(tilesOf([publisher('mira', ['camera', 'microphone'])], own, around))).toEqual(['mira', 'ana silent own']);
    expect(short(tilesOf([publisher('ana', ['microphone']), publisher('lin', ['microphone'])], own, around))).toEqual(['ana silent own', 'lin dark']);
  });
  it('a picture that has not come is none', () => {
    expect(short(tilesOf([publisher('mira', ['camera', 'microphone'])], null, { ...around, flows: () => false }))).toEqual(['mira dark']);
  });
});
