import { describe, expect, it } from 'vitest';
import { previewAt, PREVIEWS_MAX, previewsOf } from './previews';

const index = '/videos/video_1/pass/previews.vtt';
const cue = (from: string, to: string, part: string) => `${from} --> ${to}\n${part}\n\n`;

describe('the previews of a film', () => {
  const all = previewsOf(`WEBVTT\n\n${cue('00:00:00.000', '00:00:05.000', 'sprites.jpg#xywh=0,0,160,90')}${cue('00:05.000', '00:10.500', 'sprites.jpg#xywh=160,0,160,90')}${cue('01:00:00.000', '01:00:05.000', 'more.jpg#xywh=pixel:0,90,160,90')}`, index);

  it('are parts of pictures beside the index', () => {
    expect(all).toEqual([
      { from_ms: 0, to_ms: 5_000, picture: '/videos/video_1/pass/sprites.jpg', x: 0, y: 0, width: 160, height: 90 },
      { from_ms: 5_000, to_ms: 10_500, picture: '/videos/video_1/pass/sprites.jpg', x: 160, y: 0, width: 160, height: 90 },
      { from_ms: 3_600_000, to_ms: 3_605_000, picture: '/videos/video_1/pass/more.jpg', x: 0, y: 90, width: 160, height: 90 },
    ]);
  });

  it('are found by time', () => {
    expect([-1, 0, 4_999, 5_000, 60_000, 9_999_999].map((at) => previewAt(all, at)?.from_ms ?? null)).toEqual([null, 0, 0, 5_000, 5_000, 3_600_000]);
    expect(previewAt([], 0)).toBeNull();
  });

  it('take nothing that is no preview, and nothing of another origin', () => {
    expect(previewsOf(`WEBVTT\n\n${cue('00:00.000', '00:05.000', 'A line of talk')}${cue('00:00.000', '00:05.000', 'https://evil.example/s.jpg#xywh=0,0,1,1')}${cue('x', '00:05.000', 's.jpg#xywh=0,0,1,1')}${cue('00:00.000', '00:05.000', 's.jpg#xywh=0,0,0,90')}`, index)).toEqual([]);
    expect(previewsOf('', index)).toEqual([]);
  });

  it(`are no more than ${PREVIEWS_MAX}`, () => {
    const one = cue('00:00.000', '00:05.000', 's.jpg#xywh=0,0,1,1');
    expect(previewsOf(one.repeat(PREVIEWS_MAX + 1), index)).toHaveLength(PREVIEWS_MAX);
  });
});
