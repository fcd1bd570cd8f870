/** Looks at the database from beside, past every proxy: what the system believes, without asking it. */
import pg from 'pg';
import { sleep } from '../load/client.ts';

export interface StoppedJob {
  readonly id: number;
  readonly job: string;
  readonly subject: string;
  readonly cause: string;
}

export interface Observer {
  /** How many of these documents are not archived. */
  unarchived(documents: readonly string[]): Promise<number>;
  stoppedJobs(): Promise<StoppedJob[]>;
  /** Intents by state; those that are done are left out. */
  openIntents(): Promise<Record<string, number>>;
  registered(): Promise<Registered[]>;
  /** Documents by state. */
  states(): Promise<Record<string, number>>;
  documentNumbers(): Promise<{ id: string; number: string }[]>;
  /** Attempts that ended so, by outcome and cause. */
  attempts(): Promise<{ outcome: string; cause: string; count: number }[]>;
  rows<T extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

export interface Registered {
  readonly documentId: string;
  readonly key: string;
  readonly versionId: string;
  readonly sha256: string;
}

/** Reconnects by itself; a question waits until the database answers again. */
export function createObserver(url: string): Observer {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5000 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const rows = async <T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<T[]> => {
    for (let tries = 0; ; tries += 1) {
      try {
        return (await pool.query<T>(sql, [...values])).rows;
      } catch (error) {
        if (tries >= 300 || (error as { code?: string }).code?.startsWith('42') === true) throw error;
        await sleep(200);
      }
    }
  };
  const counts = async (sql: string): Promise<Record<string, number>> =>
    Object.fromEntries((await rows<{ state: string; n: string }>(sql)).map(({ state, n }) => [state, Number(n)]));
  return {
    rows,
    unarchived: async (documents) => {
      const [row] = await rows<{ n: string }>(
        `SELECT count(*) AS n FROM document WHERE id = ANY($1) AND state <> 'archived'`,
        [documents],
      );
      return Number(row?.n);
    },
    stoppedJobs: async () =>
      (
        await rows<{ id: string; job: string; subject: string; cause: string }>(
          `SELECT id, job, subject, concat(cause_code, ': ', cause_detail) AS cause FROM outbox WHERE state = 'stopped' ORDER BY id`,
        )
      ).map((row) => ({ ...row, id: Number(row.id) })),
    openIntents: () => counts(`SELECT state, count(*) AS n FROM outbox WHERE state <> 'done' GROUP BY state`),
    states: () => counts('SELECT state, count(*) AS n FROM document GROUP BY state'),
    registered: () =>
      rows(
        `SELECT document_id AS "documentId", object_key AS key, version_id AS "versionId", sha256 FROM archive_object ORDER BY document_id`,
      ),
    documentNumbers: () =>
      rows('SELECT document.id, record.number FROM document JOIN record ON record.id = document.record_id'),
    attempts: async () =>
      (
        await rows<{ outcome: string; cause: string; n: string }>(
          `SELECT coalesce(outcome, 'unfinished') AS outcome, coalesce(cause_code, '') AS cause, count(*) AS n
           FROM outbox_attempt GROUP BY 1, 2 ORDER BY 3 DESC`,
        )
      ).map(({ outcome, cause, n }) => ({ outcome, cause, count: Number(n) })),
    close: () => pool.end(),
  };
}
