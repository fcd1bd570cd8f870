/** What never becomes a request (broken HTTP, endless headers) is answered like every other mistake; then the line is cut. */
import type { Duplex } from 'node:stream';
import { AppError, newId, systemClock } from '../shared/index.ts';
import { problemResponse } from './problem.ts';

/** For the `clientError` event of the server. */
export function refuseBrokenHttp(_error: Error, socket: Duplex): void {
  if (!socket.writable) return;
  const answer = problemResponse(new AppError('REQUEST_MALFORMED'), newId(systemClock.now()));
  void answer.text().then((body) => {
    const head = ['HTTP/1.1 400 Bad Request', 'connection: close', `content-length: ${Buffer.byteLength(body)}`];
    for (const [name, value] of answer.headers) head.push(`${name}: ${value}`);
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}
