/** What the store may say or leave unsaid, played by a server that speaks just enough S3. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createS3Archive, createS3Client, createS3WorkStore, type S3Client } from '../../src/platform/storage/index.ts';
import { systemClock } from '../../src/shared/index.ts';

type Play = (request: IncomingMessage, response: ServerResponse) => void;

let play: Play;
let requests: string[];
let server: ReturnType<typeof createServer>;
let client: S3Client;
let settings: Parameters<typeof createS3Client>[0];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => play(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  settings = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKey: 'key',
    secretKey: 'secret',
    archiveBucket: 'archive',
    workBucket: 'work',
  };
  client = createS3Client(settings, { silenceMs: 300, wholeMs: 600 });
});
afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const say =
  (status: number, code: string): Play =>
  (_request, response) =>
    void response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
const bytes = new TextEncoder().encode('%PDF-1.7');
const put = () => createS3WorkStore(settings, { client }).put('f/d/1', bytes);

describe('a store over the network', () => {
  test.each([
    [507, 'XMinioStorageFull', 'STORE_FULL'],
    [403, 'QuotaExceeded', 'STORE_FULL'],
    [500, 'InternalError', 'STORE_UNAVAILABLE'],
    [502, 'BadGateway', 'STORE_UNAVAILABLE'],
    [503, 'SlowDown', 'STORE_UNAVAILABLE'],
    [429, 'TooManyRequests', 'STORE_UNAVAILABLE'],
    [403, 'SignatureDoesNotMatch', 'STORE_KEYS_REFUSED'],
    [403, 'InvalidAccessKeyId', 'STORE_KEYS_REFUSED'],
    [403, 'AccessDenied', 'STORE_KEYS_REFUSED'],
    [403, 'RequestTimeTooSkewed', 'STORE_CLOCK_SKEWED'],
    [404, 'NoSuchBucket', 'STORE_BUCKET_MISSING'],
    [400, 'InvalidRequest', 'STORE_REFUSED'],
  ])('that answers %i %s to a put is %s, to be tried again, and was asked once', async (status, code, problem) => {
    play = say(status, code);
    await expect(put()).rejects.toMatchObject({
      code: problem,
      kind: 'upstream',
      detail: { en: expect.stringContaining(`HTTP ${status} ${code}`) },
    });
    expect(requests).toEqual(['PUT /work/f/d/1']);
  });

  test('that says nothing, or stops in the middle, did not answer', async () => {
    const get = () => client.request({ method: 'GET', bucket: 'work', key: 'k' });
    const silent = { code: 'STORE_UNREACHABLE', kind: 'upstream' };
    play = () => undefined;
    await expect(put()).rejects.toMatchObject(silent);
    await expect(get()).rejects.toMatchObject(silent);
    play = (_request, response) => void response.writeHead(200, { 'content-length': '100' }).write('half');
    await expect(get()).rejects.toMatchObject(silent);
    play = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 50);
    };
    await expect(get()).rejects.toMatchObject(silent);
    play = (_request, response) => {
      response.writeHead(500);
      const dripping = setInterval(() => response.write('.'), 100);
      response.on('close', () => clearInterval(dripping));
    };
    await expect(put()).rejects.toMatchObject(silent);
  });

  test('that hangs up on a kept connection is asked again for a reading, never for a writing', async () => {
    let hangUp = false;
    play = (request, response) => {
      if (!hangUp) return void response.end('ok');
      hangUp = false;
      request.socket.resetAndDestroy();
    };
    const get = () => client.request({ method: 'GET', bucket: 'work', key: 'k' });
    await get();
    hangUp = true;
    expect((await get()).status).toBe(200);
    expect(requests).toHaveLength(3);
    hangUp = true;
    await expect(put()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(requests).toHaveLength(4);
  });

  test.each([
    ['refuses bytes that do not fit their SHA-256 is spared the MD5', 400, false],
    ['does not look at the SHA-256 is sent the MD5', 200, true],
    ['cannot be asked about the SHA-256 is sent the MD5', 503, true],
  ])('that %s of working copies, from the second on', async (_what, answer, isSent) => {
    const md5 = new Map<string, boolean>();
    play = ({ method, url = '', headers }, response) => {
      const isTrial = url.startsWith('/work/antin-checksum/');
      if (method === 'PUT' && !isTrial) md5.set(url, 'content-md5' in headers);
      response.statusCode = method === 'PUT' && isTrial ? answer : 200;
      response.end(method === 'GET' ? '<ListVersionsResult/>' : '');
    };
    const store = createS3WorkStore(settings, { client });
    await store.put('f/d/1', bytes);
    await vi.waitFor(() => expect(requests.some((one) => one.startsWith('PUT /work/antin-checksum/'))).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await store.put('f/d/2', bytes);
    expect([...md5]).toEqual([
      ['/work/f/d/1', true],
      ['/work/f/d/2', isSent],
    ]);
  });

  test('is sent the lock in real headers, with both digests of the bytes', async () => {
    let headers: IncomingMessage['headers'] = {};
    play = (request, response) => {
      if (request.method === 'PUT') headers = request.headers;
      say(507, 'XMinioStorageFull')(request, response);
    };
    const store = createS3Archive(settings, { client, clock: systemClock, conditionalWrites: true });
    const retainUntil = new Date(Date.now() + 86_400_500);
    const options = { retainUntil, hold: true, contentType: 'application/pdf' };
    await expect(store.put('v1/f/d/1.pdf', bytes, options)).rejects.toMatchObject({ code: 'STORE_FULL' });
    const until = String(headers['x-amz-object-lock-retain-until-date']);
    expect(until).toMatch(/:\d\d\.000Z$/);
    expect(Date.parse(until)).toBeGreaterThanOrEqual(retainUntil.getTime());
    expect(headers).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-legal-hold': 'ON',
      'if-none-match': '*',
      'content-md5': '+HNXxs3E8Gfhn0Kuurxvtw==',
      'content-type': 'application/pdf',
      'content-length': '8',
    });
    expect(headers['x-amz-checksum-sha256']).toMatch(/^[\w+/]{43}=$/);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz-meta-x-amz'))).toEqual([]);
  });

  test('that forgets the lock it was asked for is found out at once', async () => {
    play = (request, response) => {
      response.setHeader('x-amz-version-id', 'v1');
      if (request.method === 'HEAD') response.setHeader('content-length', String(bytes.length));
      response.end();
    };
    const store = createS3Archive(settings, { client, clock: systemClock, conditionalWrites: true });
    const options = { retainUntil: new Date(Date.now() + 86_400_000), contentType: 'application/pdf' };
    await expect(store.put('v1/f/d/1.pdf', bytes, options)).rejects.toMatchObject({
      code: 'STORE_LOCK_NOT_KEPT',
      kind: 'integrity',
    });
  });
});
