/** Opening the port: what a client may take its time for, and how much it may send before it is a request. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { AppError } from '../shared/index.ts';
import { refuseBrokenHttp } from './broken-http.ts';
import { type OrderlyEnd, orderlyEnd } from './orderly-end.ts';

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

export interface RunningServer extends OrderlyEnd {
  readonly port: number;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const HEADERS_TIMEOUT_MS = 10_000;
/** An open connection without a request. Longer than the proxies in front keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** Nothing moved in either direction: a client that does not fetch its answer. */
const SILENCE_MS = 120_000;

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
  const end = orderlyEnd(server);
  await new Promise<void>((ready, failed) => {
    server.once('listening', ready);
    server.once('error', (cause: NodeJS.ErrnoException) => failed(unavailable(host, port, cause)));
    server.listen(socket === undefined ? { host, port } : { fd: socket });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    ...end,
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
