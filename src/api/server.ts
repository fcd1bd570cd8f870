/** Opening the port: what a client may take its time for, and how much it may send before it is a request. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { AppError } from '../shared/index.ts';
import { refuseBrokenHttp } from './broken-http.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The descriptor of a listening socket that who started this process keeps open; instead of `host` and `port`. */
  readonly socket?: number | undefined;
  /** The whole body of a request must arrive within this time. */
  readonly bodyTimeoutMs: number;
  /** All headers of a request must arrive within this time. Default 10 s. */
  readonly headersTimeoutMs?: number;
}

export interface RunningServer {
  readonly port: number;
  /**
   * From now on every answer ends its connection: who comes next opens a new one, with a process that stays.
   * @returns when all connections that are open now have ended, each with an answer or by its client: nobody is cut off who is
   *   just sending a request over an idle one. That may take as long as a client keeps a connection.
   */
  leave(): Promise<void>;
  /** Takes no new connection, ends idle ones, lets running requests end, at most `graceMs`; then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const HEADERS_TIMEOUT_MS = 10_000;
/** An open connection without a request. Longer than the proxies in front keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** Nothing moved in either direction: a client that does not fetch its answer. */
const SILENCE_MS = 120_000;
/** Of the event loop, each of which takes in one connection: as many as the system lets wait. */
const MOST_TURNS = 511;
const SHORT_TURN_MS = 0.5;

/** @returns when the port is open. @throws PORT_UNAVAILABLE if it cannot be (in use, not allowed, not an address of this machine). */
export async function openServer(
  app: { readonly fetch: (request: Request, ...rest: never[]) => Response | Promise<Response> },
  { host, port, socket, bodyTimeoutMs, headersTimeoutMs = HEADERS_TIMEOUT_MS }: ServerOptions,
): Promise<RunningServer> {
  const server = createAdaptorServer({
    fetch: app.fetch as Parameters<typeof createAdaptorServer>[0]['fetch'],
    serverOptions: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      // Those who read the body answer first, in words; this is for what nobody reads.
      requestTimeout: bodyTimeoutMs + headersTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs / 2),
    },
  }) as Server;
  server.maxHeadersCount = MAX_HEADERS;
  server.setTimeout(SILENCE_MS);
  server.on('clientError', refuseBrokenHttp);
  let arrived = 0;
  const open = new Map<Socket, Promise<void>>();
  server.on('connection', (socket: Socket) => {
    arrived += 1;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    open.set(socket, ended);
    socket.once('close', () => {
      open.delete(socket);
      resolve();
    });
  });
  let leaving = false;
  const unanswered = new Set<ServerResponse>();
  server.prependListener('request', (_request, response) => {
    arrived += 1;
    if (leaving) response.setHeader('connection', 'close');
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
  });
  const leave = async (): Promise<void> => {
    leaving = true;
    for (const response of unanswered) if (!response.headersSent) response.setHeader('connection', 'close');
    await Promise.all(open.values());
  };
  /**
   * Closing the port resets the connections that wait at it (unless somebody else keeps the socket open), and closing an idle
   * connection the request that was just sent over it. So first everything that has arrived is taken in: until a turn of the event
   * loop brings nothing, and is too short for anything to have come meanwhile.
   */
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const before = { arrived, at: performance.now() };
      await new Promise((resolve) => setImmediate(resolve));
      if (arrived === before.arrived && performance.now() - before.at < SHORT_TURN_MS) return;
    }
  };
  await new Promise<void>((ready, failed) => {
    server.once('listening', ready);
    server.once('error', (cause: NodeJS.ErrnoException) => failed(unavailable(host, port, cause)));
    server.listen(socket === undefined ? { host, port } : { fd: socket });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    leave,
    close: async (graceMs = 10_000) => {
      void leave();
      await quiet();
      const closed = new Promise<void>((done) => server.close(() => done()));
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function unavailable(host: string, port: number, cause: NodeJS.ErrnoException): AppError {
  const place = `${host}:${port}`;
  const why = cause.code ?? 'error';
  return new AppError('PORT_UNAVAILABLE', {
    detail: { vi: `Không mở được cổng ${place} (${why})`, en: `The port ${place} cannot be opened (${why})` },
    cause,
  });
}
