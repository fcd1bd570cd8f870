/** What never becomes a request (broken HTTP, endless headers) is answered like every other mistake; then the line is cut. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, newId, type ProblemCode, systemClock } from '../shared/index.ts';
import { SECURITY_HEADERS } from './headers.ts';
import { problemResponse } from './problem.ts';

/** What Node says of a connection that it gives up; everything else is malformed. */
const CODES: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'REQUEST_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TOO_SLOW',
};

/** For the `clientError` event of the server. */
export function refuseBrokenHttp(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable) return;
  const answer = problemResponse(
    new AppError(CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED'),
    newId(systemClock.now()),
  );
  void answer.text().then((body) => {
    const head = [
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    for (const [name, value] of [...answer.headers, ...Object.entries(SECURITY_HEADERS)])
      head.push(`${name}: ${value}`);
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}
