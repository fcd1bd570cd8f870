/** Bytes that are not even HTTP get the same kind of answer as every other mistake. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refuseBrokenHttp } from '../../src/api/index.ts';

const server = createServer((_request, response) => response.end('fine')).on('clientError', refuseBrokenHttp);

beforeAll(() => new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready)));
afterAll(() => new Promise((closed) => server.close(closed)));

function send(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
  });
}

test.each([
  ['no HTTP at all', '\x00\x01\x02 hello\r\n\r\n'],
  ['an unknown version', 'GET / HTTP/9.9\r\n\r\n'],
  ['two different lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello'],
  [
    'endless headers',
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`,
    431,
    'REQUEST_HEADERS_TOO_LARGE',
  ],
])('%s', async (_name, bytes, status = 400, code = 'REQUEST_MALFORMED') => {
  const [head, body] = (await send(bytes)).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toContain('x-content-type-options: nosniff');
  expect(head).toContain('application/problem+json');
  expect(JSON.parse(body ?? '')).toMatchObject({
    code,
    vi: expect.any(String),
    en: expect.any(String),
  });
});
