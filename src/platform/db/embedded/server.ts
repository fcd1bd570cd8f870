/** A private PostgreSQL server, supervised as a child process: created, started, restarted when it falls, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { type Log, silentLog } from '../../../shared/index.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { syncFolder, writeDurably } from './durable-file.ts';
import { DEFAULT_STATE_DIR, giveTo, type Place, preparePlace, startFailed } from './place.ts';
import { commandLine, processBirth, waitForExit } from './process.ts';

/** Major version of the packaged server; its files are not readable by another one. */
const MAJOR = '18';
const SUPERUSER = 'antin';
const DATABASE = 'antin';
/** Crash recovery replays at most some WAL segments, but a slow disk may take its time. */
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** An owned resource. */
export interface EmbeddedServer {
  /** Address with password, for clients on this machine. */
  readonly url: string;
  readonly pid: number;
  /** Stops cleanly (checkpoint) and unlocks the data directory. */
  stop(): Promise<void>;
}

export interface EmbeddedServerOptions {
  readonly dataDir: string;
  /** Where the database goes when the data directory cannot be entered by an unprivileged account. */
  readonly stateDir?: string;
  readonly log?: Log;
}

/**
 * Locks `dataDir` (created if missing), stops a server that outlived its killed parent, makes the database on first
 * use and starts it. Every commit is fsynced. @throws DATA_DIR_IN_USE, DATABASE_START_FAILED.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const log = options.log ?? silentLog;
  mkdirSync(options.dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const lock = lockDataDir(options.dataDir);
  try {
    const place = await preparePlace(options.dataDir, options.stateDir ?? DEFAULT_STATE_DIR);
    await stopOrphan(place, log);
    const password = await ensureCluster(place);
    const postmaster = await supervise(place, password, log);
    return {
      url: postmaster.url,
      get pid() {
        return postmaster.pid();
      },
      stop: async () => {
        await postmaster.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A server whose parent was killed still owns the files: it is asked to stop, then made to. */
async function stopOrphan(place: Place, log: Log): Promise<void> {
  const pidFile = join(place.data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (processBirth(pid) === undefined) return;
  // The pid in a stale file may be anybody's by now; only a server that names our folder is ours to stop.
  const command = commandLine(pid);
  if (command !== undefined && !command.includes(`-D ${place.data} `)) {
    // PostgreSQL would take any living process of its account for a server. One that is surely none is in nobody's way.
    if (!command.includes('postgres')) rmSync(pidFile);
    return;
  }
  log.warn({ pid }, 'stopping the database server that outlived its killed parent');
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    if (await waitForExit(pid, STOP_DEADLINE_MS)) return;
  }
}

/** Makes the database on first use, under a name that counts only when complete. @returns the password. */
async function ensureCluster(place: Place): Promise<string> {
  const passwordFile = join(place.home, 'password');
  const versionFile = join(place.data, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const version = readFileSync(versionFile, 'utf8').trim();
    if (version !== MAJOR) {
      throw startFailed(
        `Dữ liệu do PostgreSQL ${version} tạo, bản đi kèm là ${MAJOR}.`,
        `The data was made by PostgreSQL ${version}; this release brings ${MAJOR}.`,
      );
    }
    return readFileSync(passwordFile, 'utf8').trim();
  }
  const password = randomBytes(32).toString('base64url');
  const unfinished = `${place.data}.initializing`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(unfinished, place.user);
  const handedPassword = join(place.home, 'password.initdb');
  writeDurably(handedPassword, password, 0o600);
  giveTo(handedPassword, place.user);
  try {
    await runInitdb(place, unfinished, handedPassword);
  } finally {
    rmSync(handedPassword, { force: true });
  }
  writeDurably(passwordFile, password, 0o600);
  renameSync(unfinished, place.data);
  syncFolder(place.home);
  return password;
}

function runInitdb(place: Place, data: string, passwordFile: string): Promise<void> {
  const child = spawn(
    join(place.native, 'bin', 'initdb'),
    [
      ...['-D', data, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '-E', 'UTF8'],
      // Case rules of Unicode, order by code point: the same on every machine.
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--data-checksums'],
    ],
    { ...identity(place), cwd: place.home, env: serverEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown) =>
      reject(startFailed('initdb không tạo được cơ sở dữ liệu.', 'initdb could not make the database.', cause));
    child.once('error', failed);
    child.once('close', (code) => (code === 0 ? resolve() : failed(new Error(complaint.trim()))));
  });
}

