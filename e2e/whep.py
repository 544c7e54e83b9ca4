"""Speaks WHEP as another player would: whep.py URL. Prints how old each frame is that can be read, and how much it hears."""
import asyncio
import sys
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription

import pattern


async def watch(track) -> None:
    heard = 0
    while True:
        frame = await track.recv()
        if track.kind == "audio":
            heard += 1
            if heard % 50 == 0:
                print("heard", heard, flush=True)
        elif (age := pattern.age_ms(frame.to_ndarray(format="gray"))) is not None:
            print("age_ms", age, flush=True)


async def main(url: str) -> None:
    peer = RTCPeerConnection()
    peer.addTransceiver("video", direction="recvonly")
    peer.addTransceiver("audio", direction="recvonly")
    peer.on("track", lambda track: asyncio.ensure_future(watch(track)))
    await peer.setLocalDescription(await peer.createOffer())
    async with aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/sdp"}
        async with session.post(url, data=peer.localDescription.sdp, headers=headers) as answer:
            text = await answer.text()
            print("answered", answer.status, flush=True)
            if answer.status != 201:
                sys.exit(text)
            resource = urljoin(url, answer.headers["Location"])
        await peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        await asyncio.sleep(30)
        async with session.delete(resource) as answer:
            print("deleted", answer.status, flush=True)
    await peer.close()


asyncio.run(main(*sys.argv[1:]))
