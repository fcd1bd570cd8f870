/** Writes PKCS#12 files (RFC 7292) for the people of the throw-away authority, as OpenSSL 3 writes them: PBES2, AES-256, HMAC-SHA256. */
import { createCipheriv, createHash, createHmac, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type Certificate, encode } from '../../../engines/crypto/index.ts';
import { nfc } from '../../../shared/index.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** Default of OpenSSL; a throw-away key needs no more. */
const ITERATIONS = 2048;
const BMP_STRING = 0x1e;

export interface Pkcs12Content {
  readonly privateKey: KeyObject;
  readonly certificate: Certificate;
  /** Issuers, stored with the certificate. */
  readonly chain: readonly Certificate[];
  readonly friendlyName: string;
}

/** The file in DER, readable with `password` by openssl, browsers and the signer of this product. */
export function writePkcs12(content: Pkcs12Content, password: string): Uint8Array {
  const keyId = createHash('sha256').update(content.certificate.der).digest().subarray(0, 20);
  const attributes = encode.setOf([
    attribute(OID.friendlyName, encode.element(BMP_STRING, bigEndianUtf16(nfc(content.friendlyName)))),
    attribute(OID.localKeyId, encode.octetString(keyId)),
  ]);
  const certificates = encode.sequence(
    certificateBag(content.certificate, attributes),
    ...content.chain.map((issuer) => certificateBag(issuer)),
  );
  const keys = encode.sequence(
    bag(
      OID.shroudedKeyBag,
      content.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password }),
      attributes,
    ),
  );
  const safe = encode.sequence(encryptedInfo(certificates, password), plainInfo(keys));
  return encode.sequence(encode.integer(3), plainInfo(safe), macOf(safe, password));
}

function certificateBag(certificate: Certificate, attributes?: Uint8Array): Uint8Array {
  const value = encode.sequence(
    encode.oid(OID.x509Certificate),
    encode.context(0, encode.octetString(certificate.der)),
  );
  return bag(OID.certBag, value, attributes);
}

function bag(type: string, value: Uint8Array, attributes?: Uint8Array): Uint8Array {
  return encode.sequence(encode.oid(type), encode.context(0, value), ...(attributes === undefined ? [] : [attributes]));
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return encode.sequence(encode.oid(type), encode.setOf([value]));
}

function plainInfo(content: Uint8Array): Uint8Array {
  return encode.sequence(encode.oid(OID.data), encode.context(0, encode.octetString(content)));
}

/** EncryptedData under PBES2 (RFC 8018 §6.2); the password is UTF-8 there. */
function encryptedInfo(content: Uint8Array, password: string): Uint8Array {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  const derivation = encode.sequence(
    encode.oid(OID.pbkdf2),
    encode.sequence(
      encode.octetString(salt),
      encode.integer(ITERATIONS),
      encode.sequence(encode.oid(OID.hmacWithSha256), encode.null()),
    ),
  );
  const algorithm = encode.sequence(
    encode.oid(OID.pbes2),
    encode.sequence(derivation, encode.sequence(encode.oid(OID.aes256Cbc), encode.octetString(iv))),
  );
  const encryptedData = encode.sequence(
    encode.integer(0),
    encode.sequence(encode.oid(OID.data), algorithm, encode.contextPrimitive(0, encrypted)),
  );
  return encode.sequence(encode.oid(OID.encryptedData), encode.context(0, encryptedData));
}

function macOf(safe: Uint8Array, password: string): Uint8Array {
  const salt = randomBytes(16);
  const mac = createHmac('sha256', macKey(password, salt)).update(safe).digest();
  const digestInfo = encode.sequence(encode.sequence(encode.oid(OID.sha256), encode.null()), encode.octetString(mac));
  return encode.sequence(digestInfo, encode.octetString(salt), encode.integer(ITERATIONS));
}

/** RFC 7292 appendix B.2 for one SHA-256 block (u = 32, v = 64, ID = 3). */
function macKey(password: string, salt: Uint8Array): Uint8Array {
  const passwordBytes = Buffer.concat([bigEndianUtf16(password), Buffer.alloc(2)]);
  let key: Uint8Array = Buffer.concat([Buffer.alloc(64, 3), fill(salt, 64), fill(passwordBytes, 64)]);
  for (let round = 0; round < ITERATIONS; round += 1) key = createHash('sha256').update(key).digest();
  return key;
}

/** `bytes` over and over, up to the next multiple of `block`. */
function fill(bytes: Uint8Array, block: number): Uint8Array {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

function bigEndianUtf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
