/**
 * Tells the queue of what is due in the outbox. The queue is only a bell: it knows the numbers of rows and nothing else, and
 * may forget all of it at any time. A bell that nobody answers is rung again.
 */
import type { Bell, JobName, Outbox } from '../../src/platform/outbox/index.ts';
import type { Log } from '../../src/shared/index.ts';

export interface RelayOptions {
  readonly outbox: Outbox;
  readonly names: readonly JobName[];
  readonly log: Log;
  readonly pollMs: number;
  /** How many bells wait to be answered. Also shows whether the queue is there: throws if not, within a bounded time. */
  waiting(name: JobName): Promise<number>;
  /** Puts bells into the queue; one that is there already stays as it is. Throws as `waiting` does. */
  ring(bells: readonly Bell[]): Promise<void>;
  /** The queue does not answer any more, or again; called once each. */
  lost(error: unknown): void;
  found(): void;
}

/** An owned resource: who starts it stops it. */
export interface Relay {
  start(): void;
  /** Work was committed: looks at once. */
  look(): void;
  stop(): Promise<void>;
}

/** Bells of one job that may wait in the queue: enough that no worker is idle, few enough that losing them costs little. */
const MOST_WAITING = 200;
const LOST_AFTER_MS = 3000;

export function createRelay(options: RelayOptions): Relay {
  const { outbox, names, log, pollMs } = options;
  let room: Partial<Record<JobName, number>> = {};
  let state: 'unknown' | 'found' | 'lost' = 'unknown';
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let blind = false;

  /** Asks the queue how much of it is unanswered. */
  const measure = async (): Promise<void> => {
    const counts = await Promise.all(names.map((name) => options.waiting(name)));
    room = Object.fromEntries(names.map((name, i) => [name, Math.max(0, MOST_WAITING - (counts[i] ?? 0))]));
  };
  const toQueue = async <T>(work: () => Promise<T>): Promise<void> => {
    try {
      await work();
      if (state !== 'found') options.found();
      state = 'found';
    } catch (error) {
      if (state !== 'lost') options.lost(error);
      state = 'lost';
    }
  };
  const takeBells = async (): Promise<readonly Bell[]> => {
    const most = Object.fromEntries(Object.entries(room).filter(([, left]) => left > 0));
    if (Object.keys(most).length === 0) return [];
    try {
      const bells = await outbox.takeBells({ most, lostMs: LOST_AFTER_MS });
      blind = false;
      return bells;
    } catch (error) {
      if (!blind) log.warn({ err: error }, 'could not look for work');
      blind = true;
      return [];
    }
  };
  const round = async (): Promise<void> => {
    if (state !== 'found') return;
    const bells = await takeBells();
    if (bells.length === 0) return;
    for (const { job } of bells) room[job] = (room[job] ?? 0) - 1;
    await toQueue(() => options.ring(bells));
  };
  /** One round at a time; what is asked for meanwhile is one more round. */
  const look = (): void => {
    again = true;
    running ??= (async () => {
      while (again && !stopped) {
        again = false;
        await round();
      }
      running = undefined;
    })();
  };
  const tick = async (): Promise<void> => {
    await toQueue(measure);
    if (stopped) return;
    look();
    timer = setTimeout(() => void tick(), pollMs);
  };

  return {
    start: () => void tick(),
    look,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
