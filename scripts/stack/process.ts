/** A process of the stack that can be killed, paused and started again under the same name, environment and ports. */
import { readFileSync } from 'node:fs';
import { lastLines, launch, type Running } from '../services/process.ts';
import type { ProcessChange, StackProcess } from './contract.ts';

export interface ProcessPlan {
  readonly name: string;
  readonly url: string;
  readonly healthUrl: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Handed to each of its lives, as systemd hands over a socket unit's. */
  readonly socket?: number | undefined;
  /** Whether the answer of `healthUrl` is that of a process that works. */
  readonly healthy?: () => Promise<boolean>;
}

/** sd_listen_fds(3): the process is told that the socket is meant for it. */
const HANDED = ['sh', '-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"'];
const HEALTHY_WITHIN_MS = 90_000;

/** Nothing runs yet when it returns. */
export function planned(plan: ProcessPlan): StackProcess {
  let running: Running | undefined;
  let lastExit: ReturnType<StackProcess['lastExit']>;
  let change: ProcessChange = {};

  const send = (signal: NodeJS.Signals): void => {
    const pid = running?.pid();
    if (running === undefined || pid === undefined) return;
    // What a container's end or a machine's fall does to all of it; a request to end is the main process's to pass on.
    if (['SIGKILL', 'SIGSTOP', 'SIGCONT'].includes(signal)) running.signal(signal);
    else process.kill(pid, signal);
  };

  const start = async (): Promise<void> => {
    if (running?.alive() === true) return;
    const handed = plan.socket === undefined ? [] : HANDED;
    const [command = '', ...args] = [...(change.wrap ?? []), ...handed, ...plan.command];
    const started = launch({
      command,
      args,
      cwd: plan.cwd,
      log: plan.logFile,
      socket: plan.socket,
      env: changed(plan.env, change.env ?? {}),
    });
    running = started;
    let over = false;
    void started.ended.then((code) => {
      over = true;
      lastExit = { code: code ?? null };
    });
    const deadline = performance.now() + HEALTHY_WITHIN_MS;
    while (performance.now() < deadline) {
      if (over) break;
      if (await (plan.healthy ?? (() => answers(plan.healthUrl)))()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(
      `${plan.name} ${over ? `ended with ${lastExit?.code}` : 'is not healthy'}\n${lastLines(plan.logFile)}`,
    );
  };

  return {
    name: plan.name,
    url: plan.url,
    healthUrl: plan.healthUrl,
    logFile: plan.logFile,
    pid: () => running?.pid(),
    kill: async (signal = 'SIGKILL') => {
      const ending = running;
      if (ending === undefined || !ending.alive()) return;
      send(signal);
      // A paused process hears of nothing but SIGKILL.
      await ending.ended;
    },
    start: (next) => {
      if (next !== undefined) change = next;
      return start();
    },
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
    logs: () => readFileSync(plan.logFile, 'utf8'),
    lastExit: () => lastExit,
  };
}

/** `over` replaces entries of `base`; an undefined one removes it, also in its `NAME_FILE` form. */
export function changed(
  base: Readonly<Record<string, string>>,
  over: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const result = { ...base };
  for (const [name, value] of Object.entries(over)) {
    delete result[name];
    delete result[`${name}_FILE`];
    if (value !== undefined) result[name] = value;
  }
  return result;
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
