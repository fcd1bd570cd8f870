import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const advice = 'Install the outside judges with: node scripts/judges/install.mjs';

/** What `scripts/judges/install.mjs` wrote down about where the judges are. */
export interface Manifest {
  verapdf: { classPath: string };
  dss: { classPath: string; policy: string };
  pyhanko: { python: string; scripts: string };
  hadolint: string;
  composeGo: string;
}

export interface Output {
  /** The exit code; null when the program was killed by a signal or took too long. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Finds the installed judges and runs the small ones. */
export interface Tools {
  manifest(): Promise<Manifest>;
  /** Runs a program of the machine to its end. Rejects only when the program is not there. */
  run(command: string, args: readonly string[]): Promise<Output>;
}

/** `folder` is where the judges were installed; default `ANTIN_JUDGES_DIR`, else `.judges/` of the checkout. */
export function createTools(folder = resolve(root, process.env.ANTIN_JUDGES_DIR ?? '.judges')): Tools {
  return {
    async manifest() {
      try {
        return JSON.parse(await readFile(join(folder, 'judges.json'), 'utf8')) as Manifest;
      } catch (cause) {
        throw new Error(`No outside judges in ${folder}. ${advice}`, { cause });
      }
    },
    run: (command, args) =>
      new Promise((fulfil, reject) => {
        const options = { env: { ...process.env, LC_ALL: 'C.UTF-8' }, timeout: 60_000, maxBuffer: 64 << 20 };
        execFile(command, [...args], options, (error, stdout, stderr) => {
          if (error && error.code === 'ENOENT') reject(new Error(`${command} is not on this machine. ${advice}`));
          else fulfil({ exitCode: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr });
        });
      }),
  };
}
