/** The bells as BullMQ jobs: one queue a kind of job, a bell holds the number of a row and its fence, nothing else. */
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Bell, JobName } from '../../src/platform/outbox/index.ts';
import type { Log } from '../../src/shared/index.ts';
import { within } from '../runner.ts';
import { connected, openListening, openRinging, type RedisPlace, weaknesses } from './redis.ts';

export interface BellQueueOptions {
  readonly redis: RedisPlace;
  readonly prefix: string;
  /** How many bells of each kind are answered at once. */
  readonly atOnce: Readonly<Partial<Record<JobName, number>>>;
  /** Answers a bell; never throws. */
  answer(bell: Bell): Promise<unknown>;
  readonly log: Log;
}

/** An owned resource: who opens it closes it. */
export interface BellQueue {
  /** Bells of a kind that nobody has begun to answer. Throws when Redis does not answer within two seconds. */
  waiting(name: JobName): Promise<number>;
  /** A bell that is in the queue already stays as it is. Throws as `waiting` does. */
  ring(bells: readonly Bell[]): Promise<void>;
  /** Whether bells are taken from the queue; at the beginning they are. */
  listen(isListening: boolean): void;
  /** Begins no new answer and waits for those under way. */
  closeWorkers(): Promise<void>;
  close(): Promise<void>;
}

type BellJob = Pick<Bell, 'id' | 'fence'>;

/** Without sign of life for so long, a bell is taken from a worker; its lease in the outbox decides who works. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** How often a bell may be taken from dead workers; the outbox counts tries. */
const MOST_STALLS = 1_000_000;
const RETRY_MS = 1000;
/** The tries, their pauses and their history are in the outbox; the next try has another id, so nothing may stay here. */
const RUNG_ONCE = { attempts: 1, removeOnComplete: true, removeOnFail: true };
const CLOSE_MS = 2000;

export function createBellQueue(options: BellQueueOptions): BellQueue {
  const { redis, prefix, log } = options;
  const names = Object.keys(options.atOnce) as JobName[];
  let ringing: Redis | undefined;
  let listening: Redis | undefined;
  let open: Promise<{ queues: Map<JobName, Queue<BellJob>>; workers: Worker<BellJob>[] }> | undefined;
  let closing = false;
  let isListening = true;

  const onError = (error: Error): void => {
    if (closing || ringing?.status !== 'ready') return;
    log.warn({ err: error }, 'the queue reported an error');
  };
  const openAll = async () => {
    // What is made while Redis is away stays broken: nothing is made before it answers.
    ringing ??= openRinging(redis);
    const connection = ringing;
    await connected(connection);
    for (const weakness of await weaknesses(connection)) log.warn({ code: weakness.code }, weakness.en);
    const queues = new Map(
      names.map((name) => {
        const queue = new Queue<BellJob>(name, {
          connection,
          prefix,
          skipWaitingForReady: true,
          streams: { events: { maxLen: 100 } },
        });
        queue.on('error', onError);
        return [name, queue];
      }),
    );
    listening ??= openListening(redis);
    const patient = listening;
    const workers = names.map((name) => {
      const worker = new Worker<BellJob>(name, ({ data: { id, fence } }) => options.answer({ id, fence, job: name }), {
        connection: patient,
        prefix,
        concurrency: options.atOnce[name] ?? 1,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: MOST_STALLS,
        runRetryDelay: RETRY_MS,
        autorun: isListening,
      });
      worker.on('error', onError);
      return worker;
    });
    return { queues, workers };
  };
  const opened = () => {
    open ??= openAll().catch((error) => {
      open = undefined;
      throw error;
    });
    return open;
  };
  const queueOf = async (name: JobName): Promise<Queue<BellJob>> => {
    const queue = (await opened()).queues.get(name);
    if (queue === undefined) throw new TypeError(`no queue for ${name}`);
    return queue;
  };
  const closeWorkers = async (): Promise<void> => {
    closing = true;
    const workers = (await open?.catch(() => undefined))?.workers ?? [];
    await Promise.all(workers.map((worker) => worker.close()));
  };

  return {
    waiting: async (name) => (await queueOf(name)).getWaitingCount(),
    async ring(bells) {
      for (const [name, ofJob] of Map.groupBy(bells, ({ job }) => job)) {
        const queue = await queueOf(name);
        await queue.addBulk(
          ofJob.map(({ id, fence }) => ({
            name,
            data: { id, fence },
            opts: { jobId: `${name}-${id}-${fence}`, ...RUNG_ONCE },
          })),
        );
      }
    },
    listen(wanted) {
      isListening = wanted;
      void opened()
        .then(({ workers }) =>
          Promise.all(workers.map((worker) => (isListening ? worker.resume() : worker.pause(true)))),
        )
        .catch(onError);
    },
    closeWorkers,
    async close() {
      // Waiting for a Redis that is away would be for ever.
      await within(closeWorkers().catch(onError), CLOSE_MS);
      const all = await open?.catch(() => undefined);
      for (const worker of all?.workers ?? []) await within(worker.disconnect().catch(onError), CLOSE_MS);
      for (const queue of all?.queues.values() ?? []) await within(queue.close().catch(onError), CLOSE_MS);
      ringing?.disconnect();
      listening?.disconnect();
    },
  };
}
