import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { mustBeInstalled } from './installed.ts';
import { freePorts } from './ports.ts';
import { logFile, type Service, supervise } from './service.ts';

export interface RedisService extends Service {
  /** `redis://:PASSWORD@127.0.0.1:PORT`, or `rediss://…` */
  readonly url: string;
}

export interface RedisOptions {
  readonly dir: string;
  readonly appendOnly: boolean;
  /** PEM files; then it speaks nothing but TLS, and its address is `rediss://`. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Redis as we run it: never evicts; with `appendOnly` written to disk every second, else only in memory. */
export async function startRedis({ dir, appendOnly, tls }: RedisOptions): Promise<RedisService> {
  const version = await mustBeInstalled('redis');
  const [port] = await freePorts(1);
  const password = randomBytes(20).toString('hex');
  mkdirSync(dir, { recursive: true });
  const service = await supervise({
    name: 'redis',
    version,
    dir,
    begin: async (run) => {
      run({
        command: 'redis-server',
        args: [
          ...['--bind', '127.0.0.1', '--requirepass', password, '--dir', dir, '--daemonize', 'no'],
          ...(tls === undefined
            ? ['--port', `${port}`]
            : ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no']),
          ...(tls === undefined ? [] : ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key]),
          ...['--save', '', '--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', 'everysec'],
          ...['--maxmemory-policy', 'noeviction'],
        ],
        cwd: dir,
        log: logFile(dir, 'redis'),
      });
    },
    ready: () => answersPing(port, password, tls !== undefined),
  });
  return { ...service, url: `${tls === undefined ? 'redis' : 'rediss'}://:${password}@127.0.0.1:${port}` };
}

/** Only PONG counts: while it reads its file, Redis says LOADING. */
function answersPing(port: number, password: string, secure: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    const ask = () => socket.write(`AUTH ${password}\r\nPING\r\n`);
    const at = { host: '127.0.0.1', port };
    const socket = secure ? connectTls({ ...at, rejectUnauthorized: false }, ask) : connect(at, ask);
    const finish = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes('+PONG')) finish(true);
      else if (said.includes('-LOADING')) finish(false);
    });
  });
}
