/**
 * Reads PKCS#12 (RFC 7292) on `node:crypto`: PBES2 (RFC 8018) and the old schemes, MAC by the PKCS#12 KDF or PBMAC1 (RFC 9579).
 * Runs in a worker thread (`pkcs12-worker.ts`): deriving keys is slow on purpose.
 */
import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../shared/index.ts';
import { readAlgorithm } from './algorithms.ts';
import {
  children,
  contextTag,
  expectOid,
  fields,
  inner,
  malformed,
  readDer,
  readOctets,
  readSmallInteger,
  TAG,
} from './der.ts';
import { OID } from './oids.ts';
import { bmpPassword, deriveBytes, type Pkcs12Digest, PURPOSE } from './pkcs12-kdf.ts';
import type { DerNode } from './types.ts';

/** Derivation rounds a file may ask for in one place, and in all places together. */
const MAX_ITERATIONS = 2_000_000;
const MAX_TOTAL_ITERATIONS = 6_000_000;
const MAX_BAGS = 200;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const PBMAC1 = '1.2.840.113549.1.5.14';
const BAG = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const;
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';

const DIGESTS: Readonly<Record<string, Pkcs12Digest>> = {
  [OID.sha1]: 'sha1',
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
};
/** PRFs of PBKDF2 and MACs of PBMAC1. */
const HMACS: Readonly<Record<string, Pkcs12Digest>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<
  Record<string, { readonly name: string; readonly keyLength: number; readonly ivLength: number }>
> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16, ivLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24, ivLength: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32, ivLength: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyLength: 24, ivLength: 8 },
};
/** RFC 7292 Appendix C: keys and IVs by the PKCS#12 KDF with SHA-1. */
const OLD_SCHEMES: Readonly<
  Record<string, { readonly cipher: 'des-ede3-cbc' | 'des-ede-cbc' | 'rc2'; readonly keyLength: number }>
> = {
  '1.2.840.113549.1.12.1.3': { cipher: 'des-ede3-cbc', keyLength: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: 'des-ede-cbc', keyLength: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', keyLength: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', keyLength: 5 },
};

/** Decrypts RC2-CBC with PKCS#7 padding; undefined if the padding is wrong. */
export type Rc2 = (key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array) => Promise<Uint8Array | undefined>;

export interface Pkcs12Contents {
  /** PKCS#8 PrivateKeyInfo. */
  readonly keys: Uint8Array[];
  /** DER certificates in the order of the file. */
  readonly certificates: Uint8Array[];
}

/**
 * What is asked of a file: everything, or only the keys that are encrypted one by one. Of those, whoever knows the certificate sees whether
 * they are right: the MAC, whose derivation costs most, is left out.
 */
export type Pkcs12Part = 'everything' | 'keys';

/** One attempt with one reading of the password. */
export interface Opening {
  readonly password: string;
  readonly rc2: Rc2;
  iterationsLeft: number;
}

/**
 * Opens a file with the password as typed; where it has letters with diacritics, also as composed and as decomposed, since keyboards
 * and exporting programs differ. Throws `P12_PIN_WRONG`, `P12_TOO_COSTLY`, `P12_MALFORMED`.
 */
export async function readPkcs12(
  bytes: Uint8Array,
  password: string,
  rc2: Rc2,
  part: Pkcs12Part = 'everything',
): Promise<Pkcs12Contents> {
  const forms = new Set([password, password.normalize('NFC'), password.normalize('NFD')]);
  let wrong: unknown;
  for (const form of forms) {
    try {
      return await open(bytes, { password: form, rc2, iterationsLeft: MAX_TOTAL_ITERATIONS }, part);
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'DER_MALFORMED' || error.code === 'CERTIFICATE_MALFORMED')
        throw new AppError('P12_MALFORMED', { cause: error });
      if (error.code !== 'P12_PIN_WRONG') throw error;
      wrong = error;
    }
  }
  throw wrong;
}

async function open(bytes: Uint8Array, opening: Opening, part: Pkcs12Part): Promise<Pkcs12Contents> {
  const pfx = fields(readDer(bytes, { ber: true, trailing: true }), 'PFX');
  if (readSmallInteger(pfx.take('version', TAG.integer)) !== 3) malformed('PFX.version');
  const authSafe = readData(pfx.take('authSafe'));
  const macData = pfx.optional(TAG.sequence);
  pfx.end('macData');
  const safes = fields(readDer(authSafe, { ber: true }), 'AuthenticatedSafe').rest();
  if (macData !== undefined && part === 'everything') verifyMac(macData, authSafe, opening);

  const contents: Pkcs12Contents = { keys: [], certificates: [] };
  for (const safe of safes) {
    if (part === 'everything' || contentTypeOf(safe) === OID.data) await readSafe(safe, opening, contents);
  }
  return contents;
}

function contentTypeOf(contentInfo: DerNode): string {
  return expectOid(fields(contentInfo, 'ContentInfo').take('contentType'), 'contentType');
}

