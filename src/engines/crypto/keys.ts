/** Signing and verifying with `node:crypto`; no arithmetic of our own. */
import { constants, createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { AppError } from '../../shared/index.ts';
import {
  DIGEST_BYTES,
  fieldsOfSpki,
  nodeDigest,
  pssParameters,
  readAlgorithm,
  readKeyAlgorithm,
} from './algorithms.ts';
import { plainBytes } from './der.ts';
import { encode } from './der-writer.ts';
import { OID } from './oids.ts';
import { createRecent } from './recent.ts';
import type { Certificate, KeyAlgorithm, RawSigner, SignatureAlgorithm, SigningScheme } from './types.ts';

/** The least RSA modulus that counts as strong (Circular 15/2025/TT-BKHCN). */
export const MIN_RSA_BITS = 2048;

type PssAlgorithm = Extract<SignatureAlgorithm, { scheme: 'rsa-pss' }>;

/** A public key ready to verify with, and what its own AlgorithmIdentifier restricts it to. */
interface VerificationKey {
  readonly algorithm: KeyAlgorithm;
  readonly pss: PssAlgorithm | undefined;
  readonly spki: Uint8Array;
  readonly key: KeyObject;
  /** Re-wrapped keys by PSS parameters. */
  readonly pssKeys: Map<string, KeyObject>;
}

const keysByCertificate = new WeakMap<object, VerificationKey>();

function verificationKey(of: Certificate | Uint8Array): VerificationKey {
  const known = keysByCertificate.get(of);
  if (known !== undefined) return known;
  const spki = of instanceof Uint8Array ? of : of.spki;
  const key =
    of instanceof Uint8Array ? createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }) : of.publicKey;
  const made = { ...readKeyAlgorithm(spki), spki, key, pssKeys: new Map<string, KeyObject>() };
  keysByCertificate.set(of, made);
  return made;
}

/**
 * Answers of `verifySignature`. The same chain, revocation list or time-stamp comes by again and again (a document is looked at after
 * every step), and a digest costs a tenth of a public-key operation. An answer depends on nothing but what its name is made of.
 */
const answers = createRecent<{ readonly verifies: boolean }>(400);

/**
 * True if `signature` over `message` verifies under the key (a certificate, or a SubjectPublicKeyInfo) with exactly this algorithm.
 * False for anything else: unknown algorithm, key of another kind, PSS parameters the key does not allow. Never throws.
 */
export function verifySignature(
  key: Certificate | Uint8Array,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const spki = key instanceof Uint8Array ? key : key.spki;
  // The lengths keep one part from being read as the end of another.
  const named = `${JSON.stringify(algorithm)} ${spki.length} ${signature.length} ${message.length} `;
  const name = createHash('sha256').update(named).update(spki).update(signature).update(message).digest('base64');
  return answers.of(name, () => ({ verifies: verifyNow(key, algorithm, message, signature) })).verifies;
}

function verifyNow(
  key: Certificate | Uint8Array,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const verifier = verificationKey(key);
    switch (algorithm.scheme) {
      case 'rsa-pkcs1':
        if (verifier.algorithm.kind !== 'rsa' || algorithm.digest === undefined) return false;
        return verify(nodeDigest(algorithm.digest), message, verifier.key, signature);
      case 'rsa-pss':
        return verifyPss(verifier, algorithm, message, signature);
      case 'ecdsa':
        if (verifier.algorithm.kind !== 'ec' || algorithm.digest === undefined) return false;
        return verify(nodeDigest(algorithm.digest), message, verifier.key, signature); // DER by default
      case 'other':
        return verifyDsa(verifier, algorithm.oid, message, signature);
    }
  } catch {
    return false;
  }
}

