/** The outgoing client does not let a certificate or an upload send the server into the hospital's own network. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { guardedLookup, isPublicAddress } from '../../../src/platform/trust/address-guard.ts';
import {
  createHttpTransport,
  type HttpTransportOptions,
  type TransportRequest,
} from '../../../src/platform/trust/index.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

async function serverThat(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

function transportWith(options: HttpTransportOptions = {}) {
  const transport = createHttpTransport(options);
  open.push(transport);
  return (request: Partial<TransportRequest> & { url: string }) =>
    transport({ method: 'GET', maxBytes: 1000, ...request });
}

describe('where it may go', () => {
  test.each([
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['172.31.255.255', false],
    ['192.168.0.10', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::7f00:1', false],
    ['fd00::1', false],
    ['fe80::1%eth0', false],
    ['2001:db8::1', false],
    ['2002:7f00:1::', false],
    ['not an address', false],
    ['172.32.0.1', true],
    ['8.8.8.8', true],
    ['2606:4700:4700::1111', true],
  ])('%s is public: %s', (address, isPublic) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'http://localhost/',
    'http://intern.localhost/',
    'https://192.168.1.1/ocsp',
    'file:///etc/passwd',
    'ldap://ldap.example.vn/cn=ca',
    'gopher://example.vn/',
    'not a url',
  ])('%s is refused', async (url) => {
    await expect(transportWith()({ url })).rejects.toMatchObject({ code: 'OUTGOING_REFUSED' });
  });

  test('a name is judged by the address it has at the moment of connecting', async () => {
    const error = await new Promise((resolve) => guardedLookup('localhost', {}, (failure) => resolve(failure)));
    expect(error).toMatchObject({ code: 'OUTGOING_REFUSED' });
  });

  test('an inside server can be allowed by name, and that allows no other', async () => {
    const inside = await serverThat((_, response) => response.end('answer'));
    const other = await serverThat((_, response) => response.end('secret'));
    const send = transportWith({ allowPrivate: [inside] });
    expect(Buffer.from((await send({ url: `http://${inside}/` })).body).toString()).toBe('answer');
    await expect(send({ url: `http://${other}/` })).rejects.toMatchObject({ code: 'OUTGOING_REFUSED' });
  });

  test('a redirect into the inside is refused like the address itself', async () => {
    const secret = await serverThat((_, response) => response.end('secret'));
    const outside = await serverThat((_, response) => response.writeHead(302, { location: `http://${secret}/` }).end());
    const send = transportWith({ allowPrivate: [outside] });
    await expect(send({ url: `http://${outside}/` })).rejects.toMatchObject({ code: 'OUTGOING_REFUSED' });
  });
});

describe('how long and how much', () => {
  test('an endless answer is cut off at the limit', async () => {
    const host = await serverThat((_, response) => {
      const more = () => response.write(Buffer.alloc(10_000), () => setImmediate(more));
      more();
    });
    await expect(transportWith({ allowPrivate: [host] })({ url: `http://${host}/` })).rejects.toMatchObject({
      code: 'OUTGOING_TOO_LARGE',
    });
  });

  test('a server that never finishes its answer runs into the time limit', async () => {
    const host = await serverThat((_, response) => response.write('half'));
    const send = transportWith({ allowPrivate: [host] });
    await expect(send({ url: `http://${host}/`, timeoutMs: 50 })).rejects.toMatchObject({ code: 'OUTGOING_TIMEOUT' });
  });

  test('a redirect that goes in circles ends', async () => {
    const host = await serverThat((_, response) => response.writeHead(302, { location: '/again' }).end());
    const send = transportWith({ allowPrivate: [host] });
    await expect(send({ url: `http://${host}/` })).rejects.toMatchObject({ code: 'OUTGOING_FAILED' });
  });

  test('nobody listening is told as such', async () => {
    const send = transportWith({ allowPrivate: ['127.0.0.1:1'] });
    await expect(send({ url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ code: 'OUTGOING_FAILED' });
  });

  test('an HTTP error status is an answer, not a failure', async () => {
    const host = await serverThat((_, response) => response.writeHead(503, { 'content-type': 'Text/HTML; x=y' }).end());
    const answer = await transportWith({ allowPrivate: [host] })({ url: `http://${host}/` });
    expect(answer).toMatchObject({ status: 503, contentType: 'text/html' });
  });

  test('a POST is not repeated elsewhere because of a 302, but is because of a 307', async () => {
    const target = await serverThat((request, response) => request.pipe(response));
    const moved = await serverThat((request, response) => {
      response.writeHead(request.url === '/302' ? 302 : 307, { location: `http://${target}/` }).end();
    });
    const send = transportWith({ allowPrivate: [target, moved] });
    const post = { method: 'POST', body: new TextEncoder().encode('question') } as const;
    expect((await send({ ...post, url: `http://${moved}/302` })).status).toBe(302);
    const answer = await send({ ...post, url: `http://${moved}/307` });
    expect(Buffer.from(answer.body).toString()).toBe('question');
  });

  test('credentials in an address become Basic authentication', async () => {
    const host = await serverThat((request, response) => response.end(request.headers.authorization));
    const answer = await transportWith({ allowPrivate: [host] })({ url: `http://minh:m%E1%BA%ADt@${host}/` });
    const [, encoded = ''] = Buffer.from(answer.body).toString().split(' ');
    expect(Buffer.from(encoded, 'base64').toString()).toBe('minh:mật');
  });
});

describe('through a proxy', () => {
  test('outside names go through it, the exceptions do not', async () => {
    const seen: (string | undefined)[] = [];
    const proxy = await serverThat((request, response) => {
      seen.push(request.url);
      response.end('through the proxy');
    });
    const direct = await serverThat((_, response) => response.end('direct'));
    const send = transportWith({
      proxy: { http: `http://${proxy}`, no: '.benhvien.example, 127.0.0.1' },
      allowPrivate: [direct],
    });
    expect(Buffer.from((await send({ url: 'http://tsa.example.vn/tsa' })).body).toString()).toBe('through the proxy');
    expect(Buffer.from((await send({ url: `http://${direct}/` })).body).toString()).toBe('direct');
    expect(seen).toEqual(['http://tsa.example.vn/tsa']);
  });

  test('literal inside addresses are refused all the same', async () => {
    const send = transportWith({ proxy: { http: 'http://127.0.0.1:1' } });
    await expect(send({ url: 'http://169.254.169.254/latest/meta-data' })).rejects.toMatchObject({
      code: 'OUTGOING_REFUSED',
    });
  });
});
