/** Cameras that send several sizes inside of one encoding (SVC), and viewers who get one of them. */
import { expect, type Page } from '@playwright/test';
import { test } from './cast';
import { composer } from './people';
import { keepPeers, received } from './received';

/** Sends a moving picture of 1280 × 720 by WHIP, in layers as a browser makes them. */
async function send(page: Page, url: string, key: string, codec: string, mode: string): Promise<void> {
  await page.evaluate(async ([url, key, codec, mode]) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [1_280, 720];
    const pen = canvas.getContext('2d')!;
    let frame = 0;
    setInterval(() => {
      frame += 1;
      pen.fillStyle = `hsl(${frame % 360} 60% 50%)`;
      pen.fillRect(0, 0, 1_280, 720);
      pen.fillStyle = 'white';
      pen.font = '200px sans-serif';
      pen.fillText(String(frame), 100 + (frame % 100) * 5, 400);
    }, 66);
    const peer = new RTCPeerConnection();
    const [track] = canvas.captureStream(15).getVideoTracks();
    const sender = peer.addTransceiver(track!, { direction: 'sendonly', sendEncodings: [{ scalabilityMode: mode, maxBitrate: 2_000_000 } as RTCRtpEncodingParameters] });
    sender.setCodecPreferences(RTCRtpSender.getCapabilities('video')!.codecs.filter((one) => one.mimeType === `video/${codec}` || one.mimeType === 'video/rtx'));
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(url!, { method: 'POST', body: peer.localDescription!.sdp, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/sdp' } });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    (globalThis as unknown as { sends: RTCPeerConnection }).sends = peer;
  }, [url, key, codec, mode]);
}

/** Chooses a quality in the menu of the stage. */
async function choose(page: Page, label: RegExp): Promise<void> {
  await page.locator('.stage').hover();
  await page.getByRole('button', { name: 'Quality' }).click();
  await page.getByRole('menuitemradio', { name: label }).click();
}

const height = (page: Page) => page.locator('.stage video').first().evaluate((video) => (video as HTMLVideoElement).videoHeight);

for (const [codec, mode] of [['VP9', 'L3T3_KEY'], ['VP9', 'L3T3'], ['AV1', 'L3T1_KEY']] as const) {
  test(`a viewer chooses among the sizes that one encoding holds: ${codec} ${mode}`, async ({ cast }) => {
    const { host, bo, guest, hearth } = cast;
    await keepPeers(bo);
    await host.goto(`${hearth.url}/@ana`);
    await expect(composer(host)).toBeVisible();
    const { secret, whip } = await host.evaluate(async () => {
      const made = await fetch('/api/rooms/@ana/stream-keys', { method: 'POST', body: '{"label":"browser"}', headers: { 'content-type': 'application/json' } });
      const { secret } = (await made.json()) as { secret: string };
      const { whip } = (await (await fetch('/api/rooms/@ana/stream-keys')).json()) as { whip: string };
      return { secret, whip };
    });
    await guest.goto(`${hearth.url}/sign-in`);
    await send(guest, whip, secret, codec, mode);
    await bo.goto(`${hearth.url}/@ana`);
    await expect.poll(() => height(bo), { timeout: 40_000, message: 'the largest' }).toBe(720);
    for (const [label, px] of [[/180p/, 180], [/720p/, 720], [/360p/, 360], [/720p/, 720]] as const) {
      const before = await received(bo);
      await choose(bo, label);
      // A machine with much to do passes for a narrow link for a while.
      await expect.poll(() => height(bo), { timeout: 40_000, message: `${px}p` }).toBe(px);
      const after = await received(bo);
      console.log(`${codec} ${mode}, to ${px}p: ${JSON.stringify(Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key as keyof typeof before]])))}`);
      expect(after.plis - before.plis, `the decoder had all it needed on the way to ${px}p`).toBe(0);
    }
    const before = await received(bo);
    await expect.poll(async () => (await received(bo)).decoded - before.decoded, { message: 'it goes on' }).toBeGreaterThan(30);
    const after = await received(bo);
    expect(after.nacks - before.nacks, 'no number is missed that was left out').toBeLessThan(10);
  });
}