/** What clients on this machine connect to. */
export function addressOf(port: number, password: string, database = DATABASE): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

interface Postmaster {
  readonly url: string;
  pid(): number;
  stop(): Promise<void>;
}

/** Starts the server and starts it again when it falls, on the same port, so that pools reconnect by themselves. */
async function supervise(place: Place, password: string, log: Log): Promise<Postmaster> {
  const port = await freePort();
  const address = (database: string) => addressOf(port, password, database);
  let stopping = false;
  let relaunching: Promise<void> = Promise.resolve();
  let child = await launch(place, port, address('postgres'));
  await ensureDatabase(address('postgres'));

  const watch = (watched: ChildProcess) => {
    watched.once('exit', (code, signal) => {
      if (stopping) return;
      log.error({ code, signal }, 'the database server ended unexpectedly; starting it again');
      relaunching = relaunch();
    });
  };
  const relaunch = async (): Promise<void> => {
    for (let wait = 100; !stopping; wait = Math.min(wait * 2, 30_000)) {
      try {
        child = await launch(place, port, address('postgres'));
        watch(child);
        return;
      } catch (error) {
        log.error({ err: error }, 'the database server did not start again');
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };
  watch(child);

  // If we end without `stop` (an uncaught error), the server is still asked to end.
  const onExit = () => child.kill('SIGINT');
  process.once('exit', onExit);
  return {
    url: address(DATABASE),
    pid: () => child.pid ?? 0,
    stop: async () => {
      stopping = true;
      process.removeListener('exit', onExit);
      await relaunching;
      await stopChild(child);
    },
  };
}

async function stopChild(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<true>((resolve) => child.once('exit', () => resolve(true)));
    child.kill(signal);
    const timer = Promise.withResolvers<false>();
    const timeout = setTimeout(() => timer.resolve(false), STOP_DEADLINE_MS);
    const done = await Promise.race([ended, timer.promise]);
    clearTimeout(timeout);
    if (done) return;
  }
}

/** One start, waited for until it answers. Repeats while sessions of a killed server still hold its shared memory. */
async function launch(place: Place, port: number, url: string): Promise<ChildProcess> {
  const deadline = performance.now() + START_DEADLINE_MS;
  const logFile = join(place.home, 'postgres.log');
  for (;;) {
    rotate(logFile);
    const output = openSync(logFile, 'a', 0o600);
    const logged = statSync(logFile).size;
    const child = spawn(join(place.native, 'bin', 'postgres'), serverArguments(place, port), {
      ...identity(place),
      cwd: place.home,
      env: serverEnvironment(),
      stdio: ['ignore', output, output],
      // Its own session: Ctrl-C in a terminal reaches us first, and we stop the server after our own work is done.
      detached: true,
    });
    closeSync(output);
    const spawnError = new Promise<Error>((resolve) => child.once('error', resolve));
    const answer = await Promise.race([untilItAnswers(child, url, deadline), spawnError]);
    if (answer === 'answers') return child;
    if (answer instanceof Error) {
      throw startFailed('Không chạy được tệp PostgreSQL.', 'The PostgreSQL binary does not run.', answer);
    }
    const complaint = readFileSync(logFile).subarray(logged).toString('utf8');
    const memoryInUse = /pre-existing shared memory block|lock file ".*" already exists/.test(complaint);
    if (!memoryInUse || performance.now() > deadline) {
      await stopChild(child);
      throw startFailed(`Xem nhật ký ${logFile}.`, `Read the log ${logFile}.`, new Error(complaint.slice(-2000)));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function untilItAnswers(child: ChildProcess, url: string, deadline: number): Promise<'answers' | 'ended'> {
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    // The server may close a half-open connection while it starts; the next try tells.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return 'answers';
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 15));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return 'ended';
}

function serverArguments(place: Place, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    max_connections: '100',
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    // Row values and statement texts can hold patient data: they stay out of the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
  };
  return ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function identity(place: Place): { uid?: number; gid?: number } {
  return place.user === undefined ? {} : { uid: place.user.uid, gid: place.user.gid };
}

/** Nothing of our own environment, which may hold secrets. Windows programs need to find their system. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return process.platform === 'win32' ? { SystemRoot: 'C:\\Windows' } : { LC_ALL: 'C', TZ: 'UTC' };
}

function rotate(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.1`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(address)));
    });
  });
}
