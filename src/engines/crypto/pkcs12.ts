/** PKCS#12 key stores (RFC 7292): opened in a worker thread of their own, made for our own authority. */
import {
  createCipheriv,
  createHmac,
  createPrivateKey,
  type KeyObject,
  pbkdf2Sync,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../shared/index.ts';
import { parseCertificate } from './certificate.ts';
import { encode } from './der-writer.ts';
import { verifySignature } from './keys.ts';
import { sameName } from './names.ts';
import { OID } from './oids.ts';
import { bmpPassword, deriveBytes, PURPOSE } from './pkcs12-kdf.ts';
import type { Pkcs12Question } from './pkcs12-worker.ts';
import type { Certificate } from './types.ts';

const MAX_BYTES = 1024 * 1024;
/** The slowest file allowed takes some seconds; one that takes this long is an attack. */
const TIME_LIMIT_MS = 60_000;

export interface OpenedPkcs12 {
  readonly privateKey: KeyObject;
  readonly certificate: Certificate;
  /** Issuers found in the file, from the certificate's own upwards. */
  readonly chain: readonly Certificate[];
}

/**
 * Opens a .p12/.pfx file: PBES2 and the old 3DES and RC2 schemes, RSA and EC keys, passwords in any script. The work is done in a worker
 * thread with limits of size, memory, derivation rounds and time.
 * Throws `P12_PIN_WRONG`, `P12_TOO_COSTLY` (more than 2,000,000 rounds), `P12_MALFORMED` (also: no key with its certificate inside).
 */
export async function openPkcs12(bytes: Uint8Array, password: string): Promise<OpenedPkcs12> {
  const { keys, certificates } = await readInWorker({ bytes, password, part: 'everything' });
  const parsed = certificates.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch {
      return [];
    }
  });
  for (const privateKey of importKeys(keys)) {
    const certificate = parsed.find(({ der }) => belongs(privateKey, der));
    if (certificate !== undefined) return { privateKey, certificate, chain: orderChain(certificate, parsed) };
  }
  throw new AppError('P12_MALFORMED');
}

/**
 * The key of a certificate that is known already, proven by it; a quarter of the work of `openPkcs12`, which is done only where this does not
 * find the key. Throws as `openPkcs12` does, `P12_MALFORMED` also when the file has no key of that certificate.
 */
export async function openPkcs12Key(bytes: Uint8Array, password: string, certificate: Certificate): Promise<KeyObject> {
  const find = async (part: Pkcs12Question['part']): Promise<KeyObject | undefined> => {
    const { keys } = await readInWorker({ bytes, password, part });
    return importKeys(keys).find((key) => belongs(key, certificate.der));
  };
  const key = await find('keys').catch((thrown: unknown) => {
    // The password may be wrong, or the file in disorder: that is for the whole reading to say.
    if (thrown instanceof AppError && thrown.code !== 'P12_TOO_COSTLY') return undefined;
    throw thrown;
  });
  const found = key ?? (await find('everything'));
  if (found === undefined) throw new AppError('P12_MALFORMED');
  return found;
}

type WorkerAnswer =
  | { readonly contents: { readonly keys: Uint8Array[]; readonly certificates: Uint8Array[] } }
  | { readonly problem: 'P12_PIN_WRONG' | 'P12_TOO_COSTLY' | 'P12_MALFORMED' };

/** An idle thread for the next file: starting one costs several times what opening a file does. It never keeps the program alive. */
let spare: Worker | undefined;

function takeWorker(): Worker {
  const kept = spare;
  spare = undefined;
  if (kept !== undefined) {
    kept.ref();
    return kept;
  }
  // The worker runs from the sources under the tests and from dist/ in the product: it has the extension of this file.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const worker = new Worker(new URL(`./pkcs12-worker${extension}`, import.meta.url), {
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 128 },
  });
  const forget = (): void => {
    if (spare === worker) spare = undefined;
  };
  return worker.on('error', forget).on('exit', forget);
}

function giveBack(worker: Worker): void {
  if (spare !== undefined) {
    void worker.terminate();
    return;
  }
  worker.unref();
  spare = worker;
}

async function readInWorker(question: Pkcs12Question) {
  if (question.bytes.length > MAX_BYTES) throw new AppError('P12_MALFORMED');
  const worker = takeWorker();
  const answer = Promise.withResolvers<WorkerAnswer>();
  const timer = setTimeout(() => answer.reject(new AppError('P12_TOO_COSTLY')), TIME_LIMIT_MS);
  const broken = (cause?: unknown): void => answer.reject(new AppError('P12_MALFORMED', { cause }));
  worker.once('message', answer.resolve).once('error', broken).once('exit', broken);
  worker.postMessage(question);
  try {
    const given = await answer.promise;
    worker.off('error', broken).off('exit', broken);
    giveBack(worker);
    if ('problem' in given) throw new AppError(given.problem);
    return given.contents;
  } catch (thrown) {
    if (spare !== worker) void worker.terminate();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** What can be used of them; the given octets are wiped. */
function importKeys(keys: readonly Uint8Array[]): KeyObject[] {
  return keys.flatMap((pkcs8) => {
    const key = importPrivateKey(pkcs8);
    pkcs8.fill(0);
    return key === undefined ? [] : [key];
  });
}

function importPrivateKey(pkcs8: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({
      key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length),
      format: 'der',
      type: 'pkcs8',
    });
  } catch {
    return undefined;
  }
}

