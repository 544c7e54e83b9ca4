import { expect, test } from 'vitest';
import { recordableFirst, redundantFirst } from './publisher';

const codec = (mimeType: string, sdpFmtpLine?: string) => ({ mimeType, ...(sdpFmtpLine === undefined ? {} : { sdpFmtpLine }) });

test('H.264 comes first, of its kinds the one that every browser decodes, then VP8, and nothing is lost', () => {
  const best = codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f');
  const single = codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f');
  const main = codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f');
  const [vp8, av1, rtx] = [codec('video/VP8'), codec('video/AV1'), codec('video/rtx')];
  expect(recordableFirst([vp8, rtx, main, single, best, av1])).toEqual([best, main, single, vp8, rtx, av1]);
});

test('a browser without H.264 sends VP8', () => {
  expect(recordableFirst([codec('video/AV1'), codec('video/VP8')]).map((one) => one.mimeType)).toEqual(['video/VP8', 'video/AV1']);
});

test('redundant sound comes first, and nothing is lost', () => {
  expect(redundantFirst([codec('audio/opus'), codec('audio/red'), codec('audio/CN')]).map((one) => one.mimeType)).toEqual(['audio/red', 'audio/opus', 'audio/CN']);
});
