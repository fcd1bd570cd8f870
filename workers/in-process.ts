/** The way to run jobs without a queue: some loops in this process over the outbox, woken by the database. */
import { createExecution } from './execution.ts';
import { createLoops } from './loops.ts';
import { CONCURRENCY, drained, jobNames, POLL_MS, type Runner, type RunnerOptions } from './runner.ts';

export interface InProcessOptions<Deps> extends RunnerOptions<Deps> {
  /** This process alone owns the database: free what a killed predecessor held. Default false. */
  readonly soleOwner?: boolean;
}

export function createInProcessRunner<Deps>(options: InProcessOptions<Deps>): Runner {
  const { outbox, log, concurrency = CONCURRENCY, pollMs = POLL_MS } = options;
  const names = jobNames(options.jobs);
  const execution = createExecution(options);
  const loops = createLoops(
    () => execution.work((lease) => outbox.claim({ jobs: names, ...lease })),
    concurrency,
    pollMs,
  );
  let stopped = false;
  let stopListening: (() => Promise<void>) | undefined;

  return {
    start: async () => {
      if (options.soleOwner === true) {
        const freed = await outbox.voidLeases();
        if (freed > 0) log.info({ freed }, 'took over the jobs of a process that ended');
      }
      stopListening = await outbox.onWork(loops.ring);
      loops.start();
    },
    drain: () => drained(outbox, names, loops.ring, () => stopped),
    stop: async (graceMs = 10_000) => {
      stopped = true;
      void loops.stop();
      await execution.close(graceMs);
      await stopListening?.();
    },
  };
}
