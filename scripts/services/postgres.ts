import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { mustBeInstalled, postgresPrograms } from './installed.ts';
import { freePorts } from './ports.ts';
import { type Account, runToEnd } from './process.ts';
import { logFile, type Service, supervise } from './service.ts';

/** A database that others are copied from. */
export interface Template {
  readonly name: string;
  /** Makes and fills it, once a server: leaves no connection open when it returns. */
  fill(url: string): Promise<void>;
}

export interface PostgresService extends Service {
  /** Of the empty database `antin`, as superuser. */
  readonly url: string;
  /** Makes a fresh database (a copy of `template`, else empty) and returns its URL. Takes some 50 ms. */
  createDatabase(template?: Template): Promise<string>;
}

const SUPERUSER = 'antin';

/**
 * Debian's PostgreSQL with its cluster in `dir` (below /tmp when we are root): durable (fsync on), loopback only, as an unprivileged
 * account when we are root. Its `kill`: SIGTERM waits for the clients to leave, SIGINT sends them away, SIGKILL is a crash.
 */
export async function startPostgres({ dir }: { dir: string }): Promise<PostgresService> {
  const version = await mustBeInstalled('postgres');
  const bin = postgresPrograms() ?? '';
  const [port] = await freePorts(1);
  const as = process.getuid?.() === 0 ? account('postgres') : undefined;
  const data = join(dir, 'data');
  const passwordFile = join(dir, 'password');
  const password = existsSync(passwordFile) ? readFileSync(passwordFile, 'utf8') : randomBytes(20).toString('hex');
  mkdirSync(dir, { recursive: true });
  if (as !== undefined) letIn(dir, as);
  if (!existsSync(data)) {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (as !== undefined) chownSync(passwordFile, as.uid, as.gid);
    await runToEnd({
      command: join(bin, 'initdb'),
      args: [
        ...['-D', data, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '-E', 'UTF8'],
        ...['--locale=C.UTF-8', '--data-checksums', '--no-sync'],
      ],
      cwd: dir,
      log: logFile(dir, 'initdb'),
      as,
    });
  }
  const url = (database: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;

  const service = await supervise({
    name: 'postgres',
    version,
    dir,
    begin: async (run) => {
      run({
        command: join(bin, 'postgres'),
        args: [
          ...['-D', data, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
          ...['-c', 'fsync=on', '-c', 'synchronous_commit=on', '-c', 'max_connections=200'],
        ],
        cwd: dir,
        log: logFile(dir, 'postgres'),
        as,
      });
    },
    ready: () => once(url('postgres'), async (client) => (await client.query('SELECT 1')).rowCount === 1),
  });

  const admin = <T>(work: (client: pg.Client) => Promise<T>) => once(url('postgres'), work);
  const create = async (name: string, from = 'template0') => {
    await admin((client) => client.query(`CREATE DATABASE "${name}" TEMPLATE "${from}"`));
    return url(name);
  };
  const there = await admin((client) => client.query(`SELECT 1 FROM pg_database WHERE datname = 'antin'`));
  if (there.rowCount === 0) await create('antin');
  const filled = new Map<string, Promise<string>>();
  const filledTemplate = ({ name, fill }: Template): Promise<string> => {
    const known = filled.get(name);
    if (known !== undefined) return known;
    const database = `template_${name}_${randomBytes(4).toString('hex')}`;
    const making = create(database)
      .then(fill)
      .then(() => database);
    filled.set(name, making);
    return making;
  };
  let copying: Promise<unknown> = Promise.resolve();
  return {
    ...service,
    url: url('antin'),
    createDatabase: async (template) => {
      const from = template === undefined ? undefined : await filledTemplate(template);
      // PostgreSQL refuses to copy a database that another session is copying.
      const made = copying.then(() => create(`antin_${randomBytes(6).toString('hex')}`, from));
      copying = made.catch(() => undefined);
      return made;
    },
  };
}

async function once<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function account(name: string): Account {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  if (fields === undefined) throw new Error(`no account ${name}`);
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Gives `dir` to the account and lets it pass through the folders above, where they are ours alone (a fresh temporary folder is). */
function letIn(dir: string, { uid, gid }: Account): void {
  chownSync(dir, uid, gid);
  for (let folder = dirname(dir); folder !== dirname(folder); folder = dirname(folder)) {
    const { mode } = statSync(folder);
    if ((mode & 0o001) === 0) {
      if (!folder.startsWith('/tmp/') && !folder.startsWith('/var/tmp/')) {
        throw new Error(`PostgreSQL's account may not enter ${folder}: use a folder below /tmp`);
      }
      chmodSync(folder, (mode & 0o777) | 0o011);
    }
  }
}
