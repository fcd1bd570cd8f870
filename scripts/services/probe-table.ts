/** The results of probes as a table for people. */
import type { CheckReport, ProbeReport } from '../../src/platform/storage/worm-probe/index.ts';

/** Of one check of one engine. */
export function markOf({ result, severity }: CheckReport): string {
  if (result === 'failed') return severity === 'required' ? '✖' : '–';
  return { ok: '✔', note: '·', unknown: '?' }[result];
}

export interface ProbedEngine {
  /** With its version. */
  readonly name: string;
  readonly report: ProbeReport;
}

/** Markdown: one row a check, one column an engine. */
export function probeTable(engines: readonly ProbedEngine[]): string {
  const [first] = engines;
  if (first === undefined) return '';
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = ['Điểm thử · Check', ' ', ...engines.map(({ name }) => name)];
  const rows = first.report.checks.map(({ id, title, severity }) => {
    const words = `${title.vi}<br>${title.en}${severity === 'required' ? '' : ' *(không bắt buộc · not required)*'}`;
    const marks = engines.map(({ report }) => report.checks.find((check) => check.id === id));
    return row([`\`${id}\``, words, ...marks.map((check) => (check === undefined ? '' : markOf(check)))]);
  });
  const verdicts = engines.map(({ report }) => `**${report.verdict}**`);
  const verdict = row(['**Kết luận · Verdict**', '', ...verdicts]);
  return [row(head), row(head.map((_, index) => (index < 2 ? '---' : ':-:'))), ...rows, verdict].join('\n');
}