function verifyPss(
  verifier: VerificationKey,
  algorithm: PssAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { digest, mgfDigest, saltLength } = algorithm;
  const { kind } = verifier.algorithm;
  if (kind !== 'rsa' && kind !== 'rsa-pss') return false;
  // RFC 4055 §1.2, §3.3: a key with parameters allows these digests only, and salts of at least its length.
  const own = verifier.pss;
  if (own !== undefined && (own.digest !== digest || own.mgfDigest !== mgfDigest || saltLength < own.saltLength))
    return false;
  // `crypto.verify` takes MGF1 to use the message's digest unless the key itself says otherwise.
  const key = digest === mgfDigest || own !== undefined ? verifier.key : pssKey(verifier, algorithm);
  return verify(nodeDigest(digest), message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

function pssKey(verifier: VerificationKey, { digest, mgfDigest, saltLength }: PssAlgorithm): KeyObject {
  const name = `${digest} ${mgfDigest} ${saltLength}`;
  let key = verifier.pssKeys.get(name);
  if (key === undefined) {
    const [, bits] = fieldsOfSpki(verifier.spki);
    const identifier = encode.sequence(encode.oid(OID.rsaPss), pssParameters(digest, mgfDigest, saltLength));
    const spki = encode.sequence(identifier, encode.bitString(bits));
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (verifier.pssKeys.size < 16) verifier.pssKeys.set(name, key);
  }
  return key;
}

/** DSA certificates still stand in old chains and in conformance suites; nothing is signed with it. */
function verifyDsa(verifier: VerificationKey, oid: string, message: Uint8Array, signature: Uint8Array): boolean {
  const digest = oid === OID.dsaWithSha1 ? 'sha1' : oid === OID.dsaWithSha256 ? 'sha256' : undefined;
  if (digest === undefined || verifier.key.asymmetricKeyType !== 'dsa') return false;
  return verify(digest, message, { key: verifier.key, dsaEncoding: 'der' }, signature);
}

/**
 * RFC 5280 §4.1.2.7: a DSA key may leave out its parameters and inherit those of its issuer. Returns the SubjectPublicKeyInfo with
 * them filled in, or the certificate's own when nothing is missing.
 */
export function inheritKeyParameters(certificate: Certificate, issuerSpki: Uint8Array): Uint8Array {
  if (certificate.keyAlgorithm.kind !== 'other' || certificate.keyAlgorithm.oid !== OID.dsa) return certificate.spki;
  const [own, key] = fieldsOfSpki(certificate.spki);
  const [from] = fieldsOfSpki(issuerSpki);
  if (readAlgorithm(own).parameters !== undefined || readAlgorithm(from).oid !== OID.dsa) return certificate.spki;
  return encode.sequence(from.raw, encode.bitString(key));
}

/** What is too weak to rely on: SHA-1 or MD5, RSA below 2048 bits. For the caller's `CRYPTO_CONSTRAINTS_FAILURE`. */
export function isWeak(key: KeyAlgorithm, algorithm: SignatureAlgorithm): boolean {
  if ((key.kind === 'rsa' || key.kind === 'rsa-pss') && key.bits < MIN_RSA_BITS) return true;
  if (algorithm.scheme === 'other') return algorithm.oid === OID.md5WithRsa || algorithm.oid === OID.dsaWithSha1;
  return algorithm.digest === 'SHA-1';
}

/**
 * The scheme to sign with under this certificate unless a test signature shows that the key cannot: PSS for RSA, ECDSA with the
 * digest that matches the curve. Throws `KEY_UNSUPPORTED` (RSA below 2048 bits, other curves and kinds).
 */
export function schemeFor(certificate: Certificate): SigningScheme {
  const { algorithm, pss } = readKeyAlgorithm(certificate.spki);
  switch (algorithm.kind) {
    case 'rsa':
    case 'rsa-pss': {
      const digest = pss?.digest ?? 'SHA-256';
      if (algorithm.bits < MIN_RSA_BITS || digest === 'SHA-1') throw new AppError('KEY_UNSUPPORTED');
      return { scheme: 'rsa-pss', digest };
    }
    case 'ec':
      return {
        scheme: 'ecdsa',
        digest: ({ 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const)[algorithm.curve],
      };
    case 'other':
      throw new AppError('KEY_UNSUPPORTED');
  }
}

/** Signs with a key of this process. The returned function throws `KEY_UNSUPPORTED` if the key cannot make such a signature. */
export function rawSigner(privateKey: KeyObject, { scheme, digest }: SigningScheme): RawSigner {
  // A bare key means PKCS#1 v1.5 for RSA and DER for ECDSA; options around it cost more than all else here but the signature itself.
  const key =
    scheme === 'rsa-pss'
      ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: DIGEST_BYTES[digest] }
      : privateKey;
  const expected = scheme === 'ecdsa' ? ['ec'] : scheme === 'rsa-pss' ? ['rsa', 'rsa-pss'] : ['rsa'];
  return (message) => {
    if (!expected.includes(privateKey.asymmetricKeyType ?? '')) throw new AppError('KEY_UNSUPPORTED');
    try {
      return plainBytes(sign(nodeDigest(digest), message, key));
    } catch (error) {
      throw new AppError('KEY_UNSUPPORTED', { cause: error });
    }
  };
}

/** The AlgorithmIdentifier that a signature made by `scheme` is verified under. */
export function algorithmOf({ scheme, digest }: SigningScheme): SignatureAlgorithm {
  return scheme === 'rsa-pss'
    ? { scheme, digest, mgfDigest: digest, saltLength: DIGEST_BYTES[digest] }
    : { scheme, digest };
}
