/** Anchors are read from PEM folders; whatever is wrong with a file is said with its name. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toPem } from '../../../src/engines/crypto/index.ts';
import { loadTrust } from '../../../src/platform/trust/index.ts';
import { testAuthority } from '../../support/authority.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antin-trust-'));
  await mkdir(join(dir, 'signers'));
});

afterEach(() => rm(dir, { recursive: true }));

test('an empty directory trusts nobody', async () => {
  expect(await loadTrust(dir)).toEqual({ signers: [], tsa: [], development: [] });
});

test('several anchors in one file, the same one twice, and files that are none', async () => {
  const { authority } = await testAuthority();
  await writeFile(join(dir, 'signers', 'two.pem'), `Hai chứng thư\n${toPem(authority.root, authority.issuing)}`);
  await writeFile(join(dir, 'signers', 'again.crt'), toPem(authority.root));
  await writeFile(join(dir, 'signers', 'README.md'), 'not a certificate');
  const { signers, tsa } = await loadTrust(dir);
  expect(signers.map(({ fingerprint }) => fingerprint)).toEqual([
    authority.root.fingerprint,
    authority.issuing.fingerprint,
  ]);
  expect(tsa).toEqual([]);
});

test('the repository brings a place for anchors and trusts nobody by itself', async () => {
  const { signers, tsa } = await loadTrust(new URL('../../../certs/trust', import.meta.url).pathname);
  expect([...signers, ...tsa]).toEqual([]);
});

describe('refused, naming the file', () => {
  test.each([
    ['no certificate in it', 'just text', /root\.pem: it holds no PEM certificate/],
    [
      'one that cannot be read',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      /root\.pem: a certificate in it cannot be read/,
    ],
  ])('%s', async (_, content, message) => {
    await writeFile(join(dir, 'signers', 'root.pem'), content);
    await expect(loadTrust(dir)).rejects.toMatchObject({
      code: 'TRUST_DIR_INVALID',
      detail: { en: expect.stringMatching(message) },
    });
  });

  test('the certificate of a person', async () => {
    const { cast } = await testAuthority();
    await writeFile(join(dir, 'signers', 'person.pem'), toPem(cast.head.certificate));
    await expect(loadTrust(dir)).rejects.toThrow(/person\.pem: .*not the certificate of an authority/);
  });

  test('a directory that does not exist', async () => {
    await expect(loadTrust(join(dir, 'nowhere'))).rejects.toThrow(/nowhere: the directory does not exist/);
  });
});
