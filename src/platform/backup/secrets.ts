/**
 * Keys in a backup: files that only the owner may read, or one file sealed under a passphrase (scrypt, RFC 7914; AES-256-GCM, NIST
 * SP 800-38D). The first line of the sealed file tells how, and is covered by the seal.
 */
import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../shared/index.ts';
import { staysWithin } from './manifest.ts';

export interface SecretFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);
/** 128 MiB of memory and about half a second for each guess. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const MAXMEM = 256 * 1024 * 1024;
const TAG_BYTES = 16;
const LEAST_CHARACTERS = 16;

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const HEAD = z.strictObject({
  format: z.literal('antin-sealed-1'),
  kdf: z.literal('scrypt'),
  N: z
    .number()
    .int()
    .max(2 ** 20),
  r: z.number().int().max(32),
  p: z.number().int().max(16),
  salt: base64,
  cipher: z.literal('aes-256-gcm'),
  nonce: base64,
});
const BODY = z.array(z.strictObject({ path: z.string().refine(staysWithin), mode: z.number().int(), bytes: base64 }));

/** @throws PASSPHRASE_WEAK below 16 characters. */
export async function sealSecrets(files: readonly SecretFile[], passphrase: string): Promise<Uint8Array> {
  if (passphrase.length < LEAST_CHARACTERS) throw new AppError('PASSPHRASE_WEAK');
  const [salt, nonce] = [randomBytes(32), randomBytes(12)];
  const head = {
    ...{ format: 'antin-sealed-1', kdf: 'scrypt', ...COST, salt: salt.toString('base64') },
    ...{ cipher: 'aes-256-gcm', nonce: nonce.toString('base64') },
  };
  const headLine = Buffer.from(`${JSON.stringify(head)}\n`);
  const key = await derive(passphrase.normalize('NFC'), salt, 32, { ...COST, maxmem: MAXMEM });
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(headLine);
  const body = files.map(({ path, mode, bytes }) => ({ path, mode, bytes: Buffer.from(bytes).toString('base64') }));
  return Buffer.concat([headLine, cipher.update(JSON.stringify(body)), cipher.final(), cipher.getAuthTag()]);
}

/** @throws PASSPHRASE_WRONG (also for a changed file: the hash list tells the difference). */
export async function openSecrets(sealed: Uint8Array, passphrase: string): Promise<SecretFile[]> {
  try {
    const end = sealed.indexOf(0x0a) + 1;
    const head = HEAD.parse(JSON.parse(Buffer.from(sealed.subarray(0, end)).toString('utf8')));
    const { N, r, p, salt, nonce } = head;
    const key = await derive(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 2 * 128 * N * r });
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(sealed.subarray(0, end))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = Buffer.concat([decipher.update(sealed.subarray(end, -TAG_BYTES)), decipher.final()]);
    return BODY.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new AppError('PASSPHRASE_WRONG', { cause });
  }
}
