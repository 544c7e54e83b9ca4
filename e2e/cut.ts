/** A way to the server that can be cut in the middle: what a dropped network does to everything over TCP. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Way {
  readonly url: string;
  /** Ends every connection, and lets none through until `mend`. */
  cut(): void;
  mend(): void;
  /** Lets through so many bytes a second on their way to the server, on each connection; null: as many as come. */
  slow(bytes_per_s: number | null): void;
  /** Connections let through so far. */
  readonly opened: () => number;
  close(): Promise<void>;
}

export async function wayTo(port: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let open = true;
  let opened = 0;
  let pace: number | null = null;
  const server = createServer((near) => {
    if (!open) {
      near.destroy();
      return;
    }
    opened += 1;
    const far = connect(port, '127.0.0.1');
    near.on('data', (piece: Buffer) => {
      const roomy = far.write(piece);
      if (roomy && pace === null) return;
      near.pause();
      const wait_ms = pace === null ? 0 : (piece.length * 1_000) / pace;
      setTimeout(() => { if (roomy) near.resume(); else far.once('drain', () => near.resume()); }, wait_ms);
    });
    near.on('end', () => far.end());
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      if (one === far) one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: here } = server.address() as { port: number };
  const drop = () => { for (const socket of sockets) socket.destroy(); };
  return {
    url: `http://localhost:${here}`,
    cut() { open = false; drop(); },
    mend() { open = true; },
    slow(bytes_per_s) { pace = bytes_per_s; },
    opened: () => opened,
    async close() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
