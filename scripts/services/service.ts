/** A service under our hands: started, killed, started again on the same data and port, paused, stopped and wiped. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { alive, lastLines, launch, type Program, type Running } from './process.ts';

export interface Service {
  readonly name: string;
  /** As the engine or its package says it. */
  readonly version: string;
  /** Of the process that clients talk to; `undefined` while it does not run. */
  pid(): number | undefined;
  /** Of every process of the service, children too. */
  pids(): readonly number[];
  /** Sends `signal` (default SIGKILL, to every process at once: a power cut) and returns when all of them are gone. Data stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same data and port, and returns when it answers. Does nothing while it runs. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it, as quickly as it can be ended, and deletes its data. */
  stop(): Promise<void>;
}

export interface S3Service extends Service {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface Recipe {
  readonly name: string;
  readonly version: string;
  /** Made if missing, deleted by `stop`. */
  readonly dir: string;
  /** Starts the processes, the one that clients talk to last. Called anew by every `start`. */
  begin(run: (program: Program) => Running): Promise<void>;
  /** Whether it serves. */
  ready(): Promise<boolean>;
  /** Deleted with the data: what the engine leaves elsewhere. */
  readonly litter?: readonly string[];
}

const READY_WITHIN_MS = 90_000;

/** Starts what `recipe` describes and returns when it serves. @throws with the end of its logs when it does not. */
export async function supervise(recipe: Recipe): Promise<Service> {
  const { name, version, dir } = recipe;
  mkdirSync(dir, { recursive: true });
  let running: Running[] = [];
  const run = (program: Program): Running => {
    const one = launch(program);
    running.push(one);
    return one;
  };
  const up = () => running.length > 0 && running.every((one) => one.alive());
  const pids = () => running.flatMap((one) => one.family());

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const ending = running;
    const family = pids();
    for (const one of ending) one.signal(signal);
    await Promise.all(ending.map((one) => one.ended));
    // Children of a killed parent notice by themselves, but only when they next look.
    if (signal === 'SIGKILL') await gone(family);
    running = [];
  };

  const start = async (): Promise<void> => {
    if (up()) return;
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      await kill();
      await recipe.begin(run);
      while (up() && performance.now() < deadline) {
        if (await recipe.ready().catch(() => false)) return;
        await pause(30);
      }
      // It ended: what it found may have been the remains of a killed one, which take a moment to go.
      if (performance.now() > deadline || running.some((one) => one.lived() > 5_000)) break;
      await pause(300);
    }
    const words = running.map((one) => lastLines(one.log)).join('\n');
    await kill();
    throw new Error(`${name} did not start\n${words}`);
  };

  await start();
  return {
    name,
    version,
    pid: () => running.at(-1)?.pid(),
    pids,
    kill,
    start,
    pause: () => running.forEach((one) => void one.signal('SIGSTOP')),
    resume: () => running.forEach((one) => void one.signal('SIGCONT')),
    stop: async () => {
      await kill();
      for (const path of [dir, ...(recipe.litter ?? [])]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function gone(pids: readonly number[]): Promise<void> {
  for (let look = 0; look < 500 && pids.some(alive); look++) await pause(20);
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The answer of a loopback address, or `undefined` when there is none within two seconds. */
export async function ask(url: string): Promise<{ status: number; text: string } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** A file of `dir` for what the programs print. */
export const logFile = (dir: string, program: string): string => join(dir, `${program}.log`);
