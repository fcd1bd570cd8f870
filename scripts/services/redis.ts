import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { mustBeInstalled } from './installed.ts';
import { freePorts } from './ports.ts';
import { logFile, type Service, supervise } from './service.ts';

export interface RedisService extends Service {
  /** `redis://:PASSWORD@127.0.0.1:PORT` */
  readonly url: string;
}

/** Redis as we run it: never evicts; with `appendOnly` written to disk every second, else only in memory. */
export async function startRedis({ dir, appendOnly }: { dir: string; appendOnly: boolean }): Promise<RedisService> {
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
          ...['--bind', '127.0.0.1', '--port', `${port}`, '--requirepass', password, '--dir', dir, '--daemonize', 'no'],
          ...['--save', '', '--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', 'everysec'],
          ...['--maxmemory-policy', 'noeviction'],
        ],
        cwd: dir,
        log: logFile(dir, 'redis'),
      });
    },
    ready: () => answersPing(port, password),
  });
  return { ...service, url: `redis://:${password}@127.0.0.1:${port}` };
}

/** Only PONG counts: while it reads its file, Redis says LOADING. */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
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
