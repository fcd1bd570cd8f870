/** What one caller may do to the server: how much it may ask, how slow it may be, how large; and what every answer says to a browser. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCallerAddress } from '../../src/api/caller-address.ts';
import { createApp } from '../../src/api/frame.ts';
import { openServer, type RunningServer } from '../../src/api/index.ts';
import { createLimits } from '../../src/api/limits.ts';
import { createRateLimit } from '../../src/platform/access/index.ts';
import { settableClock, silentLog, systemClock } from '../../src/shared/index.ts';
import { openAntin, type RunningAntin } from '../support/antin.ts';
import { temporaryFolder } from '../support/database.ts';

describe('a bucket a caller', () => {
  test('holds a minute’s worth, fills evenly, and says how long to wait', () => {
    const clock = settableClock(new Date('2026-11-27T08:00:00Z'));
    const take = createRateLimit({ clock, perMinute: 6 });
    expect(Array.from({ length: 6 }, () => take('a'))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(take('a')).toBe(10);
    expect(take('b')).toBe(0);
    clock.advance(9_000);
    expect(take('a')).toBe(1);
    clock.advance(1_000);
    expect(take('a')).toBe(0);
    expect(take('a')).toBe(10);
    clock.advance(3_600_000);
    expect(Array.from({ length: 7 }, () => take('a'))).toEqual([0, 0, 0, 0, 0, 0, 10]);
  });

  test('does not fill when the clock is set back, and forgets those who asked longest ago', () => {
    const clock = settableClock(new Date('2026-11-27T08:00:00Z'));
    const take = createRateLimit({ clock, perMinute: 1 });
    expect(take('a')).toBe(0);
    clock.set(new Date('2026-11-26T08:00:00Z'));
    expect(take('a')).toBeGreaterThan(0);
    for (let count = 0; count < 10_001; count += 1) take(`other ${count}`);
    expect(take('a')).toBe(0);
  });
});

describe('who the caller is', () => {
  const seenBy = async (trusted: string[], connected: string, forwarded?: string): Promise<string> => {
    let seen = '';
    const address = createCallerAddress(trusted);
    const app = createApp({
      clock: systemClock,
      log: silentLog,
      limits: createLimits({ perKey: 1, perAddress: 9, lookupsPerAddress: 1 }, systemClock),
      callerAddress: (c) => {
        seen = address(c);
        return seen;
      },
      https: false,
      countRequest: () => undefined,
    });
    await app.request(
      '/',
      { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } },
      { incoming: { socket: { remoteAddress: connected, remotePort: 1, remoteFamily: 'IPv4' } } },
    );
    return seen;
  };

  test.each([
    ['nobody is believed by default', [], '192.0.2.1', '198.51.100.9', '192.0.2.1'],
    ['a trusted proxy tells', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.9', '198.51.100.9'],
    [
      'what the caller wrote before it counts for nothing',
      ['10.0.0.0/8'],
      '10.1.2.3',
      '1.2.3.4, 198.51.100.9',
      '198.51.100.9',
    ],
    ['two proxies in a row', ['10.0.0.0/8'], '10.1.2.3', '198.51.100.9, 10.9.9.9', '198.51.100.9'],
    ['IPv4 within IPv6', ['10.1.2.3'], '::ffff:10.1.2.3', '198.51.100.9', '198.51.100.9'],
    ['IPv6, of which everybody has many', ['fd00::/8'], 'fd00::1', '2001:db8::7', '2001:db8:0:0::/64'],
    ['its neighbour in the same house', ['fd00::/8'], 'fd00::1', '2001:0db8:0:0:ffff:1:2:3', '2001:db8:0:0::/64'],
    ['another house', ['fd00::/8'], 'fd00::1', '2001:DB8:0:1::7', '2001:db8:0:1::/64'],
    ['IPv6 that ends like IPv4', [], '64:ff9b::192.0.2.1', undefined, '64:ff9b:0:0::/64'],
    ['IPv6 of this machine', [], '::1', undefined, '0:0:0:0::/64'],
    ['a proxy that says nothing', ['10.0.0.0/8'], '10.1.2.3', undefined, '10.1.2.3'],
    ['a proxy that says nonsense', ['10.0.0.0/8'], '10.1.2.3', 'unknown, _hidden', '10.1.2.3'],
  ])('%s', async (_, trusted, connected, forwarded, expected) => {
    expect(await seenBy(trusted, connected, forwarded)).toBe(expected);
  });
});

describe('over the network', () => {
  const folder = temporaryFolder();
  let running: RunningAntin;
  let server: RunningServer;
  let url = '';

  beforeAll(async () => {
    running = await openAntin(folder.path, {
      jobs: false,
      also: {
        limits: { perKey: 20, perAddress: 60, lookupsPerAddress: 5 },
        publicBaseUrl: 'https://hoso.benhvien.example',
        trustedProxies: ['127.0.0.1'],
      },
    });
    server = await openServer(running.antin.app, {
      host: '127.0.0.1',
      port: 0,
      bodyTimeoutMs: 1_000,
      headersTimeoutMs: 1_000,
    });
    url = `http://127.0.0.1:${server.port}`;
  }, 120_000);
  afterAll(async () => {
    await server?.close();
    await running?.antin.close();
    folder.remove();
  }, 60_000);

  /** Each story comes from an address of its own. */
  const from = (address: string, path: string, key?: string) =>
    fetch(`${url}${path}`, {
      headers: { 'x-forwarded-for': address, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    });
  const statuses = async (count: number, ask: () => Promise<Response>): Promise<number[]> => {
    const all: number[] = [];
    for (let asked = 0; asked < count; asked += 1) all.push((await ask()).status);
    return all;
  };

  test('one key, whatever the address: 429 with the code and the time to wait; another key goes on', async () => {
    const { intake, admin } = running.hospital.keys;
    const addresses = Array.from({ length: 30 }, (_, last) => `203.0.113.${last}`);
    const ask = () => from(addresses.pop() ?? '', '/v1/documents', intake);
    const seen = await statuses(20, ask);
    expect(new Set(seen)).toEqual(new Set([200]));
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({
      code: 'RATE_LIMITED',
      vi: expect.any(String),
      en: expect.any(String),
    });
    expect((await from('203.0.113.200', '/v1/documents', admin)).status).toBe(200);
  });

  test('one address, whatever it asks; health is always told', async () => {
    const seen = await statuses(61, () => from('198.51.100.1', '/docs/problems/INTERNAL'));
    expect(seen.slice(0, 60).every((status) => status === 200)).toBe(true);
    expect(seen.at(-1)).toBe(429);
    expect((await from('198.51.100.1', '/healthz')).status).toBe(200);
    expect((await from('198.51.100.2', '/')).status).toBe(200);
  });

  test('lookups more strictly, as a page that people can read', async () => {
    const seen = await statuses(6, () => from('198.51.100.3', '/tra-cuu/AAAAAAAAAAAAAAAAAAAAAAAAAA'));
    expect(seen).toEqual([404, 404, 404, 404, 404, 429]);
    const page = await from('198.51.100.3', '/tra-cuu/AAAAAAAAAAAAAAAAAAAAAAAAAA');
    expect(await page.text()).toContain('Quá nhiều lượt tra cứu');
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('keys that are tried out, as strictly; a right one from the same address goes on', async () => {
    const wrong = `antin_0123456789abcdef_${'A'.repeat(43)}`;
    expect(await statuses(6, () => from('198.51.100.4', '/v1/documents', wrong))).toEqual([
      401, 401, 401, 401, 401, 429,
    ]);
    expect((await from('198.51.100.4', '/v1/documents', running.hospital.keys.recordsOfficer)).status).toBe(200);
  });

  test.each([
    ['a page', '/'],
    ['the lookup page', '/tra-cuu'],
    ['an answer of the API', '/openapi.json'],
    ['a refusal', '/v1/documents'],
    ['an address that is not there', '/nowhere'],
    ['readiness', '/readyz'],
  ])('what %s tells a browser', async (_, path) => {
    const { headers } = await from('198.51.100.5', path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      'strict-transport-security': expect.stringMatching(/^max-age=\d{8}/),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    for (const name of ['server', 'x-powered-by']) expect(headers.get(name)).toBeNull();
  });

  test('only the style sheet may be kept', async () => {
    expect((await from('198.51.100.5', '/assets/antin.css')).headers.get('cache-control')).toContain('max-age');
  });

  test('without https for people, browsers are not told to insist on it', async () => {
    const app = createApp({
      clock: systemClock,
      log: silentLog,
      limits: createLimits({ perKey: 1, perAddress: 9, lookupsPerAddress: 1 }, systemClock),
      callerAddress: createCallerAddress([]),
      https: false,
      countRequest: () => undefined,
    });
    expect((await app.request('/')).headers.get('strict-transport-security')).toBeNull();
  });

  const raw = (sent: string, wait = 0): Promise<{ answer: string; seconds: number }> =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const socket = connect(server.port, '127.0.0.1', () => socket.write(sent));
      let answer = '';
      if (wait > 0) setTimeout(() => socket.write('x'), wait);
      socket.setEncoding('utf8').on('data', (text) => {
        answer += text;
      });
      socket.on('error', reject).on('close', () => resolve({ answer, seconds: (performance.now() - began) / 1000 }));
    });

  test('a body that never ends is answered and cut off', async () => {
    const key = running.hospital.keys.admin;
    const head = `POST /v1/documents HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 198.51.100.6\r\nauthorization: Bearer ${key}\r\n`;
    const { answer } = await raw(
      `${head}content-type: application/json\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{`,
      500,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('REQUEST_TOO_SLOW');
  });

  test('headers that never end are cut off', async () => {
    const { answer, seconds } = await raw('GET / HTTP/1.1\r\nhost: a\r\nx-slow: ', 500);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(seconds).toBeLessThan(10);
  });

  test('headers that are too large, or too many, never become a request', async () => {
    const { answer } = await raw(`GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('REQUEST_HEADERS_TOO_LARGE');
    const many = Array.from({ length: 150 }, (_, index) => `x-${index}: 1\r\n`).join('');
    expect((await raw(`GET /healthz HTTP/1.1\r\nhost: a\r\n${many}\r\n`)).answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a body that is too large is refused before it is read', async () => {
    const key = running.hospital.keys.recordsOfficer;
    const answer = await fetch(`${url}/v1/validations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/pdf', 'x-forwarded-for': '198.51.100.7' },
      body: Buffer.alloc(25 * 1024 * 1024),
    }).catch(() => undefined);
    // The server may have hung up while we were still sending.
    expect(answer?.status ?? 413).toBe(413);
  });
});
