/** A file system in memory that can be full from one moment to the next, and have room again. Needs the right to mount (root). */
import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  readonly dir: string;
  /** From now on it holds what it holds and not a byte more. */
  fill(): Promise<void>;
  /** It has its full size again. */
  free(): Promise<void>;
  /** What lies on it is gone; or, as evidence, in the folder on the disk below. */
  close(keep: boolean): Promise<void>;
}

/** Mounts a tmpfs of that size over `dir`. @throws with what is missing when this machine does not let us. */
export async function mountSmallDisk(dir: string, mebibytes: number): Promise<SmallDisk> {
  await mkdir(dir, { recursive: true });
  const size = mebibytes * 1024 * 1024;
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', dir]);
  } catch (cause) {
    throw new Error('a full disk needs a tmpfs, and mounting one needs root (CAP_SYS_ADMIN)', { cause });
  }
  const resize = (bytes: number): Promise<unknown> => run('mount', ['-o', `remount,size=${bytes}`, dir]);
  return {
    dir,
    fill: async () => {
      // It grows while we look: the system refuses a size that is less than what is there.
      for (let tries = 0; ; tries += 1) {
        const { bsize, blocks, bfree } = await statfs(dir);
        try {
          await resize(Math.max(1, blocks - bfree) * bsize);
          return;
        } catch (error) {
          if (tries === 20) throw error;
        }
      }
    },
    free: async () => {
      await resize(size);
    },
    close: async (keep) => {
      const copy = `${dir}.kept`;
      if (keep) await run('cp', ['-a', dir, copy]);
      await run('umount', ['-l', dir]);
      if (keep) await run('mv', ['-T', copy, dir]);
    },
  };
}
