/**
 * Bad input, told as tables: each case is sent to a whole Ấn Tín and must be refused as problem details in both languages,
 * leaving every row of every table and every file of both stores as they were.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { PROBLEMS, type ProblemCode } from '../../src/shared/index.ts';
import type { RequestOptions, RunningAntin } from '../support/antin.ts';

export interface Sent extends Omit<RequestOptions, 'key'> {
  /** The intake key if absent; nobody's if `null`. */
  readonly key?: string | null;
  readonly method?: string;
  readonly path?: string;
}

/** What is sent, the status and code of the refusal, and every mistake that it must list: `[JSON pointer, code]`. */
export interface BadInput {
  readonly name: string;
  readonly send: (running: RunningAntin) => Sent | Promise<Sent>;
  readonly status: number;
  readonly code: ProblemCode;
  readonly mistakes?: readonly (readonly [path: string, code: string])[];
}

export interface ProblemAnswer {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly vi: string;
  readonly en: string;
  readonly mend: { readonly vi: string; readonly en: string };
  readonly requestId: string;
  readonly mistakes?: readonly {
    readonly path: string;
    readonly code: string;
    readonly vi: string;
    readonly en: string;
  }[];
}

/** One class of bad input; the issue wants at least five cases of each. Sent as the intake key unless a case says otherwise. */
export function refuses(running: () => RunningAntin, title: string, cases: readonly BadInput[]): void {
  describe(title, () => {
    for (const bad of cases) {
      test(bad.name, async () => {
        const sent = await bad.send(running());
        const before = await everythingKept(running());
        const answer = await post(running(), sent);
        const problem = await refusalOf(answer);
        expect({ status: answer.status, code: problem.code }).toEqual({ status: bad.status, code: bad.code });
        if (bad.mistakes !== undefined) {
          const found = problem.mistakes?.map(({ path, code }) => `${path} ${code}`) ?? [];
          expect(found.toSorted()).toEqual(bad.mistakes.map((pair) => pair.join(' ')).toSorted());
        }
        expect(await everythingKept(running())).toEqual(before);
      });
    }
  });
}

export function post(running: RunningAntin, { method = 'POST', path = '/v1/documents', key, ...rest }: Sent) {
  const caller = key === undefined ? running.hospital.keys.intake : key;
  return running.request(method, path, caller === null ? rest : { ...rest, key: caller });
}

/** The refusal in an answer, after checking that it is one that a program and a person of either language can use. */
export async function refusalOf(answer: Response): Promise<ProblemAnswer> {
  const problem = (await answer.json()) as ProblemAnswer;
  expect(answer.status, JSON.stringify(problem)).toBeGreaterThanOrEqual(400);
  expect(answer.status, JSON.stringify(problem)).toBeLessThan(500);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem).toMatchObject({ status: answer.status, type: `/docs/problems/${problem.code}` });
  expect(Object.keys(PROBLEMS)).toContain(problem.code);
  for (const words of [problem, problem.mend, ...(problem.mistakes ?? [])]) {
    expect(words.vi.trim()).not.toBe('');
    expect(words.en.trim()).not.toBe('');
  }
  for (const { path, code } of problem.mistakes ?? []) {
    expect(path).toMatch(/^(\/([^~/]|~[01])*)*$/); // RFC 6901 §3
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
  }
  return problem;
}

/**
 * Every table with its number of rows and a digest of them, and every file of the work store and the archive; but for the running
 * numbers, of which a refused document may use one up.
 */
export async function everythingKept({ antin, dataDir }: RunningAntin): Promise<Record<string, string>> {
  const { db } = antin.database;
  const tables = await sql<{ schema: string; name: string }>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
      and table_name <> 'document_number'`.execute(db);
  const counts = tables.rows.map(
    ({ schema, name }) => sql`select ${sql.lit(`${schema}.${name}`)} as name, count(*)::text as rows,
      coalesce(md5(string_agg(t::text, ',' order by t::text)), '') as digest from ${sql.table(`${schema}.${name}`)} t`,
  );
  const { rows } = await sql<{
    name: string;
    rows: string;
    digest: string;
  }>`${sql.join(counts, sql` union all `)}`.execute(db);
  const files = await Promise.all(['work', 'archive'].map((store) => filesBelow(join(dataDir, store))));
  return Object.fromEntries([
    ...rows.map((table) => [table.name, `${table.rows} rows, ${table.digest}`]),
    ...files.flat().map((file) => [file, 'file']),
  ]);
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** A multipart body as a hospital's system sends files: `metadata` and one or more `file` parts. */
export function upload(metadata: unknown, ...files: readonly (Uint8Array | string)[]): { body: FormData } {
  const body = new FormData();
  if (metadata !== undefined) body.set('metadata', typeof metadata === 'string' ? metadata : JSON.stringify(metadata));
  for (const file of files) {
    const bytes = typeof file === 'string' ? Buffer.from(file, 'latin1') : Buffer.from(file);
    body.append('file', new Blob([bytes]), 'file.pdf');
  }
  return { body };
}

/** Metadata of a finished PDF, right in every field. */
export function pdfMetadata(running: RunningAntin, change: Record<string, unknown> = {}) {
  const form = running.antin.forms.list().find((one) => one.id === 'tai-lieu-pdf');
  const content = { ...form?.sample(), ...change };
  return { type: 'tai-lieu-pdf', record: { number: String(content.recordNumber) }, content };
}
