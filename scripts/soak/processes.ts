/** Memory and processor time of processes and their children, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** Resident, main process only, bytes. */
  readonly residentBytes: number;
  /** Of it and all its children, those that have ended included, since they began; of this very process without children. */
  readonly cpuMs: number;
}

/** USER_HZ is 100 on every machine Node runs on. */
const TICK_MS = 10;

interface Seen {
  readonly parent: number;
  readonly cpuMs: number;
}

/** Undefined for a process that is not there. */
export function usageOf(pids: readonly (number | undefined)[]): (Usage | undefined)[] {
  const seen = new Map<number, Seen>();
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) readProcess(name, seen);
  const children = Map.groupBy([...seen.keys()], (pid) => seen.get(pid)?.parent ?? 0);
  const cpuOf = (pid: number): number =>
    (seen.get(pid)?.cpuMs ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + cpuOf(child), 0);
  return pids.map((pid) => {
    if (pid === undefined || !seen.has(pid)) return undefined;
    // Everything that is watched is a child of this process.
    const { user, system } = process.cpuUsage();
    return { residentBytes: residentBytes(pid), cpuMs: pid === process.pid ? (user + system) / 1000 : cpuOf(pid) };
  });
}

function readProcess(name: string, into: Map<number, Seen>): void {
  try {
    // The name in parentheses may hold anything (proc(5)): count fields from its end.
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that have ended and were waited for.
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    into.set(Number(name), { parent: Number(fields[1]), cpuMs: ticks * TICK_MS });
  } catch {
    // It has ended meanwhile.
  }
}

function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
