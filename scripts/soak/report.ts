/** The soak run for people and for machines. */
import { availableParallelism } from 'node:os';
import type { Timings } from '../load/hospital.ts';
import type { Limit } from './limits.ts';
import type { ProcessStory } from './memory.ts';
import { quantile } from './statistics.ts';

export interface SoakOutcome {
  readonly documents: number;
  readonly session: number;
  readonly wallMs: number;
  readonly timings: Timings;
  readonly lags: readonly number[];
  readonly processes: readonly ProcessStory[];
  readonly limits: readonly Limit[];
  readonly errors: number;
  readonly refusals: readonly string[];
  readonly unarchived: number;
  readonly attempts: readonly { readonly outcome: string; readonly cause: string; readonly count: number }[];
  /** Of the machine, before and after. */
  readonly load: readonly number[];
}

interface Goal {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly met?: boolean;
  readonly goal?: string;
}

const MIB = 1024 * 1024;

export function report(outcome: SoakOutcome): string {
  const lines = [''];
  for (const { name, value, unit, met, goal } of goals(outcome)) {
    const said = goal === undefined ? '' : `  ${met === true ? '✓' : '✗'} goal ${goal}`;
    lines.push(`${name.padEnd(46)} ${round(value).padStart(9)} ${unit}${said}`);
  }
  lines.push('', 'process        CPU ms/document   MiB first quarter   last quarter   MiB/1,000 documents, last half');
  for (const { name, cpuMs, first, last, slope, flat } of outcome.processes) {
    lines.push(
      [
        name.padEnd(15),
        (cpuMs / outcome.documents).toFixed(2).padStart(14),
        (first / MIB).toFixed(0).padStart(20),
        (last / MIB).toFixed(0).padStart(15),
        (slope / MIB).toFixed(1).padStart(16),
        flat ? '   flat' : '   GROWS',
      ].join(''),
    );
  }
  const sum = outcome.processes.reduce((all, { cpuMs }) => all + cpuMs, 0) / outcome.documents;
  lines.push(`${'all'.padEnd(15)}${sum.toFixed(2).padStart(14)}`);
  lines.push('', 'The limits of this machine, measured right after, nothing else of ours at work:');
  for (const { name, perSecond } of outcome.limits) lines.push(`${name.padEnd(60)} ${round(perSecond).padStart(8)}/s`);
  lines.push('', 'Tries of background jobs:');
  for (const { outcome: how, cause, count } of outcome.attempts)
    lines.push(`  ${String(count).padStart(7)}  ${how} ${cause}`);
  lines.push(
    `load of the machine (1 minute) before and after: ${outcome.load.map((one) => one.toFixed(1)).join(', ')}`,
  );
  lines.push(`errors that clients saw: ${outcome.errors}; not archived: ${outcome.unarchived}`);
  return [...lines, ...outcome.refusals.map((refusal) => `✗ ${refusal}`)].join('\n');
}

function goals({ documents, wallMs, timings, lags, processes }: SoakOutcome): Goal[] {
  const rate = (documents * 1000) / wallMs;
  const cpuMs = processes.reduce((all, one) => all + one.cpuMs, 0) / documents;
  const byCpu = (availableParallelism() * 1000) / cpuMs;
  const waits = (name: string, all: readonly number[], most?: { share: number; ms: number }): Goal[] =>
    [0.5, 0.95, 0.99].map((share) => {
      const value = quantile(all, share);
      const figure = { name: `${name}, p${share * 100}`, value, unit: 'ms' };
      if (most?.share !== share) return figure;
      return { ...figure, met: value < most.ms, goal: `< ${most.ms} ms` };
    });
  return [
    { name: 'throughput, whole road', value: rate, unit: '1/s', met: rate >= 25, goal: '≥ 25/s' },
    // What these cores reach at most when nothing else needs them.
    { name: 'the same by processor time', value: byCpu, unit: '1/s', met: byCpu >= 25, goal: '≥ 25/s' },
    ...waits('hand-over: answer to an intake', timings.intake, { share: 0.95, ms: 150 }),
    ...waits('hand-over: a signature in a session', timings.signature, { share: 0.95, ms: 150 }),
    ...waits('a whole session', timings.session),
    ...waits('archive lag: last signature → archived', lags, { share: 0.99, ms: 10_000 }),
  ];
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

export interface JsonFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export function figures(outcome: SoakOutcome): JsonFigure[] {
  return [
    { name: 'documents', value: outcome.documents, unit: 'documents' },
    ...goals(outcome).map(({ name, value, unit }) => ({ name, value, unit })),
    ...outcome.processes.flatMap(({ name, cpuMs, first, last, slope }) => [
      { name: `${name}: CPU a document`, value: cpuMs / outcome.documents, unit: 'ms' },
      { name: `${name}: memory, first quarter`, value: first, unit: 'bytes' },
      { name: `${name}: memory, last quarter`, value: last, unit: 'bytes' },
      { name: `${name}: memory growth for 1,000 documents`, value: slope, unit: 'bytes' },
    ]),
    ...outcome.limits.map(({ name, perSecond }) => ({ name: `limit: ${name}`, value: perSecond, unit: '1/s' })),
    { name: 'errors seen by clients', value: outcome.errors, unit: 'errors' },
    { name: 'not archived', value: outcome.unarchived, unit: 'documents' },
  ].map((figure) => ({ ...figure, value: Number(figure.value.toPrecision(6)) }));
}
