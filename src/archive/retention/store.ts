/** SQL of retention. */
import { sql } from 'kysely';
import {
  type Db,
  type RecordRetentionTable,
  type RetentionStepTable,
  type Tx,
  writeTogether,
} from '../../platform/db/index.ts';
import type {
  PolicyReference,
  RetentionExplanation,
  RetentionFacts,
  RetentionHold,
  RetentionPolicy,
  RetentionState,
} from '../policy/index.ts';

export interface RetentionRow {
  readonly recordId: string;
  readonly facilityId: string;
  readonly state: RetentionState;
  readonly class: string;
  readonly retainUntil: Date;
  readonly hold: RetentionHold | undefined;
  readonly facts: RetentionFacts;
  readonly stepId: string;
}

/**
 * One writer at a time for the retention of a record, from here to the end of the transaction; works before there is a row.
 */
export async function lockRecord(tx: Tx, recordId: string): Promise<void> {
  await tx
    .selectNoFrom((select) => {
      const name = select.fn('hashtextextended', [select.val(`retention ${recordId}`), select.val(0)]);
      return select.fn<unknown>('pg_advisory_xact_lock', [name]).as('lock');
    })
    .execute();
}

export async function findRetention(db: Db, facilityId: string, recordId: string): Promise<RetentionRow | undefined> {
  const row = await db
    .selectFrom('record_retention')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('record_id', '=', recordId)
    .executeTakeFirst();
  return row === undefined ? undefined : asRetention(row);
}

function asRetention(row: Omit<RecordRetentionTable, 'facts'> & { facts: Record<string, unknown> }): RetentionRow {
  return {
    recordId: row.record_id,
    facilityId: row.facility_id,
    state: row.state,
    class: row.class,
    retainUntil: row.retain_until,
    hold: row.hold ?? undefined,
    facts: row.facts as RetentionFacts,
    stepId: row.step_id,
  };
}

/**
 * The first decision about a record, with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else's
 * came first. To be written before its step.
 */
export async function insertRetention(tx: Tx, row: RetentionRow, now: Date): Promise<void> {
  const first = tx
    .insertInto('record_retention')
    .values({ record_id: row.recordId, facility_id: row.facilityId, ...decided(row, now) })
    .onConflict((conflict) => conflict.column('record_id').doNothing());
  await writeTogether(tx, first, { refusal: 'DOCUMENT_BUSY' });
}

/** The next decision about a record that `lockRecord` has locked, with the transaction's other writes. All its objects carry the record's date. */
export async function updateRetention(tx: Tx, row: RetentionRow, now: Date): Promise<void> {
  const { recordId, retainUntil, hold } = row;
  await writeTogether(tx, tx.updateTable('record_retention').set(decided(row, now)).where('record_id', '=', recordId));
  const raised = tx
    .updateTable('archive_object')
    .set({ retain_until: retainUntil, hold: hold !== undefined })
    .where('record_id', '=', recordId);
  await writeTogether(tx, raised);
}

function decided(row: RetentionRow, now: Date) {
  return {
    state: row.state,
    class: row.class,
    retain_until: row.retainUntil,
    hold: row.hold ?? null,
    facts: JSON.stringify(row.facts),
    step_id: row.stepId,
    updated_at: now,
  };
}

/** Keeps the rule as first used. @returns the hash under which this version is on file. */
export async function fileRule(tx: Tx, facilityId: string, policy: RetentionPolicy, now: Date): Promise<string> {
  const { hash, ...rule } = policy;
  const { id, version } = policy;
  await tx
    .insertInto('retention_policy')
    .values({ facility_id: facilityId, id, version, hash, rule: JSON.stringify(rule), first_used_at: now })
    .onConflict((conflict) => conflict.columns(['facility_id', 'id', 'version']).doNothing())
    .execute();
  const filed = await tx
    .selectFrom('retention_policy')
    .select('hash')
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return filed.hash;
}

/** An explanation as JSON keeps it: its moments are text. */
export type StoredExplanation = Omit<RetentionExplanation, 'retainUntil' | 'evaluatedAt' | 'considered'> & {
  readonly retainUntil: Date | string;
  readonly evaluatedAt: Date | string;
  readonly considered: readonly unknown[];
};

export interface StepRow {
  readonly id: string;
  readonly at: Date;
  readonly previousUntil: Date | undefined;
  readonly computedUntil: Date;
  readonly effectiveUntil: Date;
  readonly policy: PolicyReference;
  readonly explanation: StoredExplanation;
  readonly auditEntryId: string;
}

/** Appends to the steps of a record, with the transaction's other writes, which throws DOCUMENT_BUSY if somebody else's came first. */
export async function insertStep(tx: Tx, facilityId: string, recordId: string, step: StepRow): Promise<void> {
  const next = sql<number>`(SELECT coalesce(max(n), 0) + 1 FROM retention_step WHERE record_id = ${recordId})`;
  const row = tx
    .insertInto('retention_step')
    .values({
      id: step.id,
      facility_id: facilityId,
      record_id: recordId,
      n: next,
      at: step.at,
      previous_until: step.previousUntil ?? null,
      computed_until: step.computedUntil,
      effective_until: step.effectiveUntil,
      policy_id: step.policy.id,
      policy_version: step.policy.version,
      policy_hash: step.policy.hash,
      explanation: JSON.stringify(step.explanation),
      audit_entry_id: step.auditEntryId,
    })
    .onConflict((conflict) => conflict.columns(['record_id', 'n']).doNothing());
  await writeTogether(tx, row, { refusal: 'DOCUMENT_BUSY' });
}

export async function findStep(db: Db, id: string): Promise<StepRow> {
  return asStep(await db.selectFrom('retention_step').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

export async function listSteps(db: Db, facilityId: string, recordId: string): Promise<StepRow[]> {
  const rows = await db
    .selectFrom('retention_step')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('record_id', '=', recordId)
    .orderBy('n')
    .execute();
  return rows.map(asStep);
}

function asStep(row: Omit<RetentionStepTable, 'explanation'> & { explanation: Record<string, unknown> }): StepRow {
  return {
    id: row.id,
    at: row.at,
    previousUntil: row.previous_until ?? undefined,
    computedUntil: row.computed_until,
    effectiveUntil: row.effective_until,
    policy: { id: row.policy_id, version: row.policy_version, hash: row.policy_hash },
    explanation: row.explanation as unknown as StoredExplanation,
    auditEntryId: row.audit_entry_id,
  };
}

const PAGE = 500;

/** Whose locks end before these moments. */
interface Horizons {
  readonly permanent: Date;
  readonly openEpisodes: Date;
}

/**
 * Records under a hold whose lock is to be rolled on, the earliest first, page by page: who rolls one on puts it behind its horizon.
 */
export async function* rollingRecords(
  db: Db,
  facilityId: string,
  { permanent, openEpisodes }: Horizons,
): AsyncGenerator<RetentionRow> {
  let after: RetentionRow | undefined;
  for (;;) {
    let query = db
      .selectFrom('record_retention')
      .selectAll()
      .where('facility_id', '=', facilityId)
      .where('hold', 'is not', null)
      .where('retain_until', '<', permanent)
      .where((where) => where.or([where('hold', '=', 'PERMANENT'), where('retain_until', '<', openEpisodes)]))
      .orderBy('retain_until')
      .orderBy('record_id')
      .limit(PAGE);
    if (after !== undefined) {
      const place = sql`(${after.retainUntil}::timestamptz, ${after.recordId}::uuid)`;
      query = query.where(sql<boolean>`(retain_until, record_id) > ${place}`);
    }
    const page = (await query.execute()).map(asRetention);
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}
