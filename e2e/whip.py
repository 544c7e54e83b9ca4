"""Speaks WHIP (RFC 9725) as another program would: whip.py URL KEY. Ends, and deletes what it made, when it is told to."""
import asyncio
import signal
import sys
from urllib.parse import urljoin

import aiohttp
import av
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.contrib.media import MediaPlayer

import pattern


class Pattern(VideoStreamTrack):
    async def recv(self) -> av.VideoFrame:
        pts, base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(pattern.draw(640, 360), "rgb24")
        frame.pts, frame.time_base = pts, base
        return frame


async def main(url: str, key: str) -> None:
    peer = RTCPeerConnection()
    peer.addTransceiver(Pattern(), direction="sendonly")
    peer.addTransceiver(MediaPlayer("sine=frequency=440:sample_rate=48000", format="lavfi").audio, direction="sendonly")
    await peer.setLocalDescription(await peer.createOffer())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=peer.localDescription.sdp, headers=headers) as answer:
            text = await answer.text()
            print("answered", answer.status, flush=True)
            if answer.status != 201:
                sys.exit(text)
            assert answer.headers["ETag"], "an answer has an entity tag"
            resource = urljoin(url, answer.headers["Location"])
        await peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        await stop.wait()
        async with session.delete(resource, headers={"Authorization": f"Bearer {key}"}) as answer:
            print("deleted", answer.status, flush=True)
    await peer.close()


asyncio.run(main(*sys.argv[1:]))
