/** Checkpoints (c2sp.org/tlog-checkpoint) as signed notes (c2sp.org/signed-note) with Ed25519. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { digest } from '../../shared/index.ts';
import { HASH_BYTES } from './tree.ts';

export interface Checkpoint {
  /** Names the log; also the name of its key. No blanks, no `+`. */
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Further lines, covered by the signature. */
  readonly extensions?: readonly string[];
}

/** Signature type of Ed25519 in key ids and verifier keys. */
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
/** SubjectPublicKeyInfo of Ed25519 before the 32 key bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The note text: origin, size, root in base64, one a line. @throws RangeError on what a note cannot hold. */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  const lines = [origin, String(size), toBase64(root), ...extensions];
  const fits = isKeyName(origin) && Number.isSafeInteger(size) && size >= 0 && root.length === HASH_BYTES;
  if (!fits || lines.some((line) => line === '' || line.includes('\n'))) throw new RangeError('not a checkpoint');
  return `${lines.join('\n')}\n`;
}

/** The note text as a checkpoint, or `undefined` if it is not exactly one. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined;
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n');
  const size = Number(sizeText);
  const root = fromBase64(rootText);
  if (!isKeyName(origin) || !/^(0|[1-9]\d*)$/.test(sizeText) || !Number.isSafeInteger(size)) return undefined;
  if (root?.length !== HASH_BYTES || extensions.includes('')) return undefined;
  return { origin, size, root, ...(extensions.length > 0 ? { extensions } : {}) };
}

/** The signed note: text, blank line, one signature line under the name of the origin. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject): string {
  const text = formatCheckpoint(checkpoint);
  const signature = sign(null, Buffer.from(text), privateKey);
  const id = keyId(checkpoint.origin, rawPublicKey(createPublicKey(privateKey)));
  return `${text}\n— ${checkpoint.origin} ${toBase64(Buffer.concat([id, signature]))}\n`;
}

/** The checkpoint, if the note carries a good signature of `publicKey` (32 bytes) under the name `origin`; else `undefined`. */
export function verifyCheckpoint(note: string, origin: string, publicKey: Uint8Array): Checkpoint | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, end + 1);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint?.origin !== origin) return undefined;
  const id = keyId(origin, publicKey);
  // Signatures of others (witnesses) may stand beside ours and are passed over.
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [dash, name, encoded = '', ...more] = line.split(' ');
    if (dash !== '—' || more.length > 0) return undefined;
    const blob = fromBase64(encoded);
    if (name !== origin || blob?.length !== KEY_ID_BYTES + SIGNATURE_BYTES) continue;
    if (!id.equals(blob.subarray(0, KEY_ID_BYTES))) continue;
    const good = verify(null, Buffer.from(text), publicKeyObject(publicKey), blob.subarray(KEY_ID_BYTES));
    return good ? checkpoint : undefined;
  }
  return undefined;
}

/** `<name>+<key id>+<base64 of type and key>`, what a verifier is configured with. */
export function verifierKey(origin: string, publicKey: Uint8Array): string {
  const typed = Buffer.concat([Buffer.from([ED25519]), publicKey]);
  return `${origin}+${keyId(origin, publicKey).toString('hex')}+${toBase64(typed)}`;
}

/** The 32 bytes of an Ed25519 public key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length));
}

function publicKeyObject(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

function keyId(name: string, publicKey: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ED25519]), publicKey]);
  return Buffer.from(digest('SHA-256', named)).subarray(0, KEY_ID_BYTES);
}

function isKeyName(text: string): boolean {
  return text !== '' && !/[\s+]/u.test(text);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Strict: the one encoding of its bytes, or nothing. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
}
