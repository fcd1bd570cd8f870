/** `antin api`: HTTP only, any number of processes over the same stores. Never talks to Redis. */
import type { Command } from 'commander';
import { openServer } from '../api/index.ts';
import { compose } from '../compose.ts';
import { endWhenAsked, openOperations, processLog, sharedConfig } from './production.ts';
import { composeOptions } from './with-antin.ts';

interface ApiOptions {
  readonly port?: string;
  readonly json: boolean;
}

/** So long /readyz says that the process leaves, while it still serves: who balances the load looks every few seconds. */
const LEAVING_MS = 3_000;
/** What requests may still take after that. */
const GRACE_MS = 25_000;

export function addApi(program: Command): void {
  program
    .command('api')
    .description('Tiến trình HTTP (PostgreSQL, S3) · HTTP process')
    .option('--port <number>', 'port to listen on (PORT)')
    .option('--json', 'one JSON line when ready', false)
    .action(api);
}

async function api(options: ApiOptions): Promise<void> {
  const config = sharedConfig({ PORT: options.port });
  const log = processLog(config, 'api');
  const antin = await compose({ ...composeOptions(config, log), redis: undefined, schema: 'require' });
  const { HOST: host, PORT: port } = config;
  const operations = await openOperations(config, antin);
  const server = await openServer(antin.app, { host, port, bodyTimeoutMs: config.BODY_TIMEOUT_SECONDS * 1000 });
  endWhenAsked(log, LEAVING_MS + GRACE_MS + 5_000, async () => {
    antin.leave();
    server.leave();
    await new Promise((resolve) => setTimeout(resolve, LEAVING_MS));
    await server.close(GRACE_MS);
    await antin.close();
    await operations?.close(0);
  });
  const url = `http://${host}:${server.port}`;
  console.log(options.json ? JSON.stringify({ ready: true, url }) : `Sẵn sàng (ready): ${url}`);
}
