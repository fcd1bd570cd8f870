/** The authority on a local port, for outside tools and for `antin dev-pki --serve`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Authority } from './types.ts';

const MAX_REQUEST_BYTES = 64 * 1024;

export interface RunningAuthority {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1. The port defaults to that of the base URL, which its certificates name; on another port they can be
 * found only by whoever is told.
 */
export async function serveAuthority(authority: Authority, options: { port?: number } = {}): Promise<RunningAuthority> {
  const server = createServer((request, response) => {
    answer(authority, request, response).catch(() => response.writeHead(500).end());
  });
  const base = new URL(authority.baseUrl);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(options.port ?? Number(base.port || 80), '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}${base.pathname.replace(/\/$/, '')}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

async function answer(authority: Authority, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    response.writeHead(413).end();
    return;
  }
  const prefix = new URL(authority.baseUrl).pathname.replace(/\/$/, '');
  const url = request.url ?? '/';
  const path = url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : '';
  const { status, contentType, body: bytes } = await authority.answer({ method: request.method ?? 'GET', path, body });
  response.writeHead(status, {
    'content-type': contentType ?? 'application/octet-stream',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_REQUEST_BYTES) return undefined;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts, length));
}
