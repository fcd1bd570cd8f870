/** AlgorithmIdentifier: which digests and signature algorithms the product knows, read and written. */
import { hash } from 'node:crypto';
import type { DigestName } from '../../shared/index.ts';
import { expectOid, fields, inner, malformed, readDer, readSmallInteger, TAG } from './der.ts';
import { encode } from './der-writer.ts';
import { OID } from './oids.ts';
import type { DerNode, KeyAlgorithm, SignatureAlgorithm, SigningScheme } from './types.ts';

/** Digests we can compute: those we also sign with, and SHA-1 to look at old things. */
export type KnownDigest = DigestName | 'SHA-1';

const DIGESTS: Readonly<Record<string, KnownDigest>> = {
  [OID.sha1]: 'SHA-1',
  [OID.sha256]: 'SHA-256',
  [OID.sha384]: 'SHA-384',
  [OID.sha512]: 'SHA-512',
};
const DIGEST_OIDS = { 'SHA-1': OID.sha1, 'SHA-256': OID.sha256, 'SHA-384': OID.sha384, 'SHA-512': OID.sha512 } as const;
const NODE_DIGESTS = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;
/** Digest sizes in bytes; also the salt length we sign PSS with (RFC 8017 §9.1). */
export const DIGEST_BYTES = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 } as const;

const RSA_PKCS1: Readonly<Record<string, KnownDigest>> = {
  [OID.sha1WithRsa]: 'SHA-1',
  [OID.sha256WithRsa]: 'SHA-256',
  [OID.sha384WithRsa]: 'SHA-384',
  [OID.sha512WithRsa]: 'SHA-512',
};
const ECDSA: Readonly<Record<string, KnownDigest>> = {
  [OID.ecdsaWithSha1]: 'SHA-1',
  [OID.ecdsaWithSha256]: 'SHA-256',
  [OID.ecdsaWithSha384]: 'SHA-384',
  [OID.ecdsaWithSha512]: 'SHA-512',
};
const SIGNING_OIDS = {
  'rsa-pkcs1': { 'SHA-256': OID.sha256WithRsa, 'SHA-384': OID.sha384WithRsa, 'SHA-512': OID.sha512WithRsa },
  ecdsa: { 'SHA-256': OID.ecdsaWithSha256, 'SHA-384': OID.ecdsaWithSha384, 'SHA-512': OID.ecdsaWithSha512 },
} as const;

/** `SHA-1` and the others as `node:crypto` names them. */
export function nodeDigest(digest: KnownDigest): 'sha1' | 'sha256' | 'sha384' | 'sha512' {
  return NODE_DIGESTS[digest];
}

/** Digest of `bytes`, SHA-1 included: for reading, never for signing. */
export function digestOf(digest: KnownDigest, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash(NODE_DIGESTS[digest], bytes, 'buffer'));
}

/** OID and parameters (undefined if absent) of an AlgorithmIdentifier. */
export function readAlgorithm(node: DerNode): { oid: string; parameters: DerNode | undefined } {
  const parts = fields(node, 'AlgorithmIdentifier');
  const oid = expectOid(parts.take('algorithm'), 'AlgorithmIdentifier.algorithm');
  const parameters = parts.peek() === undefined ? undefined : parts.take('parameters');
  parts.end('parameters');
  return { oid, parameters };
}

const isEmpty = (parameters: DerNode | undefined): boolean => parameters === undefined || parameters.tag === TAG.null;

/** A digest AlgorithmIdentifier; parameters must be absent or NULL (RFC 5754 §2). */
export function readDigestAlgorithm(node: DerNode): KnownDigest | { readonly oid: string } {
  const { oid, parameters } = readAlgorithm(node);
  return (isEmpty(parameters) ? DIGESTS[oid] : undefined) ?? { oid };
}

/** A signature AlgorithmIdentifier. Unknown ones, and PSS parameters that make no sense, come back as `other`. */
export function readSignatureAlgorithm(node: DerNode): SignatureAlgorithm {
  const { oid, parameters } = readAlgorithm(node);
  if (oid === OID.rsaPss) return readPssParameters(parameters) ?? { scheme: 'other', oid };
  if (!isEmpty(parameters)) return { scheme: 'other', oid };
  const rsa = RSA_PKCS1[oid];
  if (rsa !== undefined) return { scheme: 'rsa-pkcs1', digest: rsa };
  const ec = ECDSA[oid];
  if (ec !== undefined) return { scheme: 'ecdsa', digest: ec };
  // CMS may name the bare key algorithm; the digest is then the SignerInfo's (RFC 3370 §3.2).
  if (oid === OID.rsa) return { scheme: 'rsa-pkcs1', digest: undefined };
  if (oid === OID.ecPublicKey) return { scheme: 'ecdsa', digest: undefined };
  return { scheme: 'other', oid };
}

