/** Whom the server talks to, and how: TLS 1.2 and better, a known other end, through the hospital's proxy, never into its own network. */

import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { guardedLookup } from '../../src/platform/trust/address-guard.ts';
import { createHttpTransport, type HttpTransportOptions } from '../../src/platform/trust/index.ts';
import { type ServerIdentity, serverIdentity } from '../support/tls.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

const secureServer = async (identity: ServerIdentity, options: ServerOptions = {}): Promise<string> => {
  const server = createHttps({ cert: identity.cert, key: identity.key, ...options }, (_, response) =>
    response.end('by TLS'),
  );
  return `127.0.0.1:${await listening(server)}`;
};

function ask(url: string, options: HttpTransportOptions) {
  const transport = createHttpTransport(options);
  open.push(transport);
  return transport({ url, method: 'GET', maxBytes: 1000 });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const codeOfCause = (error: unknown): unknown => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && !cause.code.startsWith('OUTGOING')) return cause.code;
  }
  return undefined;
};

describe('TLS', () => {
  test('a server below the authority that was named for it is asked', async () => {
    const identity = await serverIdentity();
    const host = await secureServer(identity);
    const answer = await ask(`https://${host}/`, { allowPrivate: [host], upstreamCa: { [host]: identity.ca } });
    expect(text(answer.body)).toBe('by TLS');
  });

  test('one below another authority is not, nor one of nobody we know', async () => {
    const host = await secureServer(await serverIdentity());
    const other = await serverIdentity();
    for (const upstreamCa of [{ [host]: other.ca }, {}]) {
      const refusal = await ask(`https://${host}/`, { allowPrivate: [host], upstreamCa }).catch((error) => error);
      expect(refusal).toMatchObject({ code: 'OUTGOING_FAILED' });
      expect(codeOfCause(refusal)).toMatch(/UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED|CERT_SIGNATURE_FAILURE/);
    }
  });

  test('an authority counts only for the host that it was named for', async () => {
    const identity = await serverIdentity();
    const host = await secureServer(identity);
    const elsewhere = { 'tsa.example.vn': identity.ca, '127.0.0.1:1': identity.ca };
    await expect(ask(`https://${host}/`, { allowPrivate: [host], upstreamCa: elsewhere })).rejects.toMatchObject({
      code: 'OUTGOING_FAILED',
    });
  });

  test('a certificate that has ended, or is for another name, is refused', async () => {
    const ended = await serverIdentity({ notAfter: new Date(Date.now() - 3_600_000) });
    const host = await secureServer(ended);
    const late = await ask(`https://${host}/`, { allowPrivate: [host], upstreamCa: { [host]: ended.ca } }).catch(
      (e) => e,
    );
    expect(codeOfCause(late)).toBe('CERT_HAS_EXPIRED');
    const identity = await serverIdentity();
    const [, port] = (await secureServer(identity)).split(':');
    const name = `127.0.0.2:${port}`;
    const wrong = await ask(`https://${name}/`, { allowPrivate: [name], upstreamCa: { [name]: identity.ca } }).catch(
      (e) => e,
    );
    expect(wrong).toMatchObject({ code: 'OUTGOING_FAILED' });
  });

  test('TLS 1.1 is refused, TLS 1.2 is taken', async () => {
    const identity = await serverIdentity();
    const speaking = (version: 'TLSv1.1' | 'TLSv1.2') =>
      secureServer(identity, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' });
    const old = await speaking('TLSv1.1');
    const settings = (host: string) => ({ allowPrivate: [host], upstreamCa: { [host]: identity.ca } });
    const refusal = await ask(`https://${old}/`, settings(old)).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'OUTGOING_FAILED' });
    expect(codeOfCause(refusal)).toMatch(/PROTOCOL|VERSION/);
    const newer = await speaking('TLSv1.2');
    expect(text((await ask(`https://${newer}/`, settings(newer))).body)).toBe('by TLS');
  });

  test('the environment cannot switch the check off', async () => {
    const host = await secureServer(await serverIdentity());
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      await expect(ask(`https://${host}/`, { allowPrivate: [host] })).rejects.toMatchObject({
        code: 'OUTGOING_FAILED',
      });
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });
});