/** Octets of a ContentInfo of type id-data. */
function readData(contentInfo: DerNode): Uint8Array {
  const parts = fields(contentInfo, 'ContentInfo');
  if (expectOid(parts.take('contentType'), 'contentType') !== OID.data) malformed('ContentInfo.contentType');
  return readOctets(inner(parts.take('content', contextTag(0)), 'content'));
}

async function readSafe(safe: DerNode, opening: Opening, contents: Pkcs12Contents): Promise<void> {
  const type = contentTypeOf(safe);
  if (type === OID.data) return readBags(readDer(readData(safe), { ber: true }), opening, contents, 0);
  if (type !== OID.encryptedData) malformed('ContentInfo.contentType');
  const parts = fields(safe, 'ContentInfo');
  parts.take('contentType');
  const encrypted = fields(inner(parts.take('content', contextTag(0)), 'content'), 'EncryptedData');
  encrypted.take('version', TAG.integer);
  const info = fields(encrypted.take('encryptedContentInfo'), 'EncryptedContentInfo');
  info.take('contentType', TAG.oid);
  const algorithm = info.take('contentEncryptionAlgorithm');
  const content = info.take('encryptedContent');
  if ((content.tag & ~0x20) !== contextTag(0, false)) malformed('encryptedContent');
  const clear = await decrypt(algorithm, readOctets(content), opening);
  return readBags(readDecrypted(clear), opening, contents, 0);
}

/** A wrong password sometimes leaves valid padding: what does not parse then is the password's fault. */
function readDecrypted(clear: Uint8Array): DerNode {
  try {
    return readDer(clear, { ber: true });
  } catch (error) {
    throw new AppError('P12_PIN_WRONG', { cause: error });
  }
}

async function readBags(safeContents: DerNode, opening: Opening, into: Pkcs12Contents, depth: number): Promise<void> {
  if (depth > 4) malformed('SafeContents');
  for (const bag of fields(safeContents, 'SafeContents').rest()) {
    const parts = fields(bag, 'SafeBag');
    const id = expectOid(parts.take('bagId'), 'bagId');
    const value = inner(parts.take('bagValue', contextTag(0)), 'bagValue');
    if (into.keys.length + into.certificates.length >= MAX_BAGS) malformed('SafeContents');
    if (id === BAG.key) into.keys.push(value.raw);
    else if (id === BAG.shroudedKey) into.keys.push(await readShroudedKey(value, opening));
    else if (id === BAG.certificate) readCertificateBag(value, into);
    else if (id === BAG.safeContents) await readBags(value, opening, into, depth + 1);
  }
}

async function readShroudedKey(value: DerNode, opening: Opening): Promise<Uint8Array> {
  const parts = fields(value, 'EncryptedPrivateKeyInfo');
  const algorithm = parts.take('encryptionAlgorithm');
  const clear = await decrypt(algorithm, readOctets(parts.take('encryptedData')), opening);
  return readDecrypted(clear).raw;
}

function readCertificateBag(value: DerNode, into: Pkcs12Contents): void {
  const parts = fields(value, 'CertBag');
  if (expectOid(parts.take('certId'), 'certId') !== X509_CERTIFICATE) return;
  into.certificates.push(readOctets(inner(parts.take('certValue', contextTag(0)), 'certValue')));
}

/** Iterations are looked at before anything is derived. */
function spend(node: DerNode, opening: Opening): number {
  // Larger than 32 bits is too many as well.
  const iterations = node.content.length > 4 ? Number.POSITIVE_INFINITY : readSmallInteger(node);
  if (iterations < 1) malformed('iterations');
  opening.iterationsLeft -= iterations;
  if (iterations > MAX_ITERATIONS || opening.iterationsLeft < 0) throw new AppError('P12_TOO_COSTLY');
  return iterations;
}

// ── integrity ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function verifyMac(macData: DerNode, authSafe: Uint8Array, opening: Opening): void {
  const parts = fields(macData, 'MacData');
  const digestInfo = fields(parts.take('mac'), 'DigestInfo');
  const { oid, parameters } = readAlgorithm(digestInfo.take('digestAlgorithm'));
  const stated = readOctets(digestInfo.take('digest'));
  const salt = readOctets(parts.take('macSalt'));
  const iterationsNode = parts.optional(TAG.integer);
  const candidates =
    oid === PBMAC1
      ? [pbmac1(parameters, authSafe, opening)]
      : oldMacs(oid, salt, iterationsNode === undefined ? 1 : spend(iterationsNode, opening), authSafe, opening);
  const right = candidates.some((mac) => mac.length === stated.length && timingSafeEqual(mac, stated));
  if (!right) throw new AppError('P12_PIN_WRONG');
}

/** RFC 7292 §4: HMAC with a key from the PKCS#12 KDF. An empty password has two readings in the wild. */
function oldMacs(
  oid: string,
  salt: Uint8Array,
  iterations: number,
  authSafe: Uint8Array,
  { password }: Opening,
): Uint8Array[] {
  const digest = DIGESTS[oid] ?? malformed('MacData.mac.digestAlgorithm');
  const length = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }[digest];
  return oldPasswords(password).map((octets) => {
    const key = deriveBytes(digest, octets, salt, PURPOSE.mac, iterations, length);
    return createHmac(digest, key).update(authSafe).digest();
  });
}

