/** The demo's own authority with its hospital's people: made on first use, then always the same. */
import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../shared/index.ts';
import { createAuthority } from './authority.ts';
import { issueDemoCast } from './cast.ts';
import { loadAuthority, saveAuthority } from './directory.ts';
import type { Authority } from './types.ts';

/** Processes that begin together end with one authority: it appears whole, by a rename that never replaces one. */
export async function openDemoAuthority(directory: string, clock: Clock): Promise<Authority> {
  if (!(await exists(join(directory, 'authority.json')))) await make(directory, clock);
  return loadAuthority(directory, { clock });
}

async function make(directory: string, clock: Clock): Promise<void> {
  const authority = await createAuthority({ clock });
  await issueDemoCast(authority);
  const unfinished = `${directory}.${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(directory), { recursive: true });
  await saveAuthority(authority, unfinished);
  try {
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(join(directory, 'authority.json')))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
