/** Files that commands read and write. */
import { readFile, writeFile } from 'node:fs/promises';
import { AppError } from '../shared/index.ts';

/** @throws FILE_UNREADABLE naming the path. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', {
      detail: { vi: `Không đọc được tệp ${path}`, en: `The file ${path} cannot be read` },
      cause,
    });
  }
}

/** A PIN, a passphrase or an address: the text of a file without its final line feed. @throws FILE_UNREADABLE naming the path. */
export async function readSecret(path: string): Promise<string> {
  return new TextDecoder().decode(await readInput(path)).replace(/\r?\n$/, '');
}

/** @throws FILE_UNWRITABLE naming the path. */
export async function writeOutput(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw new AppError('FILE_UNWRITABLE', {
      detail: { vi: `Không ghi được tệp ${path}`, en: `The file ${path} cannot be written` },
      cause,
    });
  }
}

/** @throws FILE_UNREADABLE also for what is not JSON. */
export async function readJsonInput(path: string): Promise<unknown> {
  const bytes = await readInput(path);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', {
      detail: { vi: `Tệp ${path} không phải là JSON`, en: `The file ${path} is not JSON` },
      cause,
    });
  }
}
