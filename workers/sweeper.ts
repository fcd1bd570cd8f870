/**
 * What nobody rings a bell for. At the start and then every hour, by one process at a time: locks of open episodes and permanent
 * records are rolled on before they run out, owed locks are paid, the archive is compared with its register and a share of it read
 * again, bytes that no document will ask for leave the work store, done jobs and answered idempotency keys are forgotten after a while.
 */
import type { Archive } from '../src/archive/index.ts';
import type { Parties } from '../src/parties/index.ts';
import type { Idempotency } from '../src/platform/access/index.ts';
import type { Outbox } from '../src/platform/outbox/index.ts';
import type { Records } from '../src/records/index.ts';
import type { AppError, Log } from '../src/shared/index.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const KEEP_KEYS_DAYS = 30;
/** What a job did is in the audit log; how often it was tried is worth knowing for a while. */
const KEEP_JOBS_DAYS = 90;
const ACTOR = { kind: 'system', id: 'sweeper' } as const;

export interface SweeperDeps {
  /** Runs a round unless another process is at it. */
  readonly exclusively: (round: () => Promise<void>) => Promise<unknown>;
  readonly parties: Parties;
  readonly archive: Archive;
  readonly records: Pick<Records, 'sweepStrayWork'>;
  readonly outbox: Pick<Outbox, 'forget'>;
  readonly idempotency: Idempotency;
  /** CLOCK_WRONG, if so: then nothing is judged or locked by it. */
  readonly clockProblem: () => Promise<AppError | undefined>;
  readonly log: Log;
}

/** An owned resource: who starts it closes it. */
export interface Sweeper {
  /**
   * One round now; does nothing if another process is at it. A step that fails is a line in the log and does not stop the others.
   * @throws CLOCK_WRONG.
   */
  sweep(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createSweeper(deps: SweeperDeps): Sweeper {
  const { exclusively, parties, archive, records, outbox, idempotency, clockProblem, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let running: Promise<void> | undefined;
  const isStopping = (): boolean => stopping;

  /** What fails does not keep the rest of the round from being done; the next one comes to it again. */
  const step = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (stopping) return;
    await work().catch((error) => log.error({ err: error, step: what }, 'a step of the sweep failed'));
  };
  const keepLocks = async (facilityId: string): Promise<void> => {
    const { records, done, failed } = await archive.keepLocks(facilityId, ACTOR, isStopping);
    if (records + done > 0) log.info({ facilityId, records, objects: done }, 'archive locks were rolled on');
    for (const { objectId, code } of failed) log.error({ facilityId, objectId, code }, 'a lock is still owed');
  };
  const sweepArchive = async (): Promise<void> => {
    const { read, compared, found, mended } = await archive.sweep({ isStopping });
    if (read + found + mended > 0 || compared) log.info({ read, compared, found, mended }, 'the archive was swept');
  };
  const sweepWork = async (): Promise<void> => {
    const { removed } = await records.sweepStrayWork({ isStopping });
    if (removed > 0) log.info({ removed }, 'bytes that no document will ask for left the work store');
  };
  const forget = async (): Promise<void> => {
    const jobs = await outbox.forget(KEEP_JOBS_DAYS, isStopping);
    const keys = await idempotency.forget(KEEP_KEYS_DAYS);
    if (jobs + keys > 0) log.info({ jobs, keys }, 'done jobs and answered keys were forgotten');
  };

  const round = async (): Promise<void> => {
    for (const id of await parties.listFacilityIds()) await step(`locks of ${id}`, () => keepLocks(id));
    await step('archive', sweepArchive);
    await step('work store', sweepWork);
    await step('forget', forget);
  };
  const sweep = async (): Promise<void> => {
    const wrong = await clockProblem();
    if (wrong !== undefined) throw wrong;
    await exclusively(round);
  };
  /** A round that takes longer than the hour is waited for. */
  const tick = (): void => {
    running ??= sweep()
      .catch((error) => log.warn({ err: error }, 'sweeping failed; it is tried again in an hour'))
      .finally(() => {
        running = undefined;
      });
  };
  return {
    sweep,
    start() {
      if (timer !== undefined) return;
      tick();
      timer = setInterval(tick, INTERVAL_MS);
    },
    async close() {
      stopping = true;
      clearInterval(timer);
      await running;
    },
  };
}
