/** OpenSSL, which shares no code with us, accepts what the authority makes and refuses what was tampered with. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toPem } from '../../../src/engines/crypto/index.ts';
import { saveAuthority, serveAuthority } from '../../../src/platform/trust/authority/index.ts';
import { createHttpTransport } from '../../../src/platform/trust/index.ts';
import { liveAuthority, type TestAuthority } from '../../support/authority.ts';

let dir: string;
let live: TestAuthority;

/** Runs the OpenSSL command line in the authority's directory. */
function openssl(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile('openssl', args, { cwd: dir }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(dir, name), content);
  return name;
}

/** The same bytes with one flipped in the middle of the end, where signatures are. */
function tampered(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 10 ? byte ^ 0x01 : byte));
}

beforeAll(async () => {
  live = await liveAuthority();
  dir = await mkdtemp(join(tmpdir(), 'antin-openssl-'));
  await saveAuthority(live.authority, dir);
});

afterAll(() => rm(dir, { recursive: true }));

describe('openssl verify', () => {
  const strictly = ['verify', '-x509_strict', '-CAfile', 'ca/root.pem', '-untrusted', 'ca/issuing.pem'];

  test.each(['people/practitioner', 'people/head', 'people/representative', 'people/seal', 'tsa/tsa', 'ocsp/ocsp'])(
    '%s leads to the root under strict rules',
    async (name) => {
      expect(await openssl(...strictly, `${name}.pem`)).toEqual({ code: 0, output: `${name}.pem: OK\n` });
    },
  );

  test('the TSA is good for time-stamping and a person is not', async () => {
    expect((await openssl(...strictly, '-purpose', 'timestampsign', 'tsa/tsa.pem')).code).toBe(0);
    expect((await openssl(...strictly, '-purpose', 'timestampsign', 'people/head.pem')).code).not.toBe(0);
  });

  test('with CRLs: good before, revoked after', async () => {
    const { authority } = live;
    const person = await authority.issuePerson({
      commonName: 'Lê Văn Thử',
      uid: 'CCCD:001000000013',
      keyType: 'P-256',
    });
    await file('person.pem', toPem(person.certificate));
    const lists = async (name: string) => {
      for (const issuer of ['root', 'issuing'] as const) await file(`${issuer}.crl`, await authority.crl(issuer));
      const root = await openssl('crl', '-inform', 'DER', '-in', 'root.crl', '-CAfile', 'ca/root.pem');
      const issuing = await openssl('crl', '-inform', 'DER', '-in', 'issuing.crl', '-CAfile', 'ca/issuing.pem');
      expect(root.output).toContain('verify OK');
      expect(issuing.output).toContain('verify OK');
      return file(name, root.output.replace('verify OK\n', '') + issuing.output.replace('verify OK\n', ''));
    };
    const check = (crl: string) => openssl(...strictly, '-crl_check_all', '-CRLfile', crl, 'person.pem');
    expect(await check(await lists('before.pem'))).toMatchObject({ code: 0 });
    authority.revoke(person.certificate.serial, new Date(Date.now() - 1000), 'keyCompromise');
    const after = await check(await lists('after.pem'));
    expect(after.code).not.toBe(0);
    expect(after.output).toContain('certificate revoked');
  });

  test('a tampered CRL fails', async () => {
    await file('bad.crl', tampered(await live.authority.crl('issuing')));
    const { output } = await openssl('crl', '-inform', 'DER', '-in', 'bad.crl', '-CAfile', 'ca/issuing.pem', '-noout');
    expect(output).toContain('verify failure');
  });
});

describe('openssl ts', () => {
  const verify = ['ts', '-verify', '-CAfile', 'ca/root.pem', '-untrusted', 'ca/issuing.pem'];
  const overData = [...verify, '-data', 'data.txt'];

  test('a reply to its own query verifies; one to other data, or tampered with, does not', async () => {
    await file('data.txt', 'giấy ra viện');
    await openssl('ts', '-query', '-data', 'data.txt', '-sha256', '-cert', '-out', 'query.tsq');
    const reply = await live.authority.timestamp(await readFile(join(dir, 'query.tsq')));
    await file('reply.tsr', reply);
    expect(await openssl(...overData, '-in', 'reply.tsr')).toMatchObject({ code: 0 });
    expect(await openssl(...verify, '-queryfile', 'query.tsq', '-in', 'reply.tsr')).toMatchObject({ code: 0 });
    const { output } = await openssl('ts', '-reply', '-in', 'reply.tsr', '-text');
    expect(output).toContain('Status: Granted.');
    await file('bad.tsr', tampered(reply));
    expect((await openssl(...overData, '-in', 'bad.tsr')).code).not.toBe(0);
    await file('data.txt', 'giấy khác');
    expect((await openssl(...overData, '-in', 'reply.tsr')).code).not.toBe(0);
  });
});

