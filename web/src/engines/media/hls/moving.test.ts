import { describe, expect, it } from 'vitest';
import { underPass } from './moving';

describe('a file of a film', () => {
  it.each([
    ['https://hearth.example/videos/video_1/old.pass/720/4.m4s', '/videos/video_1/new-pass/index.m3u8', 'https://hearth.example/videos/video_1/new-pass/720/4.m4s'],
    ['/videos/video_1/old/index.m3u8', '/videos/video_1/new/index.m3u8', '/videos/video_1/new/index.m3u8'],
    // Of another film, and of nothing with a pass.
    ['https://hearth.example/videos/video_2/old/4.m4s', '/videos/video_1/new/index.m3u8', 'https://hearth.example/videos/video_2/old/4.m4s'],
    ['https://hearth.example/live/room/4.m4s', '/videos/video_1/new/index.m3u8', 'https://hearth.example/live/room/4.m4s'],
    ['/videos/video_1/old/4.m4s', '/live/index.m3u8', '/videos/video_1/old/4.m4s'],
  ])('%s is asked for under %s', (file, present, wanted) => {
    expect(underPass(file, present)).toBe(wanted);
  });
});
