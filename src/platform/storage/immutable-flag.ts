/** `chattr +i`, where system, file system and rights allow it: then even root must first take the flag away. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { writeTemporary } from './durable.ts';

export interface ImmutableFlag {
  readonly works: boolean;
  set(path: string): Promise<void>;
  clear(path: string): Promise<void>;
}

/** Where the flag is not wanted or does not work. */
export const noImmutableFlag: ImmutableFlag = {
  works: false,
  set: () => Promise.resolve(),
  clear: () => Promise.resolve(),
};

/** Tries the flag on a file of its own in `temporary`. */
export async function probeImmutableFlag(temporary: string): Promise<ImmutableFlag> {
  const probe = await writeTemporary(temporary, new Uint8Array(), 0o444);
  const works = process.platform === 'linux' && (await chattr('+i', probe)) && (await refusesRemoval(probe));
  await chattr('-i', probe);
  await rm(probe, { force: true });
  if (!works) return noImmutableFlag;
  return {
    works,
    set: async (path) => void (await chattr('+i', path)),
    clear: async (path) => void (await chattr('-i', path)),
  };
}

function chattr(change: '+i' | '-i', path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('chattr', [change, path], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }, (error) =>
      resolve(error === null),
    );
  });
}

async function refusesRemoval(path: string): Promise<boolean> {
  try {
    await rm(path);
    return false;
  } catch {
    return true;
  }
}
