/** `antin api`: HTTP only, any number of processes over the same stores. Never talks to Redis. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { compose } from '../compose/index.ts';
import { beginOrClose, endWhenAsked, openPorts, processLog, sharedConfig } from './production.ts';
import { composeOptions } from './with-antin.ts';

interface ApiOptions {
  readonly port?: string;
  readonly json: boolean;
}

/** So long /healthz says that the process leaves, while it still serves: who balances the load looks every few seconds. */
const LEAVING_MS = 3_000;
/** So long at most it waits for clients to have used the connections they keep. */
const MOST_LEAVING_MS = 10_000;
/** What requests may still take after that. */
const GRACE_MS = 20_000;

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
  await beginOrClose(antin, async () => {
    const { server, operations } = await openPorts(config, antin);
    endWhenAsked(log, MOST_LEAVING_MS + GRACE_MS + 5_000, async () => {
      antin.leave();
      await Promise.race([Promise.all([server.leave(), setTimeout(LEAVING_MS)]), setTimeout(MOST_LEAVING_MS)]);
      await server.close(GRACE_MS);
      await antin.close();
      await operations?.close(0);
    });
    const url = `http://${config.HOST}:${server.port}`;
    console.log(options.json ? JSON.stringify({ ready: true, url }) : `Sẵn sàng (ready): ${url}`);
  });
}
