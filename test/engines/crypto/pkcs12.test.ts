/** Key stores: made, opened, and refused for the right reason. (Those of OpenSSL: openssl.judge.test.ts.) */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  children,
  createPkcs12,
  encode,
  openPkcs12,
  openPkcs12Key,
  rawSigner,
  readDer,
  verifySignature,
} from '../../../src/engines/crypto/index.ts';
import { algorithmOf } from '../../../src/engines/crypto/keys.ts';
import { issue, type Party, rsaKeys } from './support/pki.ts';

const PASSWORD = 'mật khẩu Ấn Tín';
let root: Party;
let ca: Party;

beforeAll(async () => {
  root = await issue({ subject: 'Gốc' });
  ca = await issue({ subject: 'CA', issuer: root, ca: true });
});

const store = (party: Party, iterations = 2048) =>
  createPkcs12({
    privateKey: party.keys.privateKey,
    certificate: party.certificate,
    // Out of order, as some programs export it.
    chain: [root.certificate, ca.certificate],
    password: PASSWORD,
    friendlyName: 'BS. Trần Văn Mẫu',
    iterations,
  });

describe('a key store', () => {
  it.each([
    ['EC', undefined],
    ['RSA', rsaKeys],
  ])('gives back an %s key that signs, its certificate and the chain in order', async (_name, makeKeys) => {
    const party = await issue({
      subject: 'BS. Trần Văn Mẫu',
      issuer: ca,
      ...(makeKeys === undefined ? {} : { keys: makeKeys() }),
    });
    const opened = await openPkcs12(store(party), PASSWORD);
    expect(opened.certificate.fingerprint).toBe(party.certificate.fingerprint);
    expect(opened.chain.map(({ fingerprint }) => fingerprint)).toEqual([
      ca.certificate.fingerprint,
      root.certificate.fingerprint,
    ]);
    const message = new TextEncoder().encode('ký thử');
    const signature = await rawSigner(opened.privateKey, party.scheme)(message);
    expect(verifySignature(party.certificate, algorithmOf(party.scheme), message, signature)).toBe(true);
  });

  it('opens whether the keyboard composes its letters or not', async () => {
    const bytes = store(root);
    expect((await openPkcs12(bytes, PASSWORD.normalize('NFD'))).certificate.fingerprint).toBe(
      root.certificate.fingerprint,
    );
  });

  it('stays shut for a wrong password', async () => {
    await expect(openPkcs12(store(root), 'mat khau An Tin')).rejects.toMatchObject({ code: 'P12_PIN_WRONG' });
    await expect(openPkcs12(store(root), '')).rejects.toMatchObject({ code: 'P12_PIN_WRONG' });
  });

  it('gives the key of a certificate that is known, and no other', async () => {
    const party = await issue({ subject: 'BS. Trần Văn Mẫu', issuer: ca });
    const key = await openPkcs12Key(store(party), PASSWORD.normalize('NFD'), party.certificate);
    expect(key.equals(party.keys.privateKey)).toBe(true);
    await expect(openPkcs12Key(store(party), 'mat khau An Tin', party.certificate)).rejects.toMatchObject({
      code: 'P12_PIN_WRONG',
    });
    await expect(openPkcs12Key(store(party), PASSWORD, ca.certificate)).rejects.toMatchObject({
      code: 'P12_MALFORMED',
    });
    await expect(openPkcs12Key(new Uint8Array(2_000_000), PASSWORD, ca.certificate)).rejects.toMatchObject({
      code: 'P12_MALFORMED',
    });
  });

  it('needs no derivation for its MAC where the certificate proves the key', async () => {
    const costly = withMacIterations(store(root, 2048), 2_000_001);
    const key = await openPkcs12Key(costly, PASSWORD, root.certificate);
    expect(key.equals(root.keys.privateKey)).toBe(true);
    await expect(openPkcs12Key(costly, 'mat khau An Tin', root.certificate)).rejects.toMatchObject({
      code: 'P12_TOO_COSTLY',
    });
  });

  it('that asks for millions of rounds is refused before any is made', async () => {
    const bytes = store(root, 2048);
    const costly = withMacIterations(bytes, 2_000_001);
    await expect(openPkcs12(costly, PASSWORD)).rejects.toMatchObject({ code: 'P12_TOO_COSTLY' });
    await expect(openPkcs12(withMacIterations(bytes, 2n ** 60n), PASSWORD)).rejects.toMatchObject({
      code: 'P12_TOO_COSTLY',
    });
    await expect(openPkcs12(withMacIterations(bytes, 0), PASSWORD)).rejects.toMatchObject({ code: 'P12_MALFORMED' });
  });

  it('that is none is refused', async () => {
    for (const bytes of [
      new Uint8Array(),
      new TextEncoder().encode('%PDF-1.7'),
      root.certificate.der,
      new Uint8Array(2_000_000),
    ])
      await expect(openPkcs12(bytes, PASSWORD)).rejects.toMatchObject({ code: 'P12_MALFORMED' });
  });

  it('whose key belongs to none of its certificates is refused', async () => {
    const bytes = createPkcs12({
      privateKey: ca.keys.privateKey,
      certificate: root.certificate,
      chain: [],
      password: PASSWORD,
      iterations: 1,
    });
    await expect(openPkcs12(bytes, PASSWORD)).rejects.toMatchObject({ code: 'P12_MALFORMED' });
  });
});

/** The same store with another iteration count in its MAC. */
function withMacIterations(pfx: Uint8Array, iterations: number | bigint): Uint8Array {
  const count = encode.integer(2048);
  const parts = readSequence(pfx);
  const mac = parts.at(-1) ?? new Uint8Array();
  const macParts = readSequence(mac);
  expect(macParts.at(-1)).toEqual(count);
  return encode.sequence(...parts.slice(0, -1), encode.sequence(...macParts.slice(0, -1), encode.integer(iterations)));
}

const readSequence = (der: Uint8Array) => children(readDer(der)).map(({ raw }) => raw);