function oldPasswords(password: string): Uint8Array[] {
  return password === '' ? [bmpPassword(''), new Uint8Array()] : [bmpPassword(password)];
}

/** RFC 9579 §2: PBMAC1 (RFC 8018 §7.1) with PBKDF2 and HMAC. */
function pbmac1(parameters: DerNode | undefined, authSafe: Uint8Array, opening: Opening): Uint8Array {
  const parts = fields(parameters ?? malformed('PBMAC1-params'), 'PBMAC1-params');
  const derive = readPbkdf2(parts.take('keyDerivationFunc'), opening);
  const hmac = HMACS[readAlgorithm(parts.take('messageAuthScheme')).oid] ?? malformed('messageAuthScheme');
  return createHmac(hmac, derive(undefined)).update(authSafe).digest();
}

// ── encryption ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** PBKDF2 (RFC 8018 A.2) over the password in UTF-8. The returned function takes the key length the cipher wants. */
function readPbkdf2(node: DerNode, opening: Opening): (keyLength: number | undefined) => Uint8Array {
  const { oid, parameters } = readAlgorithm(node);
  if (oid !== PBKDF2 || parameters === undefined) malformed('keyDerivationFunc');
  const parts = fields(parameters, 'PBKDF2-params');
  const salt = parts.take('salt', TAG.octetString).content;
  const iterations = spend(parts.take('iterationCount', TAG.integer), opening);
  const lengthNode = parts.optional(TAG.integer);
  const prfNode = parts.optional(TAG.sequence);
  parts.end('prf');
  const prf = prfNode === undefined ? 'sha1' : (HMACS[readAlgorithm(prfNode).oid] ?? malformed('prf'));
  const stated = lengthNode === undefined ? undefined : readSmallInteger(lengthNode);
  return (wanted) => {
    const length = stated ?? wanted;
    if (length === undefined || length < 1 || length > 1024 || (wanted !== undefined && wanted !== length))
      malformed('keyLength');
    return pbkdf2Sync(Buffer.from(opening.password, 'utf8'), salt, iterations, length, prf);
  };
}

/** Decrypts under an encryption AlgorithmIdentifier of PBES2 or RFC 7292 Appendix C. Throws as `readPkcs12` does. */
export async function decrypt(algorithm: DerNode, ciphertext: Uint8Array, opening: Opening): Promise<Uint8Array> {
  const { oid, parameters } = readAlgorithm(algorithm);
  if (parameters === undefined) return malformed('encryption parameters');
  if (oid === PBES2) return decryptPbes2(parameters, ciphertext, opening);
  const scheme = OLD_SCHEMES[oid] ?? malformed('encryption algorithm');
  const parts = fields(parameters, 'pkcs-12PbeParams');
  const salt = readOctets(parts.take('salt'));
  const iterations = spend(parts.take('iterations', TAG.integer), opening);
  for (const password of oldPasswords(opening.password)) {
    const key = deriveBytes('sha1', password, salt, PURPOSE.key, iterations, scheme.keyLength);
    const iv = deriveBytes('sha1', password, salt, PURPOSE.iv, iterations, 8);
    const clear =
      scheme.cipher === 'rc2' ? await opening.rc2(key, iv, ciphertext) : decipher(scheme.cipher, key, iv, ciphertext);
    if (clear !== undefined) return clear;
  }
  throw new AppError('P12_PIN_WRONG');
}

function decryptPbes2(parameters: DerNode, ciphertext: Uint8Array, opening: Opening): Uint8Array {
  const [kdf, encryption, ...more] = children(parameters);
  if (kdf === undefined || encryption === undefined || more.length > 0) return malformed('PBES2-params');
  const { oid, parameters: ivNode } = readAlgorithm(encryption);
  const cipher = CIPHERS[oid] ?? malformed('encryptionScheme');
  if (ivNode === undefined || ivNode.content.length !== cipher.ivLength) return malformed('encryptionScheme');
  const key = readPbkdf2(kdf, opening)(cipher.keyLength);
  const clear = decipher(cipher.name, key, ivNode.content, ciphertext);
  if (clear === undefined) throw new AppError('P12_PIN_WRONG');
  return clear;
}

/** Undefined if the padding is wrong: with an intact file that means the password. */
function decipher(name: string, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
  try {
    // Two-key 3DES is three-key 3DES with K3 = K1.
    const [cipher, full] =
      name === 'des-ede-cbc' ? ['des-ede3-cbc', Buffer.concat([key, key.subarray(0, 8)])] : [name, key];
    const stream = createDecipheriv(cipher, full, iv);
    return new Uint8Array(Buffer.concat([stream.update(ciphertext), stream.final()]));
  } catch {
    return undefined;
  }
}
