/** Worker thread that opens PKCS#12 files, one after the other. The only place that loads node-forge, and only for its RC2. */
import { parentPort } from 'node:worker_threads';
import { AppError } from '../../shared/index.ts';
import { type Pkcs12Part, type Rc2, readPkcs12 } from './pkcs12-reader.ts';

const rc2: Rc2 = async (key, iv, ciphertext) => {
  const { default: forge } = await import('node-forge');
  const binary = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  const cipher = forge.rc2.createDecryptionCipher(binary(key), key.length * 8);
  cipher.start(binary(iv));
  cipher.update(forge.util.createBuffer(binary(ciphertext)));
  return cipher.finish() ? new Uint8Array(Buffer.from(cipher.output.getBytes(), 'latin1')) : undefined;
};

/** What is asked of this thread. */
export interface Pkcs12Question {
  readonly bytes: Uint8Array;
  readonly password: string;
  readonly part: Pkcs12Part;
}

parentPort?.on('message', async ({ bytes, password, part }: Pkcs12Question) => {
  try {
    parentPort?.postMessage({ contents: await readPkcs12(bytes, password, rc2, part) });
  } catch (error) {
    parentPort?.postMessage({ problem: error instanceof AppError ? error.code : 'P12_MALFORMED' });
  }
});
