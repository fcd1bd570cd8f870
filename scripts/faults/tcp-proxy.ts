/** A TCP proxy on the loopback between us and a service, which can be made slow, lossy or deaf while connections are open. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Weather {
  /** Added to every piece of an answer, milliseconds. */
  readonly latencyMs?: number;
  /** Of answers, all connections together. */
  readonly bytesPerSecond?: number;
  /**
   * The share (0–1) of answers that get lost: the service has read the request and done the work, the answer is thrown away and
   * the connection reset.
   */
  readonly lostAnswers?: number;
  /** Only answers to requests that begin like this can get lost (`PUT `); default: all. */
  readonly lostOnlyAfter?: string;
  /** New connections are reset, open ones too. */
  readonly unreachable?: boolean;
}

export interface TcpProxy {
  readonly port: number;
  /** Answers thrown away since it was opened. */
  lost(): number;
  /** Replaces the weather; `{}` is fine weather. */
  set(weather: Weather): void;
  /** Resets every connection and stops listening. */
  close(): Promise<void>;
}

/** `chance`: 0 ≤ x < 1, decides which answers get lost. */
export async function openTcpProxy(upstream: { port: number }, chance: () => number): Promise<TcpProxy> {
  let weather: Weather = {};
  let lost = 0;
  let freeAt = 0;
  const pairs = new Set<() => void>();
  const sockets = new Set<Socket>();

  /** When a piece of an answer may go on; pieces of all connections share the bandwidth. */
  const departure = (bytes: number): number => {
    const now = performance.now();
    const { latencyMs = 0, bytesPerSecond } = weather;
    if (bytesPerSecond === undefined) return now + latencyMs;
    freeAt = Math.max(freeAt, now) + (bytes * 1000) / bytesPerSecond;
    return freeAt + latencyMs;
  };

  const server = createServer({ noDelay: true }, (client) => {
    if (weather.unreachable === true) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const service = connect({ port: upstream.port, host: '127.0.0.1', noDelay: true });
    const reset = (): void => {
      pairs.delete(reset);
      client.resetAndDestroy();
      service.resetAndDestroy();
    };
    pairs.add(reset);
    for (const socket of [client, service]) sockets.add(socket.once('close', () => sockets.delete(socket)));
    let mayLose = false;
    client.on('data', (piece: Buffer) => {
      const { lostAnswers = 0, lostOnlyAfter = '' } = weather;
      // A body that follows its head in a piece of its own does not take the decision back; the answer does.
      if (lostAnswers > 0 && piece.subarray(0, lostOnlyAfter.length).toString('latin1') === lostOnlyAfter) {
        mayLose = chance() < lostAnswers;
      }
      if (!service.write(piece)) pauseUntilDrained(client, service);
    });
    const answers = createDelayedWriter(client, service, departure);
    service.on('data', (piece: Buffer) => {
      if (mayLose) {
        lost += 1;
        reset();
        return;
      }
      answers.write(piece);
    });
    client.on('end', () => service.end());
    service.on('end', () => answers.end());
    for (const socket of [client, service]) socket.on('error', reset).on('close', () => pairs.delete(reset));
    client.on('close', () => service.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    port,
    lost: () => lost,
    set: (next) => {
      weather = next;
      freeAt = 0;
      if (next.unreachable === true) for (const reset of pairs) reset();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Hands pieces on in their order, each not before its departure; the sender waits while the receiver does not read. */
function createDelayedWriter(to: Socket, from: Socket, departure: (bytes: number) => number) {
  const queue: { readonly when: number; readonly deed: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const pump = (): void => {
    timer = undefined;
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const delay = head.when - performance.now();
      if (delay > 0) {
        timer = setTimeout(pump, delay);
        return;
      }
      queue.shift();
      head.deed();
    }
  };
  const push = (when: number, deed: () => void): void => {
    queue.push({ when, deed });
    if (timer === undefined) pump();
  };
  return {
    write: (piece: Buffer) =>
      push(departure(piece.length), () => {
        if (!to.destroyed && !to.write(piece)) pauseUntilDrained(from, to);
      }),
    // Once all is written: a receiver that does not read any more must not keep it open.
    end: () => push(0, () => to.destroySoon()),
  };
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause();
  to.once('drain', () => from.resume());
}
