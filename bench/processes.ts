/** Processor time of the processes below this one, from /proc (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

export interface ChildrenCpu {
  /** Typesetting processes, milliseconds since they began. */
  readonly typst: number;
  /** PostgreSQL: postmaster and all backends, those that have ended included. */
  readonly postgres: number;
}

/** Linux counts in clock ticks; USER_HZ is 100 on every machine Node runs on. */
const TICK_MS = 10;

/** Undefined where there is no /proc. */
export function childrenCpu(): ChildrenCpu | undefined {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const seen = new Map(pids.flatMap((pid) => readProcess(pid)).map((one) => [one.pid, one]));
  const sum = { typst: 0, postgres: 0 };
  for (const one of seen.values()) {
    if (!isBelow(one, seen)) continue;
    if (one.command.includes('compiler-process')) sum.typst += one.cpuMs;
    else if (one.command.includes('postgres')) sum.postgres += one.cpuMs;
  }
  return sum;
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly cpuMs: number;
}

function readProcess(pid: string): Seen[] {
  try {
    // The name in parentheses may hold anything, blanks and parentheses too (proc(5)): count fields from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    // utime, stime, and those of children that have ended and were waited for.
    const ticks = [11, 12, 13, 14].reduce((total, index) => total + (fields[index] ?? 0), 0);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return [{ pid: Number(pid), parent: fields[1] ?? 0, command, cpuMs: ticks * TICK_MS }];
  } catch {
    return []; // it has ended meanwhile
  }
}

function isBelow(one: Seen, all: ReadonlyMap<number, Seen>): boolean {
  for (let up = all.get(one.parent); up !== undefined; up = all.get(up.parent)) {
    if (up.pid === process.pid) return true;
  }
  return false;
}
