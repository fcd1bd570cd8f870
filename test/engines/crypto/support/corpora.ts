import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of a corpus made by others, or undefined where `ANTIN_CORPORA` does not lead to it: its tests are then skipped. */
export function corpus(name: string): string | undefined {
  const root = process.env.ANTIN_CORPORA;
  if (root === undefined || root === '') return undefined;
  const folder = join(root, name);
  return existsSync(folder) ? folder : undefined;
}
