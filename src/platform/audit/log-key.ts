import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rawPublicKey } from '../../engines/merkle/index.ts';

/** The Ed25519 key that signs checkpoints. */
export interface LogKey {
  readonly privateKey: KeyObject;
  /** Public part as raw 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Reads the key kept (0600) in `directory` as `audit-log.key.pem`, making it durably on first use. */
export async function loadLogKey(directory: string): Promise<LogKey> {
  const path = pathIn(directory);
  return asLogKey(path, (await readIfThere(path)) ?? (await makeKey(directory, path)));
}

/** Reads the key and never makes one: for those who check what it signed. @returns undefined if there is none. */
export async function readLogKey(directory: string): Promise<LogKey | undefined> {
  const path = pathIn(directory);
  const pem = await readIfThere(path);
  return pem === undefined ? undefined : asLogKey(path, pem);
}

const pathIn = (directory: string): string => join(directory, 'audit-log.key.pem');

function asLogKey(path: string, pem: string): LogKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError(`${path} holds no Ed25519 key`);
  return { privateKey, publicKey: rawPublicKey(createPublicKey(privateKey)) };
}

/** Two processes that start together end with the same key: `link` lets only the first give it its name. */
async function makeKey(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(unfinished, 'wx', 0o600);
  await file.writeFile(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await file.sync();
  await file.close();
  await link(unfinished, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(unfinished);
  if (process.platform !== 'win32') {
    const folder = await open(directory, 'r');
    await folder.sync();
    await folder.close();
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
