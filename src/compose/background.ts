/** What works without being asked: jobs, the audit log's sequencer, the sweeper, the keeper of the lock probe. Nothing runs yet. */
import { createBullRunner } from '../../workers/bullmq/index.ts';
import { createInProcessRunner } from '../../workers/in-process.ts';
import { JOBS, type JobDeps } from '../../workers/jobs/index.ts';
import type { Runner } from '../../workers/runner.ts';
import { createSweeper } from '../../workers/sweeper.ts';
import { createSequencer } from '../platform/audit/index.ts';
import type { Metrics } from '../platform/metrics/index.ts';
import { createProbeKeeper } from '../platform/storage/worm-probe/index.ts';
import type { Ground } from './ground.ts';
import type { ComposeOptions } from './options.ts';
import type { Slices } from './slices.ts';

export type Background = ReturnType<typeof openBackground>;

export function openBackground(
  options: ComposeOptions,
  { database, outbox, logKey, idempotency, clockProblem, stores }: Ground,
  { parties, records, signing, archive }: Slices,
  { parallel, countJob }: { readonly parallel: number; readonly countJob: Metrics['countJob'] },
) {
  const { clock, log, redis, s3 } = options;
  const deps: JobDeps = { outbox, records, signing, archive };
  const concurrency = options.concurrency ?? parallel * 2;
  const running = { outbox, jobs: JOBS, deps, log, concurrency, report: countJob };
  const runner: Runner =
    redis === undefined
      ? createInProcessRunner({ ...running, soleOwner: options.databaseUrl === undefined })
      : createBullRunner({
          ...running,
          redis,
          prefix: options.redisPrefix ?? 'antin',
          atOnce: options.queueLimits ?? {},
        });
  const exclusively = (round: () => Promise<void>) => database.withLock('sweeper', round);
  return {
    runner,
    sequencer: createSequencer({ database, key: logKey, clock, log }),
    sweeper: createSweeper({ exclusively, parties, archive, records, outbox, idempotency, clockProblem, log }),
    probeKeeper:
      s3 === undefined || stores.client === undefined
        ? undefined
        : createProbeKeeper({ database, client: stores.client, settings: s3, key: logKey, clock, log }),
  };
}
