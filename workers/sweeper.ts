/**
 * What nobody rings a bell for. At the start and then every hour, by one process at a time: locks of open episodes and permanent
 * records are rolled on before they run out, owed locks are paid, the archive is compared with its register and a share of it read
 * again, bytes that no document will ask for leave the work store, answered idempotency keys are forgotten after a while.
 */
import type { Archive } from '../src/archive/index.ts';
import type { Parties } from '../src/parties/index.ts';
import type { Idempotency } from '../src/platform/access/index.ts';
import type { Records } from '../src/records/index.ts';
import type { AppError, Log } from '../src/shared/index.ts';

const INTERVAL_MS = 60 * 60 * 1000;
const KEEP_KEYS_DAYS = 30;
const ACTOR = { kind: 'system', id: 'sweeper' } as const;

export interface SweeperDeps {
  /** Runs a round unless another process is at it. */
  readonly exclusively: (round: () => Promise<void>) => Promise<unknown>;
  readonly parties: Parties;
  readonly archive: Archive;
  readonly records: Pick<Records, 'sweepStrayWork'>;
  readonly idempotency: Idempotency;
  /** CLOCK_WRONG, if so: then nothing is judged or locked by it. */
  readonly clockProblem: () => Promise<AppError | undefined>;
  readonly log: Log;
}

/** An owned resource: who starts it closes it. */
export interface Sweeper {
  /**
   * One round now; does nothing if another process is at it. Fails only if all fails: one facility does not stop the others.
   * @throws CLOCK_WRONG.
   */
  sweep(): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function createSweeper(deps: SweeperDeps): Sweeper {
  const { exclusively, parties, archive, records, idempotency, clockProblem, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let running: Promise<void> = Promise.resolve();

  const round = async (): Promise<void> => {
    for (const facilityId of await parties.listFacilityIds()) {
      try {
        const { records, done, failed } = await archive.keepLocks(facilityId, ACTOR, () => stopping);
        if (records + done > 0) log.info({ facilityId, records, objects: done }, 'archive locks were rolled on');
        for (const { objectId, code } of failed) log.error({ facilityId, objectId, code }, 'a lock is still owed');
      } catch (error) {
        log.error({ err: error, facilityId }, 'the archive locks of a facility could not be kept');
      }
    }
    try {
      const { read, compared, found, mended } = await archive.sweep({ isStopping: () => stopping });
      if (read + found + mended > 0 || compared) log.info({ read, compared, found, mended }, 'the archive was swept');
    } catch (error) {
      log.error({ err: error }, 'the archive could not be swept; the next round goes on');
    }
    try {
      const { removed } = await records.sweepStrayWork({ isStopping: () => stopping });
      if (removed > 0) log.info({ removed }, 'bytes that no document will ask for left the work store');
    } catch (error) {
      log.error({ err: error }, 'the work store could not be swept; the next round goes on');
    }
    await idempotency.forget(KEEP_KEYS_DAYS);
  };
  const sweep = async (): Promise<void> => {
    const wrong = await clockProblem();
    if (wrong !== undefined) throw wrong;
    await exclusively(round);
  };
  const tick = (): void => {
    running = sweep().catch((error) => log.warn({ err: error }, 'sweeping failed; it is tried again in an hour'));
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
