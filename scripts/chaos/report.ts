/** The table of a chaos run for people, and its figures for machines. */
import { type Counts, total } from '../load/tally.ts';
import type { CheckResult, Finding } from './check.ts';
import type { OutsideVerdict } from './outside-judge.ts';
import type { Experience, WaveResult } from './waves.ts';

export interface Outcome {
  readonly outside: OutsideVerdict;
  readonly results: readonly WaveResult[];
  readonly check: CheckResult;
  readonly violations: readonly Finding[];
  readonly seen: Counts;
  readonly attempts: readonly { readonly outcome: string; readonly cause: string; readonly count: number }[];
  /** From the end of the last wave until every paper was in the archive, milliseconds. */
  readonly settledMs: number;
  readonly impossible: readonly string[];
  /** Answers that the proxies threw away, by service. */
  readonly lostAnswers: readonly { readonly name: string; readonly count: number }[];
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

export function report(outcome: Outcome): string {
  const { check, violations, seen, attempts, impossible, outside } = outcome;
  const lines = ['', ...table(outcome), ''];
  lines.push(`Errors that clients saw (${total(seen.errors)}), and repeated what they had asked (${seen.retries}):`);
  for (const [name, count] of sorted(seen.errors)) lines.push(`  ${String(count).padStart(6)}  ${name}`);
  lines.push('Tries of background jobs:');
  for (const { outcome: how, cause, count } of attempts) lines.push(`  ${String(count).padStart(6)}  ${how} ${cause}`);
  lines.push(
    '',
    `${check.documents} papers handed in, ${check.registered} registered in the archive, each exactly once unless said below`,
    `${check.acknowledgedSignatures} signatures acknowledged; ${check.signatures} signatures in the archived files are valid`,
    outside.missing === undefined
      ? `pyHanko was asked about ${outside.judged} of the files and a falsified one, EU DSS about ${outside.byDss} of them whose time-stamp came later`
      : `NOT RUN: outside judges: ${outside.missing}`,
    `${check.versions} versions in the bucket, ${check.surplus.length} of them surplus, one of those planted by this run:`,
    ...check.surplus.map(
      ({ key, versionId, lockedUntil }) => `  ${key} ${versionId} locked until ${lockedUntil ?? '–'}`,
    ),
    `fsck: ${check.fsck}`,
    `audit log: ${check.auditEntries} entries, without a gap and as signed unless said below`,
    `answers thrown away: ${outcome.lostAnswers.map(({ name, count }) => `${name} ${count}`).join(', ')}`,
    ...impossible.map((reason) => `NOT RUN: ${reason}`),
    '',
  );
  if (violations.length === 0) lines.push('No violation.');
  else lines.push(`${violations.length} VIOLATIONS:`, ...summary(violations));
  return lines.join('\n');
}

function table({ results }: Outcome): string[] {
  const byName = Map.groupBy(
    results.flatMap(({ experiences }) => experiences),
    ({ fault }) => fault.name,
  );
  const rows = [...byName.values()].map((experiences) => row(experiences));
  const heads = ['fault', 'kind', 'times', 'lasted', 'recovery median', 'worst', 'errors seen', 'repeated'];
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  rows.sort((a, b) => `${a[1]}${a[0]}`.localeCompare(`${b[1]}${b[0]}`));
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function row(experiences: readonly Experience[]): string[] {
  const recoveries = experiences.map(({ recoveredMs }) => recoveredMs).sort((a, b) => a - b);
  const sum = (of: (one: Experience) => number): number => experiences.reduce((all, one) => all + of(one), 0);
  return [
    experiences[0]?.fault.name ?? '',
    experiences[0]?.fault.kind ?? '',
    String(experiences.length),
    seconds(sum(({ lastedMs }) => lastedMs) / experiences.length),
    seconds(recoveries[recoveries.length >> 1] ?? 0),
    seconds(recoveries.at(-1) ?? 0),
    String(sum(({ seen }) => total(seen.errors))),
    String(sum(({ seen }) => seen.retries)),
  ];
}

const sorted = (errors: ReadonlyMap<string, number>): [string, number][] => [...errors].sort((a, b) => b[1] - a[1]);

const MOST_LINES = 40;

function summary(violations: readonly Finding[]): string[] {
  const lines = violations.slice(0, MOST_LINES).map(({ rule, what }) => `  ✗ ${rule}: ${what}`);
  if (violations.length > MOST_LINES) lines.push(`  … and ${violations.length - MOST_LINES} more (violations.json)`);
  return lines;
}

export interface JsonFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export function figures(outcome: Outcome): JsonFigure[] {
  const { check, violations, results, seen, settledMs } = outcome;
  const experiences = results.flatMap((result) => result.experiences);
  const list: JsonFigure[] = [
    { name: 'documents handed in', value: check.documents, unit: 'documents' },
    { name: 'documents registered in the archive', value: check.registered, unit: 'documents' },
    { name: 'signatures acknowledged', value: check.acknowledgedSignatures, unit: 'signatures' },
    { name: 'signatures valid in the archive', value: check.signatures, unit: 'signatures' },
    { name: 'surplus versions', value: check.surplus.length, unit: 'versions' },
    { name: 'audit entries', value: check.auditEntries, unit: 'entries' },
    { name: 'faults', value: experiences.length, unit: 'faults' },
    { name: 'errors seen by clients', value: total(seen.errors), unit: 'errors' },
    { name: 'requests repeated by clients', value: seen.retries, unit: 'requests' },
    { name: 'settled after the last fault', value: settledMs / 1000, unit: 's' },
    { name: 'violations', value: violations.length, unit: 'violations' },
  ];
  for (const [name, all] of Map.groupBy(experiences, ({ fault }) => fault.name)) {
    list.push({ name: `${name}: times`, value: all.length, unit: 'times' });
    list.push({
      name: `${name}: worst recovery`,
      value: Math.max(...all.map(({ recoveredMs }) => recoveredMs)) / 1000,
      unit: 's',
    });
  }
  return list.map((figure) => ({ ...figure, value: Number(figure.value.toPrecision(6)) }));
}
