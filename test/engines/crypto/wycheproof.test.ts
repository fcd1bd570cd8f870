/** Signature edge cases of Project Wycheproof: no invalid one may verify, no valid one in our algorithms may fail. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  encode,
  type KnownDigest,
  readDer,
  type SignatureAlgorithm,
  verifySignature,
} from '../../../src/engines/crypto/index.ts';
import { decrypt } from '../../../src/engines/crypto/pkcs12-reader.ts';
import { corpus } from './support/corpora.ts';

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly type: string;
    readonly sha: string;
    readonly mgfSha?: string;
    readonly sLen?: number;
    readonly publicKeyDer: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

const folder = corpus('wycheproof');
const KNOWN: readonly string[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const isKnown = (name: string | undefined): name is KnownDigest => name !== undefined && KNOWN.includes(name);
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

/** Every file of signatures with its number of vectors: a shrunken corpus is a failure. */
const FILES: Readonly<Record<string, number>> = {
  ecdsa_secp256r1_sha256: 484,
  ecdsa_secp256r1_sha512: 554,
  ecdsa_secp384r1_sha256: 472,
  ecdsa_secp384r1_sha384: 504,
  ecdsa_secp384r1_sha512: 542,
  ecdsa_secp521r1_sha512: 542,
  rsa_pss_2048_sha256_mgf1_32: 108,
  rsa_pss_2048_sha384_mgf1_48: 141,
  rsa_pss_3072_sha256_mgf1_32: 108,
  rsa_pss_4096_sha512_mgf1_64: 179,
  rsa_pss_misc: 150,
  rsa_signature_2048_sha256: 259,
  rsa_signature_2048_sha384: 258,
  rsa_signature_2048_sha512: 259,
  rsa_signature_3072_sha256: 259,
  rsa_signature_3072_sha384: 259,
  rsa_signature_3072_sha512: 260,
  rsa_signature_4096_sha256: 258,
  rsa_signature_4096_sha384: 259,
  rsa_signature_4096_sha512: 259,
  // Not our algorithms: everything must be refused.
  rsa_signature_2048_sha3_256: 257,
  ed25519: 151,
};
const NOT_OURS = ['rsa_signature_2048_sha3_256', 'ed25519'];

describe.skipIf(folder === undefined)('Wycheproof signatures (needs ANTIN_CORPORA)', () => {
  const load = (name: string): Vectors => JSON.parse(readFileSync(join(folder ?? '', `${name}_test.json`), 'utf8'));

  function algorithmOf(group: Vectors['testGroups'][number]): SignatureAlgorithm | undefined {
    if (!isKnown(group.sha)) return undefined;
    switch (group.type) {
      case 'EcdsaVerify':
        return { scheme: 'ecdsa', digest: group.sha };
      case 'RsassaPkcs1Verify':
        return { scheme: 'rsa-pkcs1', digest: group.sha };
      case 'RsassaPssVerify':
        return isKnown(group.mgfSha)
          ? { scheme: 'rsa-pss', digest: group.sha, mgfDigest: group.mgfSha, saltLength: group.sLen ?? 0 }
          : undefined;
      default:
        return undefined;
    }
  }

  it.each(Object.entries(FILES))('%s: %i vectors', (name, count) => {
    const vectors = load(name);
    const wrong: string[] = [];
    let judged = 0;
    for (const group of vectors.testGroups) {
      const algorithm = algorithmOf(group);
      for (const test of group.tests) {
        judged++;
        const verified = verifySignature(
          bytes(group.publicKeyDer),
          algorithm ?? { scheme: 'other', oid: '1.3.101.112' },
          bytes(test.msg),
          bytes(test.sig),
        );
        // `acceptable` here: PKCS #1 v1.5 without the NULL in DigestInfo, which RFC 8017 §9.2 does not allow. We refuse it.
        const expected = test.result === 'valid' && algorithm !== undefined;
        if (verified !== expected) wrong.push(`${test.tcId} ${test.comment}: ${verified}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(judged).toBe(count);
    if (NOT_OURS.includes(name))
      expect(vectors.testGroups.every((group) => algorithmOf(group) === undefined)).toBe(true);
  });
});

interface PbeVectors {
  readonly testGroups: readonly {
    readonly tests: readonly {
      readonly tcId: number;
      readonly password: string;
      readonly salt: string;
      readonly iterationCount: number;
      readonly iv: string;
      readonly msg: string;
      readonly ct: string;
    }[];
  }[];
}

describe.skipIf(folder === undefined)('Wycheproof PBES2 (needs ANTIN_CORPORA)', () => {
  it('decrypts those of the 84 whose password is text, not arbitrary octets', async () => {
    const path = join(folder ?? '', 'pbes2_hmacsha256_aes_256_test.json');
    const { testGroups }: PbeVectors = JSON.parse(readFileSync(path, 'utf8'));
    let opened = 0;
    for (const test of testGroups.flatMap(({ tests }) => tests)) {
      const prf = encode.sequence(encode.oid('1.2.840.113549.2.9'), encode.null());
      const derivation = encode.sequence(
        encode.octetString(bytes(test.salt)),
        encode.integer(test.iterationCount),
        prf,
      );
      const algorithm = encode.sequence(
        encode.oid('1.2.840.113549.1.5.13'),
        encode.sequence(
          encode.sequence(encode.oid('1.2.840.113549.1.5.12'), derivation),
          encode.sequence(encode.oid('2.16.840.1.101.3.4.1.42'), encode.octetString(bytes(test.iv))),
        ),
      );
      if (!isUtf8(bytes(test.password))) continue;
      const password = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(test.password));
      const opening = { password, rc2: async () => undefined, iterationsLeft: 6_000_000 };
      expect(await decrypt(readDer(algorithm), bytes(test.ct), opening), `${test.tcId}`).toEqual(bytes(test.msg));
      opened++;
    }
    expect(opened).toBe(63);
  });
});
