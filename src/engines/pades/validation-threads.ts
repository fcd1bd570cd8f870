/** Judging PDFs beside the event loop: threads started when needed, one file at a time each, replaced when a file takes too long. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../shared/index.ts';
import type { Certificate } from '../crypto/index.ts';
import type { Inspection } from './inspect.ts';
import type { Question, ThreadAnswer, ThreadResults, ThreadStart, ThreadTask } from './thread-messages.ts';
import type { ValidationReport } from './types.ts';

export interface ValidationThreadsOptions {
  readonly anchors: readonly Certificate[];
  readonly timestampAnchors: readonly Certificate[];
  /** Files judged at once. Default 1. */
  readonly threads?: number;
  /** How long one file may take, milliseconds; waiting for a thread does not count. Default 60 s. */
  readonly timeLimitMs?: number;
  /** Heap of each thread, megabytes; the bytes of the files are not in it. Default 1024. */
  readonly heapMegabytes?: number;
}

/** An owned resource: who makes it closes it. All verbs throw VALIDATION_TOO_COSTLY where a file takes too much time or memory. */
export interface ValidationThreads {
  /** See `validate`. */
  validate(pdf: Uint8Array, question: Question): Promise<ValidationReport>;
  /** See `inspect`. */
  inspect(pdf: Uint8Array, question: Question): Promise<Inspection>;
  /** See `survives`. */
  survives(before: Uint8Array, after: Uint8Array, question: Question): Promise<ValidationReport>;
  close(): Promise<void>;
}

interface Waiting {
  readonly task: ThreadTask;
  readonly resolve: (result: ThreadResults[ThreadTask['verb']]) => void;
  readonly reject: (error: unknown) => void;
}

/** Sources run as they are (`.ts`), the build as `.js`: the sibling has the extension of this module. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** Starting a thread is not the file's fault: it gets its own, generous limit. */
const START_LIMIT_MS = 60_000;

export function createValidationThreads(options: ValidationThreadsOptions): ValidationThreads {
  const { threads = 1, timeLimitMs = 60_000, heapMegabytes = 1024 } = options;
  const start: ThreadStart = {
    anchors: options.anchors.map(({ der }) => der),
    timestampAnchors: options.timestampAnchors.map(({ der }) => der),
  };
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const running = new Set<Worker>();
  let closed = false;

  async function open(): Promise<Worker> {
    const worker = new Worker(new URL(`./validation-worker${EXTENSION}`, import.meta.url), {
      workerData: start,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    running.add(worker);
    worker.on('error', () => undefined); // told to whoever waits; an idle thread that breaks is found at its exit
    worker.on('exit', () => {
      running.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    await answerOf(worker, START_LIMIT_MS);
    return worker;
  }

  async function ask(worker: Worker, task: ThreadTask): Promise<ThreadResults[ThreadTask['verb']]> {
    worker.ref();
    const answered = answerOf<ThreadAnswer>(worker, timeLimitMs);
    worker.postMessage(task);
    const answer = await answered;
    if ('result' in answer) return answer.result;
    if ('problem' in answer) throw new AppError(answer.problem, answer.options);
    throw new Error(`a validation thread failed: ${answer.defect}`);
  }

  async function work({ task, resolve, reject }: Waiting): Promise<void> {
    let worker: Worker | undefined;
    try {
      worker = idle.pop() ?? (await open());
      resolve(await ask(worker, task));
    } catch (thrown) {
      reject(thrown);
    }
    if (worker === undefined || !running.has(worker)) return;
    // It must not keep the program alive while nobody waits.
    worker.unref();
    idle.push(worker);
  }

  let busy = 0;
  function turn(): void {
    if (busy === threads) return;
    const waiting = queue.shift();
    if (waiting === undefined) return;
    busy += 1;
    void work(waiting).finally(() => {
      busy -= 1;
      turn();
    });
    turn();
  }

  function run<Verb extends ThreadTask['verb']>(task: ThreadTask & { verb: Verb }): Promise<ThreadResults[Verb]> {
    if (closed) return Promise.reject(new Error('the validation threads are closed'));
    return new Promise((resolve, reject) => {
      // A thread answers what it was asked.
      queue.push({ task, resolve: resolve as Waiting['resolve'], reject });
      turn();
    });
  }

  /** What the thread says next. One that stays silent too long, or runs out of memory, is ended and forgotten. */
  async function answerOf<T>(worker: Worker, limitMs: number): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const tooLong = (): void => answer.reject(tooCostly(new Error(`no answer within ${limitMs} ms`)));
    const timer = setTimeout(tooLong, limitMs);
    const broken = (error: unknown): void => answer.reject(isOutOfMemory(error) ? tooCostly(error) : error);
    const ended = (code: number): void => answer.reject(new Error(`a validation thread ended with code ${code}`));
    worker.once('message', answer.resolve).once('error', broken).once('exit', ended);
    try {
      return await answer.promise;
    } catch (thrown) {
      running.delete(worker);
      void worker.terminate();
      throw thrown;
    } finally {
      clearTimeout(timer);
      worker.off('message', answer.resolve).off('error', broken).off('exit', ended);
    }
  }

  return {
    validate: (pdf, { file, at }) => run({ verb: 'validate', pdf, file, at }),
    inspect: (pdf, { file, at }) => run({ verb: 'inspect', pdf, file, at }),
    survives: (before, after, { file, at }) => run({ verb: 'survives', before, after, file, at }),
    async close() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(new Error('the validation threads were closed'));
      await Promise.all([...running].map((worker) => worker.terminate()));
    },
  };
}

const tooCostly = (cause: unknown): AppError => new AppError('VALIDATION_TOO_COSTLY', { cause });

const isOutOfMemory = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
