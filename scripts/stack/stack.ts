import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { DemoHospital } from '../../src/cli/demo-hospital.ts';
import { freePorts } from '../services/index.ts';
import { type ComposeFile, readComposeFile, readEnvironmentFile } from './compose-file.ts';
import type { Stack, StackOptions, StackProcess } from './contract.ts';
import { type HeldSocket, holdSocket } from './held-socket.ts';
import { changed, planned } from './process.ts';
import { type StackServices, startServices } from './services.ts';

const root = dirname(dirname(import.meta.dirname));
const LOOPBACK = '127.0.0.1';

/**
 * Starts PostgreSQL, Redis and the S3 engine, runs `antin migrate`, then every API, worker and the proxy, and returns when all are
 * healthy. Whoever starts it stops it; its processes do not outlive this one. @throws with the logs of what did not start.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const say = options.say ?? (() => undefined);
  const keep = options.dir !== undefined;
  const dir = keep ? resolve(options.dir ?? '') : mkdtempSync(join(tmpdir(), 'antin-stack-'));
  for (const folder of ['logs', 'volumes/antin-data', 'tmp']) mkdirSync(join(dir, folder), { recursive: true });
  // PostgreSQL's account must pass.
  chmodSync(dir, 0o711);
  let services: StackServices | undefined;
  const running: StackProcess[] = [];
  const sockets: HeldSocket[] = [];
  const stop = async (): Promise<void> => {
    // As Compose does it: first who depends on others.
    for (const part of [/^proxy/, /^api/, /^worker/]) {
      await Promise.all(running.filter((one) => part.test(one.name)).map((one) => end(one)));
    }
    for (const socket of sockets) socket.close();
    await services?.stop(keep);
    if (!keep) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
    say('PostgreSQL, Redis, S3 …');
    services = await startServices(dir, options);
    const place = await settle(dir, services, options);
    sockets.push(...place.sockets);
    const migrated = await place.antin('migrate');
    if (migrated.code !== 0) throw new Error(`antin migrate ended with ${migrated.code}\n${migrated.stderr}`);
    say('antin migrate: done');
    const { apis, workers, proxy } = place.processes;
    running.push(...apis, ...workers);
    say(`${running.map((one) => one.name).join(', ')} …`);
    await Promise.all(running.map((one) => one.start()));
    if (proxy !== undefined) {
      running.push(proxy);
      await proxy.start();
    }
    const { postgres, redis, s3 } = services;
    return {
      ...{ dir, postgres, redis, s3, stop, proxy, workers },
      api: apis,
      url: proxy?.url ?? apis[0]?.url ?? '',
      caFile: proxy === undefined ? undefined : place.caFile,
      buckets: place.buckets,
      hospital: JSON.parse(readFileSync(join(dir, 'volumes/antin-data/demo-hospital.json'), 'utf8')) as DemoHospital,
      environment: place.environment,
      antin: place.antin,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const GRACE_MS = 45_000;

async function end(one: StackProcess): Promise<void> {
  one.resume();
  const patience = setTimeout(() => void one.kill('SIGKILL'), GRACE_MS);
  await one.kill('SIGTERM');
  clearTimeout(patience);
}

interface SettledStack {
  readonly processes: {
    readonly apis: readonly StackProcess[];
    readonly workers: readonly StackProcess[];
    readonly proxy: StackProcess | undefined;
  };
  readonly sockets: readonly HeldSocket[];
  readonly caFile: string;
  readonly buckets: Stack['buckets'];
  environment(name: string): Record<string, string>;
  antin: Stack['antin'];
}

/** Gives every service of docker-compose.yml its ports, files and environment on this machine. */
async function settle(dir: string, services: StackServices, options: StackOptions): Promise<SettledStack> {
  const settings = readEnvironmentFile(join(root, '.env.example'));
  const file = readComposeFile(join(root, 'docker-compose.yml'), settings);
  const caddy = options.proxy === false ? undefined : program('caddy');
  if (options.proxy === true && caddy === undefined) throw new Error('caddy is missing: apt-get install caddy');
  const some = (part: string, count = Number.POSITIVE_INFINITY): string[] =>
    Object.keys(file.services)
      .filter((name) => name.startsWith(`${part}-`))
      .slice(0, count);
  const apis = some('api', options.apis);
  const workers = some('worker', options.workers);

  const names = ['migrate', ...apis, ...workers, 'proxy'];
  const ports = await freePorts(names.length * 2);
  const portOf = (name: string, second = false): number => ports[names.indexOf(name) * 2 + (second ? 1 : 0)] ?? 0;
  const secrets = makeSecrets(dir, services);
  const here = localiser(
    file,
    dir,
    secrets,
    new Map([...services.addresses, ...apis.map((name): [string, string] => [name, `${LOOPBACK}:${portOf(name)}`])]),
  );

  const url =
    caddy === undefined ? `http://${LOOPBACK}:${portOf(apis[0] ?? '')}` : `https://localhost:${portOf('proxy', true)}`;
  const environment = (name: string): Record<string, string> => {
    const service = file.services[name];
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
    const ofFiles = service.env_file.length > 0 ? { ...settings, PUBLIC_BASE_URL: url } : {};
    const given = Object.entries(service.environment).map(([key, value]) => [key, here(name, value)]);
    const ports: Record<string, string> = {
      HOST: LOOPBACK,
      PORT: `${portOf(name)}`,
      METRICS_PORT: `${portOf(name, true)}`,
    };
    const base = {
      ...ofFiles,
      ...Object.fromEntries(given),
      ...ports,
      TRUSTED_PROXIES: LOOPBACK,
      NODE_ENV: 'production',
      HOME: join(dir, 'tmp'),
      TMPDIR: join(dir, 'tmp'),
    };
    const foreign =
      services.s3.name === 'minio' ? {} : { S3_ADMIN_ACCESS_KEY: undefined, S3_ADMIN_SECRET_KEY: undefined };
    return changed(base, { ...foreign, ...options.env });
  };

  const sockets: HeldSocket[] = [];
  const held = (port: number): number => {
    const socket = holdSocket(LOOPBACK, port);
    sockets.push(socket);
    return socket.fd;
  };
  const main = join(root, 'dist/src/main.js');
  const process_ = (name: string): StackProcess => {
    const healthUrl = `http://${LOOPBACK}:${portOf(name, true)}/healthz`;
    const isApi = name.startsWith('api');
    const serves = isApi ? `http://${LOOPBACK}:${portOf(name)}` : new URL(healthUrl).origin;
    return planned({
      socket: isApi && options.heldSockets === true ? held(portOf(name)) : undefined,
      ...{ name, healthUrl, url: serves, cwd: dir, env: environment(name), logFile: join(dir, 'logs', `${name}.log`) },
      command: [process.execPath, main, ...(file.services[name]?.command ?? [])],
    });
  };
  const proxy = (program: string): StackProcess => {
    const service = file.services.proxy;
    const given = Object.entries(service?.environment ?? {}).map(([key, value]) => [key, here('proxy', value)]);
    const caFile = join(secrets, 'tls_authority');
    return planned({
      ...{ name: 'proxy', url, healthUrl: `${url}/healthz`, cwd: dir, logFile: join(dir, 'logs/proxy.log') },
      env: {
        ...Object.fromEntries(given),
        ...{ LISTEN_ADDRESS: LOOPBACK, HTTP_PORT: `${portOf('proxy')}`, HTTPS_PORT: `${portOf('proxy', true)}` },
        ...{ HOME: join(dir, 'tmp'), XDG_CONFIG_HOME: join(dir, 'tmp'), XDG_DATA_HOME: join(dir, 'tmp') },
      },
      command: [program, ...(service?.command ?? []).slice(1).map((word) => here('proxy', word))],
      healthy: () => answersOverTls(`${url}/healthz`, caFile),
    });
  };

  const ofMigration = environment('migrate');
  return {
    processes: {
      apis: apis.map(process_),
      workers: workers.map(process_),
      proxy: caddy === undefined ? undefined : proxy(caddy),
    },
    sockets,
    caFile: join(secrets, 'tls_authority'),
    buckets: {
      archive: ofMigration.S3_ARCHIVE_BUCKET ?? 'antin-archive',
      work: ofMigration.S3_WORK_BUCKET ?? 'antin-work',
    },
    environment,
    antin: (...args) =>
      new Promise((done) => {
        const env = { PATH: process.env.PATH, ...environment('migrate') };
        execFile(process.execPath, [main, ...args], { cwd: dir, env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) =>
          done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 4, stdout, stderr }),
        );
      }),
  };
}

