// One router of one mediasoup worker, for the load generator: requests and what answers them are JSON, one a line.
//   {"id":1,"method":"watch","data":{…}}  ->  {"id":1,"data":{…}} or {"id":1,"error":"…"}
// The first line says what the worker is: {"id":0,"data":{"worker":PID,"version":"…"}}.
// Session descriptions are the load generator's affair; here are mediasoup's own terms only.
import { createInterface } from 'node:readline';
import mediasoup from 'mediasoup';

// The header extensions that viewers understand; without transport-wide-cc nothing estimates bandwidth.
const extensions = JSON.parse(process.argv[2]);
const worker = await mediasoup.createWorker({ logLevel: 'none' });
worker.on('died', (error) => {
    console.error(`the worker died: ${error.message}`);
    process.exit(1);
});
const router = await worker.createRouter({
    mediaCodecs: [
        { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
        { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
    ],
});
const rtpCapabilities = {
    codecs: router.rtpCapabilities.codecs,
    headerExtensions: router.rtpCapabilities.headerExtensions.filter(({ uri }) => extensions.includes(uri)),
};
const producers = [];
const viewers = [];

const open = () => router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
const described = ({ iceParameters, iceCandidates, dtlsParameters }) => ({ iceParameters, iceCandidates, dtlsParameters });

const methods = {
    async publish({ dtlsParameters, streams }) {
        const transport = await open();
        await transport.connect({ dtlsParameters });
        for (const stream of streams) producers.push(await transport.produce(stream));
        return described(transport);
    },

    // Consumers begin paused, so that nothing is lost before the viewer's connection stands.
    async watch() {
        const transport = await open();
        const consume = ({ id }) => transport.consume({ producerId: id, rtpCapabilities, paused: true });
        const consumers = await Promise.all(producers.map(consume));
        const viewer = viewers.push({ transport, consumers }) - 1;
        const streams = consumers.map(({ kind, rtpParameters }) => ({ kind, rtpParameters }));
        return { viewer, transport: described(transport), streams };
    },

    async answer({ viewer, dtlsParameters }) {
        const { transport, consumers } = viewers[viewer];
        await transport.connect({ dtlsParameters });
        await Promise.all(consumers.map((consumer) => consumer.resume()));
    },

    async end() {
        producers.forEach((producer) => producer.close());
    },
};

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ id: 0, data: { worker: worker.pid, version: mediasoup.version } });
for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, data } = JSON.parse(line);
    methods[method](data).then(
        (data) => say({ id, data: data ?? null }),
        (error) => say({ id, error: String(error) }),
    );
}
worker.close();
