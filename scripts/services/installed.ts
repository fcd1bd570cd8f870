/** Where the programs of the services are, and in which version. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { output } from './process.ts';

export const SERVICES = ['postgres', 'redis', 'caddy', 'faketime', 'minio', 'seaweedfs', 'ceph'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The last state of the MinIO server's community source. A build says `DEVELOPMENT`, so the version is ours to remember. */
export const MINIO_VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c';
export const SEAWEEDFS_VERSION = '4.48';

/** Kept between runs. */
export const keptDir = process.env.ANTIN_SERVICES_DIR ?? join(homedir(), '.cache', 'antin-services');
export const minioDir = join(keptDir, `minio-${MINIO_VERSION}`);
export const minioProgram = join(minioDir, 'minio');
/** Held (flock) while MinIO is being built. */
export const minioLock = join(keptDir, 'minio.lock');
export const seaweedfsDir = join(keptDir, `seaweedfs-${SEAWEEDFS_VERSION}`);
export const seaweedfsProgram = join(seaweedfsDir, 'bin', 'weed');

/** Folder of Debian's newest PostgreSQL programs. */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const majors = readdirSync(root).map(Number).filter(Number.isInteger);
  const newest = majors.sort((a, b) => b - a).find((major) => existsSync(join(root, `${major}`, 'bin', 'initdb')));
  return newest === undefined ? undefined : join(root, `${newest}`, 'bin');
}

/** The library that sets the clock of one process. */
export function faketimeLibrary(): string | undefined {
  const root = '/usr/lib';
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((name) => join(root, name, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path));
}

const LOOK: Record<ServiceName, () => string | undefined> = {
  postgres: () => {
    const bin = postgresPrograms();
    return bin === undefined ? undefined : /\d[\d.]*/.exec(output(join(bin, 'postgres'), ['--version']) ?? '')?.[0];
  },
  redis: () => /v=(\S+)/.exec(output('redis-server', ['--version']) ?? '')?.[1],
  caddy: () => /\d[\d.]*/.exec(output('caddy', ['version']) ?? '')?.[0],
  faketime: () => faketimeLibrary(),
  minio: () => (existsSync(minioProgram) ? MINIO_VERSION : undefined),
  seaweedfs: () => (existsSync(seaweedfsProgram) ? SEAWEEDFS_VERSION : undefined),
  ceph: () => {
    const all = ['ceph-mon', 'ceph-osd'].every((program) => output(program, ['--version']) !== undefined);
    return all ? /ceph version (\S+)/.exec(output('radosgw', ['--version']) ?? '')?.[1] : undefined;
  },
};

/** Its version, or `undefined` when it is not on this machine. Of MinIO, a build that is under way is waited for. */
export async function installed(name: ServiceName): Promise<string | undefined> {
  if (name === 'minio' && !existsSync(minioProgram) && existsSync(minioLock)) await minioBuilt();
  return LOOK[name]();
}

/** Returns when nobody builds MinIO (any more). */
async function minioBuilt(): Promise<void> {
  mkdirSync(keptDir, { recursive: true });
  await promisify(execFile)('flock', ['--wait', '1800', minioLock, 'true']);
}

/** @throws when it is not there, with the command that brings it. */
export async function mustBeInstalled(name: ServiceName): Promise<string> {
  const version = await installed(name);
  if (version === undefined) throw new Error(`${name} is missing: node scripts/services/install.ts ${name}`);
  return version;
}