/** The secrets as an administrator makes them, then with the addresses and passwords of the services that run here. */
function makeSecrets(dir: string, { postgres, redis, s3, addresses }: StackServices): string {
  const folder = join(dir, 'secrets');
  execFileSync('sh', [join(root, 'deploy/make-secrets.sh'), folder, 'localhost'], { stdio: 'pipe' });
  const reached = (url: string, name: string): string => {
    const moved = new URL(url);
    moved.host = addresses.get(name) ?? moved.host;
    return moved.href;
  };
  for (const [name, value] of [
    ['database_url', reached(postgres.url, 'postgres')],
    ['redis_url', reached(redis.url, 'redis')],
    // Of MinIO the processes get an account of their own, which `antin migrate` makes; other engines have only one here.
    [s3.name === 'minio' ? 'minio_root_user' : 's3_access_key', s3.accessKey],
    [s3.name === 'minio' ? 'minio_root_password' : 's3_secret_key', s3.secretKey],
  ] as const) {
    writeFileSync(join(folder, name), `${value}\n`, { mode: 0o644 });
  }
  return folder;
}

/** Puts this machine's paths and addresses in the place of those that a container of the named service sees. */
function localiser(
  file: ComposeFile,
  dir: string,
  secrets: string,
  addresses: ReadonlyMap<string, string>,
): (service: string, value: string) => string {
  return (service, value) => {
    const { volumes = [], tmpfs = [] } = file.services[service] ?? {};
    const mounts: [string, string][] = [
      ['/run/secrets', secrets],
      ...tmpfs.map((mount): [string, string] => [mount.split(':')[0] ?? '', join(dir, 'tmp')]),
      ...volumes.map((mount): [string, string] => {
        const [source = '', target = ''] = mount.split(':');
        return [target, source.startsWith('.') ? join(root, source) : join(dir, 'volumes', source)];
      }),
    ];
    for (const [inside, outside] of mounts) {
      if (value === inside || value.startsWith(`${inside}/`)) return outside + value.slice(inside.length);
    }
    // `http://minio:9000`, `api-1:8080 api-2:8080`
    return value.replace(/(^|[ /@])([a-z0-9-]+):\d+/g, (all, before: string, host: string) => {
      const address = addresses.get(host);
      return address === undefined ? all : before + address;
    });
  };
}

function program(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function answersOverTls(url: string, caFile: string): Promise<boolean> {
  return new Promise((done) => {
    const asked = request(
      url,
      { ca: readFileSync(caFile), host: LOOPBACK, servername: 'localhost', timeout: 2_000 },
      (answer) => {
        answer.resume();
        done(answer.statusCode === 200);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => done(false));
    asked.end();
  });
}
