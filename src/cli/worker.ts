/** `antin worker`: jobs, the audit sequencer and the sweeper, any number of processes over the same stores. */
import type { Command } from 'commander';
import { compose } from '../compose/index.ts';
import { beginOrClose, endWhenAsked, openOperations, processLog, sharedConfig } from './production.ts';
import { composeOptions } from './with-antin.ts';

/** What running jobs may still take after SIGTERM; then they are given back to other workers. */
const GRACE_MS = 25_000;

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('Tiến trình xử lý tác vụ (Redis/BullMQ nếu có REDIS_URL) · Job process (BullMQ if REDIS_URL is set)')
    .option('--json', 'one JSON line when ready', false)
    .action(worker);
}

async function worker(options: { readonly json: boolean }): Promise<void> {
  const config = sharedConfig();
  const log = processLog(config, 'worker');
  const antin = await compose({ ...composeOptions(config, log), schema: 'require' });
  await beginOrClose(antin, async () => {
    const operations = await openOperations(config, antin);
    await antin.runner.start();
    antin.sequencer.start();
    antin.sweeper.start();
    antin.probeKeeper?.start();
    endWhenAsked(log, GRACE_MS + 10_000, async () => {
      antin.leave();
      await antin.runner.stop(GRACE_MS);
      await antin.close();
      await operations?.close(0);
    });
    console.log(options.json ? JSON.stringify({ ready: true }) : 'Sẵn sàng (ready)');
  });
}
