/** Bodies that come too slowly, never, or break off: a real server on a real socket. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerType, serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { everythingKept, refusalOf } from './support.ts';

const running = useAntin({ jobs: false, bodyTimeoutMs: 500 });
let server: ServerType;

beforeAll(async () => {
  server = serve({ fetch: running().antin.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
});
afterAll(async () => {
  await new Promise((done) => server.close(done));
});

/** A connection on which the head of a POST has been sent. */
async function begin(...headers: string[]): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  // A server that refuses may close while we still write; what it said before counts.
  socket.on('error', () => undefined);
  const head = [
    'POST /v1/documents HTTP/1.1',
    'host: localhost',
    `authorization: Bearer ${running().hospital.keys.intake}`,
    ...headers,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return socket;
}

/** What comes back until the server closes the connection. */
async function answerOn(socket: Socket): Promise<Response> {
  const received: Buffer[] = [];
  socket.on('data', (bytes) => received.push(bytes));
  await new Promise((closed) => socket.once('close', closed));
  const [head = '', ...rest] = Buffer.concat(received).toString('utf8').split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = new Headers(fields.map((field) => field.split(/: */, 2) as [string, string]));
  const body = rest.join('\r\n\r\n');
  // Chunks, if the body came in some: their lengths stand on lines of their own.
  const plain = headers.has('transfer-encoding') ? body.replace(/^[0-9a-f]+\r\n/gm, '').replace(/\r\n/g, '') : body;
  return new Response(plain, { status: Number(line.split(' ')[1]), headers });
}

/** Writes piece after piece until the other side answers. */
async function drip(socket: Socket, piece: string, everyMs: number): Promise<void> {
  while (socket.writable && socket.bytesRead === 0) {
    socket.write(piece);
    await pause(everyMs);
  }
}

const JSON_TYPE = 'content-type: application/json';
const FORM_TYPE = 'content-type: multipart/form-data; boundary=x';

const SLOW: { name: string; headers: string[]; begin?: string; piece?: string }[] = [
  { name: 'a body that is announced and never sent', headers: [JSON_TYPE, 'content-length: 100'] },
  { name: 'a body that stops in the middle', headers: [JSON_TYPE, 'content-length: 100'], begin: '{"type":' },
  { name: 'a body of one blank now and then', headers: [JSON_TYPE, 'content-length: 100000'], piece: ' ' },
  { name: 'chunks that never end', headers: [JSON_TYPE, 'transfer-encoding: chunked'], piece: '1\r\n \r\n' },
  { name: 'chunks of which the first never comes', headers: [JSON_TYPE, 'transfer-encoding: chunked'] },
  {
    name: 'a file that comes drop by drop',
    headers: [FORM_TYPE, 'content-length: 100000'],
    begin: '--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n',
    piece: '0',
  },
  {
    name: 'with an Idempotency-Key, which stays free',
    headers: [JSON_TYPE, 'idempotency-key: slow', 'content-length: 10'],
    begin: '{',
  },
];

describe('slow body', () => {
  test.each(SLOW)('$name', async ({ headers, begin: first, piece }) => {
    const before = await everythingKept(running());
    const socket = await begin(...headers);
    if (first !== undefined) socket.write(first);
    const [answer] = await Promise.all([answerOn(socket), piece === undefined ? undefined : drip(socket, piece, 20)]);
    const problem = await refusalOf(answer);
    expect({ status: answer.status, code: problem.code }).toEqual({ status: 408, code: 'REQUEST_TOO_SLOW' });
    expect(await everythingKept(running())).toEqual(before);
  });
});

test('a body without end and without length is refused when it is too large, not when it ends', async () => {
  const before = await everythingKept(running());
  const socket = await begin(JSON_TYPE, 'transfer-encoding: chunked');
  const [answer] = await Promise.all([answerOn(socket), drip(socket, `80000\r\n${' '.repeat(0x80000)}\r\n`, 1)]);
  expect((await refusalOf(answer)).code).toBe('REQUEST_TOO_LARGE');
  expect(await everythingKept(running())).toEqual(before);
});

describe('broken connections', () => {
  const whole = () => JSON.stringify(dischargeCertificate(running()));
  test.each([
    ['reset in the middle of the body', (socket: Socket) => socket.resetAndDestroy()],
    ['closed in the middle of the body', (socket: Socket) => socket.destroy()],
    ['half-closed in the middle of the body', (socket: Socket) => socket.end()],
  ])('%s: nothing is kept, and the server goes on', async (_, breakOff) => {
    const before = await everythingKept(running());
    const body = whole();
    const socket = await begin(JSON_TYPE, `content-length: ${Buffer.byteLength(body)}`);
    socket.write(body.slice(0, 200));
    await pause(50);
    breakOff(socket);
    await pause(800); // longer than a body may take
    expect(await everythingKept(running())).toEqual(before);

    const next = await begin(JSON_TYPE, 'connection: close', `content-length: ${Buffer.byteLength(body)}`);
    next.write(body);
    expect((await answerOn(next)).status).toBe(201);
  });
});
