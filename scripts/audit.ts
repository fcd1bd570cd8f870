/**
 * Known weaknesses in the packages that we use: `npm run audit`. Fails on any that audit-allow.json does not let pass for now, on
 * entries there that have passed their day or that nothing needs any more, and on entries without a reason.
 *
 * The question goes to the registry. One that cannot answer (a mirror, a machine without network) proves nothing either way: that is said
 * in so many words and is no failure, unless `--required` is given. The list's own days are checked in any case.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const DAY_MS = 86_400_000;
const LONGEST_DAYS = 184;

export interface AllowedAdvisory {
  /** `GHSA-…`. */
  readonly advisory: string;
  /** Last day, `YYYY-MM-DD`. */
  readonly until: string;
  readonly reason: string;
}

export interface AllowList {
  readonly allowed: readonly AllowedAdvisory[];
}

export interface Advisory {
  readonly advisory: string;
  readonly package: string;
  readonly severity: string;
  readonly title: string;
}

/** What npm says of a weakness; text names another package of the same report, where the advisory stands. */
type Via = string | { source: number; name: string; severity: string; title: string; url?: string };

interface Report {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly Via[] }>>;
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

/** What is wrong with the list itself on this day (`YYYY-MM-DD`). */
export function judgeList({ allowed }: AllowList, today: string): string[] {
  return allowed.flatMap(({ advisory, until, reason }) => {
    const name = advisory ?? 'an entry without `advisory`';
    const ahead = (Date.parse(until) - Date.parse(today)) / DAY_MS;
    const wrong: string[] = [];
    if (!/^GHSA(-[23456789cfghjmpqrvwx]{4}){3}$/.test(advisory ?? ''))
      wrong.push(`${name}: not the id of an advisory (GHSA-…)`);
    if (typeof reason !== 'string' || reason.trim().length < 20)
      wrong.push(`${name}: no reason that a reader understands`);
    if (!/^\d{4}-\d\d-\d\d$/.test(until ?? '') || Number.isNaN(ahead))
      wrong.push(`${name}: \`until\` is not a day (YYYY-MM-DD)`);
    else if (ahead < 0) wrong.push(`${name}: allowed only until ${until}; mend it or decide anew`);
    else if (ahead > LONGEST_DAYS) wrong.push(`${name}: allowed until ${until}, longer than half a year`);
    return wrong;
  });
}

/** The advisories of npm's report (version 2), or undefined if it is no report. */
export function advisoriesOf(report: Report | undefined): Advisory[] | undefined {
  if (report?.auditReportVersion !== 2 || report.vulnerabilities === undefined) return undefined;
  const found = new Map<string, Advisory>();
  for (const { via } of Object.values(report.vulnerabilities)) {
    for (const one of via) {
      if (typeof one === 'string') continue;
      const advisory = one.url?.split('/').at(-1) ?? String(one.source);
      found.set(advisory, { advisory, package: one.name, severity: one.severity, title: one.title });
    }
  }
  return [...found.values()];
}

/** Everything that must be mended; empty: nothing. */
export function judgeAudit(advisories: readonly Advisory[], list: AllowList, today: string): string[] {
  const allowed = new Set(list.allowed.map(({ advisory }) => advisory));
  const known = new Set(advisories.map(({ advisory }) => advisory));
  return [
    ...judgeList(list, today),
    ...advisories
      .filter(({ advisory }) => !allowed.has(advisory))
      .map((one) => `${one.package}: ${one.title} (${one.severity}, ${one.advisory})`),
    ...list.allowed
      .filter(({ advisory }) => !known.has(advisory))
      .map(({ advisory }) => `${advisory}: nothing needs this entry any more`),
  ];
}

function ask(): { advisories?: Advisory[] | undefined; why: string } {
  const { stdout, error } = spawnSync('npm', ['audit', '--json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    timeout: 120_000,
  });
  if (error !== undefined) return { why: error.message };
  try {
    const report = JSON.parse(stdout) as Report;
    return { advisories: advisoriesOf(report), why: report.message ?? report.error?.summary ?? 'no report' };
  } catch {
    return { why: 'the answer is no report' };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const list = JSON.parse(readFileSync(join(root, 'audit-allow.json'), 'utf8')) as AllowList;
  const today = new Date().toISOString().slice(0, 10);
  const { advisories, why } = ask();
  const wrong = advisories === undefined ? judgeList(list, today) : judgeAudit(advisories, list, today);
  for (const one of wrong) console.error(`✗ ${one}`);
  if (advisories === undefined)
    console.log(`NOT AUDITED: the registry did not answer (${why}). Nothing is known about the packages.`);
  else
    console.log(
      `audited: ${advisories.length} advisories, ${list.allowed.length} allowed for now, ${wrong.length} to be mended`,
    );
  const unanswered = advisories === undefined && process.argv.includes('--required');
  process.exitCode = wrong.length > 0 ? 1 : unanswered ? 4 : 0;
}