describe('the proxy', () => {
  test('https goes through a tunnel of it, and is still checked against the named authority', async () => {
    const identity = await serverIdentity();
    const target = await secureServer(identity);
    const tunnels: string[] = [];
    const proxy = createHttp();
    proxy.on('connect', (request, client: Socket) => {
      tunnels.push(request.url ?? '');
      const [, port] = target.split(':');
      const onward = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(client);
        client.pipe(onward);
      });
      onward.on('error', () => client.destroy());
      client.on('error', () => onward.destroy());
    });
    const throughProxy = { https: `http://127.0.0.1:${await listening(proxy)}` };
    // The name is the proxy's to resolve; the certificate is for `localhost`, which may only be reached because it is listed.
    const settings = { proxy: throughProxy, allowPrivate: ['localhost'] };
    const answer = await ask('https://localhost/', { ...settings, upstreamCa: { localhost: identity.ca } });
    expect(text(answer.body)).toBe('by TLS');
    expect(tunnels).toEqual(['localhost:443']);
    const other = await serverIdentity();
    await expect(ask('https://localhost/', { ...settings, upstreamCa: { localhost: other.ca } })).rejects.toMatchObject(
      {
        code: 'OUTGOING_FAILED',
      },
    );
  });
});

describe('the network inside', () => {
  test('private addresses are refused before anything is sent, also as the goal of a redirect', async () => {
    let asked = 0;
    const inside = createHttp((_, response) => {
      asked += 1;
      response.end('secret');
    });
    const insideHost = `127.0.0.1:${await listening(inside)}`;
    const moved = createHttp((_, response) => response.writeHead(302, { location: `http://${insideHost}/` }).end());
    const outside = `127.0.0.1:${await listening(moved)}`;
    await expect(ask(`http://${insideHost}/`, {})).rejects.toMatchObject({ code: 'OUTGOING_REFUSED' });
    await expect(ask(`http://${outside}/`, { allowPrivate: [outside] })).rejects.toMatchObject({
      code: 'OUTGOING_REFUSED',
    });
    expect(asked).toBe(0);
  });

  test('a name is judged by the very address that is connected to, so that it cannot change in between', async () => {
    const lookedUp = await new Promise((resolve) => guardedLookup('localhost', {}, (error) => resolve(error)));
    expect(lookedUp).toMatchObject({ code: 'OUTGOING_REFUSED' });
  });
});

describe('limits', () => {
  test('a server that says nothing, that drips, or that says too much is given up', async () => {
    const silent = `127.0.0.1:${await listening(createHttp(() => undefined))}`;
    const dripping = `127.0.0.1:${await listening(
      createHttp((_, response) => {
        const drip = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(drip));
      }),
    )}`;
    const talkative = `127.0.0.1:${await listening(createHttp((_, response) => response.end('x'.repeat(5000))))}`;
    const quick = { timeoutMs: 300 };
    for (const host of [silent, dripping]) {
      await expect(ask(`http://${host}/`, { ...quick, allowPrivate: [host] })).rejects.toMatchObject({
        code: 'OUTGOING_TIMEOUT',
      });
    }
    await expect(ask(`http://${talkative}/`, { allowPrivate: [talkative] })).rejects.toMatchObject({
      code: 'OUTGOING_TOO_LARGE',
    });
  });
});

/** Who may open connections, and to what; everything else asks the one client. */
const CONNECTING = {
  'src/platform/trust/transport.ts': 'the one client: time-stamps, OCSP, CRL, issuers',
  'src/platform/trust/address-guard.ts': 'its guard',
  'src/platform/storage/s3/client.ts': 'signed requests to S3_ENDPOINT, no redirects',
};
/** Who only listens, or names types. */
const LISTENING = [
  'src/api/broken-http.ts',
  'src/api/caller-address.ts',
  'src/legal-mode/encryption.ts',
  'src/platform/db/embedded/server.ts',
  'src/platform/trust/authority/serve.ts',
  'src/settings/setting.ts',
];

test('nothing else in the program can open a connection over HTTP', () => {
  const sources = ['src', 'workers'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name)),
  );
  expect(sources.length).toBeGreaterThan(200);
  const network =
    /^(?:import|export) (?!type )[^;]*from '(?:(?:node:)?(?:https?|http2|net|tls|dgram|dns)(?:\/promises)?|undici)'|globalThis\.fetch|XMLHttpRequest|new WebSocket/m;
  // `fetch` is a verb of ours as well; what is meant here is the one that comes with Node and that nobody declared.
  const ownFetch = /(?:const|function|readonly) fetch\b|\bfetch[,:]|\bfetch\)|async fetch\(/;
  const found = sources.filter((file) => {
    const text = readFileSync(file, 'utf8');
    return network.test(text) || (/(?<![.\w])fetch\(/.test(text) && !ownFetch.test(text));
  });
  expect(found.toSorted()).toEqual([...Object.keys(CONNECTING), ...LISTENING].toSorted());
});
