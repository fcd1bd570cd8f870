/** Killable typesetting processes: started when needed, one job at a time each, replaced after a crash or many jobs. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../shared/index.ts';
import type { ProcessAnswer, ProcessStart, TypesetDocument, TypesettingJob } from './process-messages.ts';

export interface ProcessPoolOptions {
  readonly fonts: readonly Uint8Array[];
  readonly stampFont: { readonly bytes: Uint8Array; readonly tag: string };
  readonly processes: number;
  readonly timeLimitMs: number;
  readonly recycleAfter: number;
}

export interface ProcessPool {
  run(job: TypesettingJob): Promise<TypesetDocument>;
  close(): Promise<void>;
}

interface Waiting {
  readonly job: TypesettingJob;
  readonly resolve: (document: TypesetDocument) => void;
  readonly reject: (error: AppError) => void;
}

interface Place {
  child: ChildProcess | undefined;
  busy: boolean;
  documents: number;
}

/** Sources run as they are (`.ts`), the build as `.js`: the sibling has the extension of this module. */
const ENTRY = fileURLToPath(import.meta.url).replace(/process-pool(\.[jt]s)$/, 'compiler-process$1');

const START_LIMIT_MS = 60_000;

export function createProcessPool(options: ProcessPoolOptions): ProcessPool {
  const places: Place[] = Array.from({ length: options.processes }, () => ({
    child: undefined,
    busy: false,
    documents: 0,
  }));
  const queue: Waiting[] = [];
  let folder: string | undefined;
  let closed = false;

  /** A folder with an empty workspace and a fontconfig file that knows one empty folder: no system fonts. */
  function workFolder(): string {
    if (folder === undefined) {
      folder = mkdtempSync(join(tmpdir(), 'antin-typst-'));
      mkdirSync(join(folder, 'workspace'));
      mkdirSync(join(folder, 'no-fonts'));
      const config = `<?xml version="1.0"?><fontconfig><dir>${join(folder, 'no-fonts')}</dir></fontconfig>`;
      writeFileSync(join(folder, 'fonts.conf'), config);
    }
    return folder;
  }

  /**
   * The child gets no environment but this: neither secrets nor proxies reach templates.
   * Small young generation and few malloc arenas keep its memory near 200 MB instead of 350, at the same speed.
   */
  async function start(place: Place): Promise<ChildProcess> {
    const root = workFolder();
    const child = fork(ENTRY, [], {
      serialization: 'advanced',
      execArgv: ['--max-semi-space-size=4'],
      env: { FONTCONFIG_FILE: join(root, 'fonts.conf'), MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    place.child = child;
    place.documents = 0;
    // It may also end between two jobs (killed by the system for its memory): the next job gets a new one.
    const forget = (): void => {
      if (place.child === child) place.child = undefined;
    };
    child.on('exit', forget).on('error', forget);
    const message: ProcessStart = {
      kind: 'start',
      workspace: join(root, 'workspace'),
      fonts: options.fonts,
      stampFont: options.stampFont,
    };
    // Starting is not the job's fault: it gets its own, generous limit.
    const answer = await ask(child, message, START_LIMIT_MS);
    if (answer.kind !== 'ready') throw new Error(answer.kind === 'failed' ? answer.reason : 'no start');
    return child;
  }

  /** One question, one answer; a process that stays silent too long is killed. */
  function ask(child: ChildProcess, message: ProcessStart | TypesettingJob, limitMs: number): Promise<ProcessAnswer> {
    hold(child, true);
    return new Promise<ProcessAnswer>((resolve, reject) => {
      let complaint = '';
      const onComplaint = (chunk: Buffer): void => {
        complaint = (complaint + chunk.toString('utf8')).slice(-2_000);
      };
      const settle = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit).off('error', onExit);
        child.stderr?.off('data', onComplaint);
        hold(child, false);
      };
      const onMessage = (answer: ProcessAnswer): void => {
        settle();
        resolve(answer);
      };
      const onExit = (why: unknown): void => {
        settle();
        const cause = new Error(`the typesetting process ended (${String(why)}): ${complaint}`);
        reject(new AppError('RENDER_FAILED', { cause }));
      };
      const timer = setTimeout(() => {
        settle();
        child.kill('SIGKILL');
        reject(new AppError('RENDER_TIMEOUT'));
      }, limitMs);
      child.stderr?.on('data', onComplaint);
      child.on('message', onMessage).on('exit', onExit).on('error', onExit);
      child.send(message, (error) => {
        if (error !== null) onExit(error.message);
      });
    });
  }

  async function work(place: Place, { job, resolve, reject }: Waiting): Promise<void> {
    try {
      const child = place.child ?? (await start(place));
      const answer = await ask(child, job, options.timeLimitMs);
      place.documents += 1;
      if (answer.kind === 'done') resolve(answer.document);
      else reject(new AppError('RENDER_FAILED', { cause: answer.kind === 'failed' ? answer.reason : answer }));
      if (place.documents >= options.recycleAfter) stop(place);
    } catch (error) {
      stop(place);
      reject(error instanceof AppError ? error : new AppError('RENDER_FAILED', { cause: error }));
    }
  }

  function turn(): void {
    const place = places.find((candidate) => !candidate.busy);
    if (place === undefined) return;
    const waiting = queue.shift();
    if (waiting === undefined) return;
    place.busy = true;
    void work(place, waiting).finally(() => {
      place.busy = false;
      turn();
    });
    turn();
  }

  function stop(place: Place): void {
    place.child?.kill('SIGKILL');
    place.child = undefined;
  }

  return {
    run(job) {
      return new Promise((resolve, reject) => {
        if (closed) {
          reject(new AppError('RENDER_FAILED', { cause: 'the renderer is closed' }));
          return;
        }
        queue.push({ job, resolve, reject });
        turn();
      });
    },
    async close() {
      closed = true;
      for (const { reject } of queue.splice(0)) {
        reject(new AppError('RENDER_FAILED', { cause: 'the renderer was closed' }));
      }
      await Promise.all(places.map(({ child }) => (child === undefined ? undefined : ended(child))));
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}

/** Kills and waits, so that nobody is left in the folder that goes next. */
function ended(child: ChildProcess): Promise<unknown> | undefined {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill('SIGKILL');
  return exit;
}

/** An idle process must not keep the program alive: when the program ends, the channel closes and the process follows. */
function hold(child: ChildProcess, busy: boolean): void {
  for (const handle of [child, child.channel]) {
    if (busy) handle?.ref();
    else handle?.unref();
  }
  const complaints = child.stderr;
  if (complaints !== null && 'unref' in complaints && typeof complaints.unref === 'function') complaints.unref();
}
