/** SQL of the measures: what the whole installation has not finished, read from partial indices that hold only that. */
import { sql } from 'kysely';
import type { Db } from '../db/index.ts';

export interface OutboxDepth {
  readonly job: string;
  readonly state: 'waiting' | 'leased' | 'stopped';
  readonly count: number;
  /** Of waiting ones. */
  readonly oldestDue: Date | null;
}

export async function outboxDepths(db: Db): Promise<OutboxDepth[]> {
  const { rows } = await sql<{ job: string; state: OutboxDepth['state']; count: number; oldest: Date | null }>`
    SELECT job, 'waiting' AS state, count(*) AS count, min(due_at) AS oldest FROM outbox WHERE state = 'waiting' GROUP BY job
    UNION ALL
    SELECT job, 'leased', count(*), NULL FROM outbox WHERE state = 'leased' GROUP BY job
    UNION ALL
    SELECT job, 'stopped', count(*), NULL FROM outbox WHERE state = 'stopped' GROUP BY job`.execute(db);
  return rows.map(({ job, state, count, oldest }) => ({ job, state, count: Number(count), oldestDue: oldest }));
}

/** Since when the document waits that has waited longest for the archive with all signatures of people; and how many wait. */
export async function unarchivedSigned(db: Db): Promise<{ readonly count: number; readonly since: Date | null }> {
  const { rows } = await sql<{ count: number; since: Date | null }>`
    SELECT count(*) AS count, min(since) AS since FROM (
      SELECT coalesce(
        (SELECT max(slot.signed_at) FROM document_slot AS slot
          WHERE slot.document_id = document.id AND slot.kind = 'person'),
        document.created_at) AS since
      FROM document WHERE state IN ('signed', 'sealed', 'extended')
    ) AS unarchived`.execute(db);
  const [row] = rows;
  return { count: Number(row?.count ?? 0), since: row?.since ?? null };
}

export interface CertificateEnd {
  readonly facilityId: string;
  readonly kind: 'seal' | 'signer';
  /** Of all certificates of the kind that have not been withdrawn, the end of the next one. */
  readonly nextEnd: Date;
  readonly count: number;
}

/** A facility's seal counts by the last one that ends: a new seal is enrolled before the old one is withdrawn. */
export async function certificateEnds(db: Db): Promise<CertificateEnd[]> {
  const { rows } = await sql<{ facility_id: string; kind: 'seal' | 'signer'; next_end: Date; count: number }>`
    SELECT facility_id, 'seal' AS kind, max(not_after) AS next_end, count(*) AS count FROM credential
      WHERE clinician_id IS NULL AND withdrawn_at IS NULL GROUP BY facility_id
    UNION ALL
    SELECT facility_id, 'signer', min(newest), count(*) FROM (
      SELECT credential.facility_id, max(not_after) AS newest FROM credential
        JOIN clinician ON clinician.id = credential.clinician_id AND clinician.active
        WHERE withdrawn_at IS NULL GROUP BY credential.facility_id, clinician_id
      ) AS person GROUP BY facility_id`.execute(db);
  return rows.map((row) => ({
    facilityId: row.facility_id,
    kind: row.kind,
    nextEnd: row.next_end,
    count: Number(row.count),
  }));
}
