import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Where the outside tools are, as `scripts/judges/install.mjs` wrote it down. */
interface Tools {
  dss: { classPath: string; policy: string };
  pyhanko: { python: string; scripts: string };
}

/** The checkout, seen from `bench/` as well as from `dist/bench/`. */
export const checkout = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

export async function readTools(): Promise<Tools> {
  const folder = resolve(checkout, process.env.ANTIN_JUDGES_DIR ?? '.judges');
  try {
    return JSON.parse(await readFile(join(folder, 'judges.json'), 'utf8')) as Tools;
  } catch (cause) {
    throw new Error('not installed (node scripts/judges/install.mjs)', { cause });
  }
}

/** Runs a program to its end and returns what it printed. Rejects with its last words when it fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, [...args], {
    maxBuffer: 16 << 20,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return stdout;
}
