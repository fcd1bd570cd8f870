/**
 * A token that signs digests: it never sees the message, as USB tokens and remote signing services do. Padding and encoding are
 * done here, outside `node:crypto`, so that a digest taken for a message would be noticed.
 */
import { constants, createHash, createHmac, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto';
import { encode } from '../../src/engines/crypto/index.ts';

const SHA256_OID = '2.16.840.1.101.3.4.2.1';
const HASH_BYTES = 32;

/** The raw value over a SHA-256 digest; ECDSA (P-256) as DER. */
export function tokenSign(key: KeyObject, scheme: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa', digest: Uint8Array): Uint8Array {
  if (scheme === 'ecdsa') return ecdsa(key, digest);
  if (scheme === 'rsa-pss') return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, pssEncoded(key, digest));
  // RFC 8017 §9.2: DigestInfo; the type 1 padding is the token's.
  const digestInfo = encode.sequence(
    encode.sequence(encode.oid(SHA256_OID), Uint8Array.of(0x05, 0x00)),
    encode.octetString(digest),
  );
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo);
}

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** EMSA-PSS with SHA-256, MGF1 and a salt of 32 bytes (RFC 8017 §9.1.1). */
function pssEncoded(key: KeyObject, digest: Uint8Array): Buffer {
  const length = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const salt = randomBytes(HASH_BYTES);
  const hash = sha256(new Uint8Array(8), digest, salt);
  const db = Buffer.concat([Buffer.alloc(length - 2 * HASH_BYTES - 2), Uint8Array.of(1), salt]);
  for (let done = 0, counter = 0; done < db.length; done += HASH_BYTES, counter += 1) {
    const mask = sha256(hash, Uint8Array.of(0, 0, 0, counter));
    for (let i = 0; i < HASH_BYTES && done + i < db.length; i += 1) {
      db[done + i] = (db[done + i] ?? 0) ^ (mask[i] ?? 0);
    }
  }
  db[0] = (db[0] ?? 0) & 0x7f;
  return Buffer.concat([db, hash, Uint8Array.of(0xbc)]);
}

/** P-256 (SEC 2 §2.4.2). */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
type Point = readonly [bigint, bigint] | undefined;
const G: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

/** FIPS 186-5 §6.4.1; the secret number comes from key and digest, enough for a test. */
function ecdsa(key: KeyObject, digest: Uint8Array): Uint8Array {
  const d = number(Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url'));
  const k = number(createHmac('sha256', d.toString(16)).update(digest).digest()) % N;
  const r = (times(k, G)?.[0] ?? 0n) % N;
  const s = modulo(inverse(k, N) * (number(digest) + r * d), N);
  return encode.sequence(encode.integer(r), encode.integer(s));
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const modulo = (a: bigint, m: bigint): bigint => ((a % m) + m) % m;

function inverse(a: bigint, m: bigint): bigint {
  let [r0, r1, s0, s1] = [m, modulo(a, m), 0n, 1n];
  while (r1 !== 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1];
  return modulo(s0, m);
}

function plus(a: Point, b: Point): Point {
  if (a === undefined || b === undefined) return a ?? b;
  if (a[0] === b[0] && a[1] !== b[1]) return undefined;
  const slope =
    a[0] === b[0] ? (3n * a[0] * a[0] - 3n) * inverse(2n * a[1], P) : (b[1] - a[1]) * inverse(b[0] - a[0], P);
  const x = modulo(slope * slope - a[0] - b[0], P);
  return [x, modulo(slope * (a[0] - x) - a[1], P)];
}

function times(k: bigint, point: Point): Point {
  let sum: Point;
  for (let left = k, power = point; left > 0n; left >>= 1n, power = plus(power, power)) {
    if (left & 1n) sum = plus(sum, power);
  }
  return sum;
}
