/** What the benchmark finds, and how processor time is taken. Wall time says more about the machine's other guests than about us. */
import type { Rate } from './rivals/index.ts';

export interface Figure {
  /** What was counted: `rate`, `CPU`, `own work` … */
  readonly quantity: string;
  readonly value: number;
  readonly unit: '1/s' | 'ms' | 'bytes' | '×' | 'documents';
  /** The goal; shown beside the figure, never a reason to fail. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Why there are no figures, or what one should know about them. */
  readonly note?: string;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Processor time of this process since it began, all threads, milliseconds. */
export function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor time of one run of `work`, as the mean of `runs`. */
export async function cpuPerRun(runs: number, work: () => unknown): Promise<number> {
  const before = cpuNow();
  for (let run = 0; run < runs; run += 1) await work();
  return (cpuNow() - before) / runs;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** A rival's measurement as a line: rate by the wall clock, processor time of its process. */
export function rowOf(rate: Rate): Row {
  if (rate.missing !== undefined) return { name: rate.name, figures: [], note: `missing: ${rate.missing}` };
  return {
    name: rate.name,
    figures: [
      { quantity: 'rate', value: rate.ratePerSecond, unit: '1/s' },
      { quantity: 'CPU', value: rate.cpuMs, unit: 'ms' },
    ],
  };
}
