/** Child processes that never outlive us: a small shell watches over them and ends them when our end of its pipe closes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly log: string;
  /** Added to a bare environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly as?: Account | undefined;
  /** A descriptor that it finds as its third, after standard input, output and error. */
  readonly socket?: number | undefined;
}

export interface Running {
  pid(): number | undefined;
  alive(): boolean;
  /** Milliseconds from start to end, or until now. */
  lived(): number;
  /** The process and all its descendants. */
  family(): number[];
  /** To the whole family. */
  signal(signal: NodeJS.Signals): void;
  /** Exit code; `undefined`: by a signal, or it could not be started. */
  readonly ended: Promise<number | undefined>;
  readonly log: string;
}

/** What a service finds in its environment: nothing of ours (an engine may read variables that we use otherwise). */
export function bareEnvironment(home: string): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
  };
}

/** Starts a program in a process group of its own. It does not keep our process from ending. */
export function launch({ command, args, cwd, log, env, as, socket }: Program): Running {
  const output = openSync(log, 'a');
  const child = spawn(command, args, {
    cwd,
    env: { ...bareEnvironment(cwd), ...env },
    stdio: ['ignore', output, output, ...(socket === undefined ? [] : [socket])],
    detached: true,
    ...as,
  });
  closeSync(output);
  const begun = performance.now();
  let endedAt: number | undefined;
  const ended = new Promise<number | undefined>((resolve) => {
    const end = (code?: number | null) => {
      endedAt ??= performance.now();
      resolve(code ?? undefined);
    };
    child.once('exit', end);
    child.once('error', () => end());
  });
  child.unref();
  const { pid } = child;
  if (pid !== undefined) {
    guard().say(`watch ${pid}`);
    void ended.then(() => guard().say(`forget ${pid}`));
  }
  const isAlive = () => pid !== undefined && endedAt === undefined;
  const family = () => (isAlive() && pid !== undefined ? [pid, ...descendants(pid)] : []);
  return {
    pid: () => (isAlive() ? pid : undefined),
    alive: isAlive,
    lived: () => (endedAt ?? performance.now()) - begun,
    family,
    signal: (signal) => family().forEach((one) => void send(one, signal)),
    // Whoever waits for the end wants to live to see it.
    get ended() {
      if (endedAt === undefined) child.ref();
      return ended;
    },
    log,
  };
}

/** Runs a program to its end. @throws when it does not end with 0. */
export async function runToEnd(program: Program): Promise<void> {
  const code = await launch(program).ended;
  if (code === 0) return;
  throw new Error(`${program.command} ended with ${code ?? 'a signal'}\n${lastLines(program.log)}`);
}

/** The end of a log; empty when there is none. */
export function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
}

export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** Reads `watch PID` and `forget PID`; at the end of its input, which our death brings about too, kills what is left. */
const WATCHMAN = `
left=
while read -r word pid; do
  case $word in
    watch) left="$left $pid" ;;
    forget) kept=; for one in $left; do [ "$one" = "$pid" ] || kept="$kept $one"; done; left=$kept ;;
  esac
done
for one in $left; do kill -s KILL -- "-$one" 2>/dev/null; done
`;

interface Guard {
  say(line: string): void;
}

let theGuard: Guard | undefined;

/** One for all services of this process. */
function guard(): Guard {
  theGuard ??= startGuard();
  return theGuard;
}

function startGuard(): Guard {
  // A session of its own: a Ctrl-C that ends us must not end it before its work.
  const watchman: ChildProcess = spawn('sh', ['-c', WATCHMAN], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const { stdin } = watchman;
  if (stdin === null) throw new Error('the watchman has no ear');
  watchman.unref();
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  stdin.on('error', () => {
    theGuard = undefined;
  });
  return { say: (line) => void stdin.write(`${line}\n`) };
}

/** What a program prints, or `undefined` when it is not there or does not answer well. */
export function output(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