function belongs(privateKey: KeyObject, certificate: Uint8Array): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}

/** Issuer after issuer, by name and signature, until none is left or it signed itself. */
function orderChain(certificate: Certificate, pool: readonly Certificate[]): Certificate[] {
  const chain: Certificate[] = [];
  let last = certificate;
  for (;;) {
    const current = last;
    const issuer = pool.find(
      (candidate) =>
        candidate !== certificate &&
        !chain.includes(candidate) &&
        sameName(candidate.subject, current.issuer) &&
        verifySignature(candidate, current.signatureAlgorithm, current.tbs, current.signature),
    );
    if (issuer === undefined) return chain;
    chain.push(issuer);
    last = issuer;
  }
}

export interface Pkcs12Input {
  readonly privateKey: KeyObject;
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  readonly password: string;
  /** Shown by other programs. */
  readonly friendlyName?: string;
  /** Derivation rounds; 20,000 unless said otherwise. */
  readonly iterations?: number;
}

const oid = (...arcs: string[]) => encode.oid(arcs.join('.'));
const bagId = (number: number) => oid('1.2.840.113549.1.12.10.1', String(number));

/** DER of a key store as OpenSSL 3 makes it: PBES2 with AES-256-CBC and HMAC-SHA-256, MAC SHA-256. */
export function createPkcs12(input: Pkcs12Input): Uint8Array {
  const { privateKey, certificate, chain, password, friendlyName, iterations = 20_000 } = input;
  const localKeyId = encode.octetString(new Uint8Array(Buffer.from(certificate.fingerprint, 'hex').subarray(0, 20)));
  const attribute = (type: Uint8Array, value: Uint8Array) => encode.sequence(type, encode.setOf([value]));
  const attributes = encode.setOf([
    attribute(oid('1.2.840.113549.1.9.21'), localKeyId),
    ...(friendlyName === undefined
      ? []
      : [attribute(oid('1.2.840.113549.1.9.20'), encode.element(0x1e, bmpPassword(friendlyName).slice(0, -2)))]),
  ]);
  const certificateBag = ({ der }: Certificate, ...more: Uint8Array[]) => {
    const value = encode.sequence(oid('1.2.840.113549.1.9.22.1'), encode.context(0, encode.octetString(der)));
    return encode.sequence(bagId(3), encode.context(0, value), ...more);
  };
  const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const shrouded = encrypt(pkcs8, password, iterations);
  pkcs8.fill(0);
  const keyBag = encode.sequence(
    bagId(2),
    encode.context(0, encode.sequence(shrouded.algorithm, encode.octetString(shrouded.ciphertext))),
    attributes,
  );
  const certificateBags = encode.sequence(
    certificateBag(certificate, attributes),
    ...chain.map((issuer) => certificateBag(issuer)),
  );
  const sealed = encrypt(certificateBags, password, iterations);
  const encryptedData = encode.sequence(
    encode.integer(0),
    encode.sequence(encode.oid(OID.data), sealed.algorithm, encode.contextPrimitive(0, sealed.ciphertext)),
  );
  const authSafe = encode.sequence(
    encode.sequence(encode.oid(OID.encryptedData), encode.context(0, encryptedData)),
    dataContent(encode.sequence(keyBag)),
  );
  return encode.sequence(encode.integer(3), dataContent(authSafe), macData(authSafe, password, iterations));
}

function dataContent(content: Uint8Array): Uint8Array {
  return encode.sequence(encode.oid(OID.data), encode.context(0, encode.octetString(content)));
}

/** PBES2 (RFC 8018 §6.2). */
function encrypt(clear: Uint8Array, password: string, iterations: number) {
  const salt = new Uint8Array(randomBytes(16));
  const iv = new Uint8Array(randomBytes(16));
  const key = pbkdf2Sync(Buffer.from(password, 'utf8'), salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const ciphertext = new Uint8Array(Buffer.concat([cipher.update(clear), cipher.final()]));
  const prf = encode.sequence(oid('1.2.840.113549.2.9'), encode.null());
  const kdf = encode.sequence(
    oid('1.2.840.113549.1.5.12'),
    encode.sequence(encode.octetString(salt), encode.integer(iterations), prf),
  );
  const scheme = encode.sequence(oid('2.16.840.1.101.3.4.1.42'), encode.octetString(iv));
  const algorithm = encode.sequence(oid('1.2.840.113549.1.5.13'), encode.sequence(kdf, scheme));
  return { algorithm, ciphertext };
}

function macData(authSafe: Uint8Array, password: string, iterations: number): Uint8Array {
  const salt = new Uint8Array(randomBytes(16));
  const key = deriveBytes('sha256', bmpPassword(password), salt, PURPOSE.mac, iterations, 32);
  const mac = new Uint8Array(createHmac('sha256', key).update(authSafe).digest());
  const algorithm = encode.sequence(encode.oid(OID.sha256), encode.null());
  return encode.sequence(
    encode.sequence(algorithm, encode.octetString(mac)),
    encode.octetString(salt),
    encode.integer(iterations),
  );
}