describe('openssl ocsp', () => {
  const ask = (serial: string) => ['ocsp', '-issuer', 'ca/issuing.pem', '-serial', `0x${serial}`];
  const judge = ['-CAfile', 'ca/root.pem', '-verify_other', 'ca/issuing.pem'];

  async function answerAbout(serial: string, change = (der: Uint8Array) => der) {
    await openssl(...ask(serial), '-reqout', 'request.der');
    await file('answer.der', change(await live.authority.ocsp(await readFile(join(dir, 'request.der')))));
    return openssl('ocsp', '-reqin', 'request.der', '-respin', 'answer.der', '-resp_text', ...judge);
  }

  test('good, unknown and revoked are understood, and the delegated responder is trusted', async () => {
    const { authority, cast } = live;
    const good = await answerAbout(cast.seal.certificate.serial);
    expect(good.output).toContain('Response verify OK');
    expect(good.output).toContain('Cert Status: good');
    expect(good.output).not.toMatch(/WARNING: no nonce|Nonce Verify error/);
    expect((await answerAbout('1234')).output).toContain('Cert Status: unknown');
    const person = await authority.issuePerson({
      commonName: 'Lê Văn Thử',
      uid: 'CCCD:001000000014',
      keyType: 'P-256',
    });
    authority.revoke(person.certificate.serial, new Date(Date.now() - 1000), 'keyCompromise');
    const revoked = await answerAbout(person.certificate.serial);
    expect(revoked.output).toMatch(/Cert Status: revoked[\s\S]*Revocation Reason: keyCompromise/);
  });

  test('a tampered answer is not believed', async () => {
    const flipped = (der: Uint8Array) => {
      // The byte of the status "good" (context tag 0, empty) becomes "unknown".
      const at = Buffer.from(der).indexOf(Buffer.from('8000180f', 'hex'));
      expect(at).toBeGreaterThan(0);
      return der.map((byte, index) => (index === at ? 0x82 : byte));
    };
    const { output } = await answerAbout(live.cast.seal.certificate.serial, flipped);
    expect(output).toContain('Response Verify Failure');
  });

  test('over HTTP, as an outside tool asks', async () => {
    const running = await serveAuthority(live.authority, { port: 0 });
    try {
      const { output } = await openssl(
        ...ask(live.cast.head.certificate.serial),
        ...judge,
        '-url',
        `${running.url}/ocsp`,
      );
      expect(output).toContain('Response verify OK');
      expect(output).toMatch(/: good/);
    } finally {
      await running.close();
    }
  });
});

test('openssl pkcs12 opens the people with their PIN and not without', async () => {
  for (const slug of ['practitioner', 'head']) {
    const opened = await openssl('pkcs12', '-in', `people/${slug}.p12`, '-passin', `file:people/${slug}.pin`, '-nodes');
    expect(opened.code).toBe(0);
    expect(opened.output.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    expect(opened.output).toContain('PRIVATE KEY');
    expect((await openssl('pkcs12', '-in', `people/${slug}.p12`, '-passin', 'pass:0', '-nodes')).code).not.toBe(0);
  }
});

test('an upstream with its own CA is trusted only where that CA is given', async () => {
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'tls.key'];
  expect((await openssl('req', '-x509', ...key, '-out', 'tls.pem', '-days', '2', ...names)).code).toBe(0);
  const cert = await readFile(join(dir, 'tls.pem'), 'utf8');
  const server = createServer({ key: await readFile(join(dir, 'tls.key')), cert }, (_, response) =>
    response.end('tls'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const request = { url: `https://${host}/`, method: 'GET', maxBytes: 100 } as const;
  const trusting = createHttpTransport({ allowPrivate: [host], upstreamCa: { [host]: cert } });
  const doubting = createHttpTransport({ allowPrivate: [host] });
  try {
    expect(Buffer.from((await trusting(request)).body).toString()).toBe('tls');
    await expect(doubting(request)).rejects.toMatchObject({ code: 'OUTGOING_FAILED' });
  } finally {
    await Promise.all([trusting.close(), doubting.close()]);
    server.closeAllConnections();
    server.close();
  }
});