/** RSASSA-PSS-params (RFC 4055 §3.1) with its defaults; undefined if unknown or malformed. */
export function readPssParameters(
  parameters: DerNode | undefined,
): Extract<SignatureAlgorithm, { scheme: 'rsa-pss' }> | undefined {
  if (parameters === undefined || parameters.tag !== TAG.sequence) return undefined;
  const parts = fields(parameters, 'RSASSA-PSS-params');
  const hashNode = parts.optional(0xa0);
  const maskNode = parts.optional(0xa1);
  const saltNode = parts.optional(0xa2);
  const trailerNode = parts.optional(0xa3);
  parts.end('trailerField');
  const digest = hashNode === undefined ? 'SHA-1' : readDigestAlgorithm(inner(hashNode, 'hashAlgorithm'));
  let mgfDigest: KnownDigest | { readonly oid: string } = 'SHA-1';
  if (maskNode !== undefined) {
    const mask = readAlgorithm(inner(maskNode, 'maskGenAlgorithm'));
    if (mask.oid !== OID.mgf1 || mask.parameters === undefined) return undefined;
    mgfDigest = readDigestAlgorithm(mask.parameters);
  }
  const saltLength = saltNode === undefined ? 20 : readSmallInteger(inner(saltNode, 'saltLength'));
  const trailer = trailerNode === undefined ? 1 : readSmallInteger(inner(trailerNode, 'trailerField'));
  if (typeof digest !== 'string' || typeof mgfDigest !== 'string' || trailer !== 1 || saltLength < 0) return undefined;
  return { scheme: 'rsa-pss', digest, mgfDigest, saltLength };
}

const written = new Map<string, Uint8Array>();

function once(key: string, write: () => Uint8Array): Uint8Array {
  let der = written.get(key);
  if (der === undefined) {
    der = write();
    written.set(key, der);
  }
  return der;
}

/** AlgorithmIdentifier of a digest, parameters absent (RFC 5754 §2). */
export function digestAlgorithm(digest: KnownDigest): Uint8Array {
  return once(digest, () => encode.sequence(encode.oid(DIGEST_OIDS[digest])));
}

/** DER of RSASSA-PSS-params, every field explicit but the trailer; digests with NULL as RFC 4055 §2.1 has them. */
export function pssParameters(digest: KnownDigest, mgfDigest: KnownDigest, saltLength: number): Uint8Array {
  return once(`${digest} ${mgfDigest} ${saltLength}`, () => {
    const withNull = (name: KnownDigest) => encode.sequence(encode.oid(DIGEST_OIDS[name]), encode.null());
    return encode.sequence(
      encode.context(0, withNull(digest)),
      encode.context(1, encode.sequence(encode.oid(OID.mgf1), withNull(mgfDigest))),
      encode.context(2, encode.integer(saltLength)),
    );
  });
}

/** AlgorithmIdentifier of the signatures that `scheme` makes. PSS: MGF1 with the same digest, salt as long as the digest. */
export function signatureAlgorithm(scheme: SigningScheme): Uint8Array {
  return once(`${scheme.scheme} ${scheme.digest}`, () => {
    if (scheme.scheme === 'rsa-pss') {
      const parameters = pssParameters(scheme.digest, scheme.digest, DIGEST_BYTES[scheme.digest]);
      return encode.sequence(encode.oid(OID.rsaPss), parameters);
    }
    const oid = encode.oid(SIGNING_OIDS[scheme.scheme][scheme.digest]);
    // RFC 4055 §5: NULL for PKCS #1 v1.5; RFC 5758 §3.2: absent for ECDSA.
    return scheme.scheme === 'rsa-pkcs1' ? encode.sequence(oid, encode.null()) : encode.sequence(oid);
  });
}

const CURVES: Readonly<Record<string, 'P-256' | 'P-384' | 'P-521'>> = {
  [OID.p256]: 'P-256',
  [OID.p384]: 'P-384',
  [OID.p521]: 'P-521',
};

/** What a SubjectPublicKeyInfo holds; `pss` are the parameters an id-RSASSA-PSS key restricts itself to. */
export function readKeyAlgorithm(spki: Uint8Array): {
  algorithm: KeyAlgorithm;
  pss: Extract<SignatureAlgorithm, { scheme: 'rsa-pss' }> | undefined;
} {
  const [identifier, key] = fieldsOfSpki(spki);
  const { oid, parameters } = readAlgorithm(identifier);
  if (oid === OID.rsa) return { algorithm: { kind: 'rsa', bits: modulusBits(key) }, pss: undefined };
  if (oid === OID.rsaPss) {
    const pss = parameters === undefined ? undefined : readPssParameters(parameters);
    if (parameters !== undefined && pss === undefined) return { algorithm: { kind: 'other', oid }, pss: undefined };
    return { algorithm: { kind: 'rsa-pss', bits: modulusBits(key) }, pss };
  }
  if (oid === OID.ecPublicKey && parameters?.tag === TAG.oid) {
    const curveOid = expectOid(parameters, 'namedCurve');
    const curve = CURVES[curveOid];
    return {
      algorithm: curve === undefined ? { kind: 'other', oid: curveOid } : { kind: 'ec', curve },
      pss: undefined,
    };
  }
  return { algorithm: { kind: 'other', oid }, pss: undefined };
}

/** AlgorithmIdentifier and contents of the subjectPublicKey of a SubjectPublicKeyInfo. */
export function fieldsOfSpki(spki: Uint8Array): [DerNode, Uint8Array] {
  const parts = fields(readDer(spki), 'SubjectPublicKeyInfo');
  const identifier = parts.take('algorithm', TAG.sequence);
  const key = parts.take('subjectPublicKey', TAG.bitString);
  parts.end('subjectPublicKey');
  return [identifier, key.content.subarray(1)];
}

function modulusBits(rsaPublicKey: Uint8Array): number {
  const { content } = fields(readDer(rsaPublicKey), 'RSAPublicKey').take('modulus', TAG.integer);
  const first = content.findIndex((byte) => byte !== 0);
  if (first < 0) malformed('RSAPublicKey.modulus');
  return (content.length - first) * 8 - Math.clz32(content[first] ?? 0) + 24;
}
