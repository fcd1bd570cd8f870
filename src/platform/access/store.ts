/** SQL of keys and idempotency. */
import type { RawBuilder } from 'kysely';
import { type ApiKeyRow, type Db, type Tx, writeTogether } from '../db/index.ts';
import type { StoredResponse } from './stored-response.ts';

export async function insertApiKey(tx: Tx, row: ApiKeyRow): Promise<void> {
  await tx.insertInto('api_key').values(row).execute();
}

/** With whether the person behind it is still here; null: nobody is behind it. */
export async function findApiKey(db: Db, id: string): Promise<(ApiKeyRow & { active: boolean | null }) | undefined> {
  return db
    .selectFrom('api_key')
    .leftJoin('clinician', 'clinician.id', 'api_key.clinician_id')
    .selectAll('api_key')
    .select('clinician.active')
    .where('api_key.id', '=', id)
    .executeTakeFirst();
}

export async function apiKeysOf(db: Db, facilityId: string): Promise<ApiKeyRow[]> {
  return db.selectFrom('api_key').selectAll().where('facility_id', '=', facilityId).orderBy('created_at').execute();
}

export async function revokeApiKey(tx: Tx, facilityId: string, id: string, now: Date): Promise<boolean> {
  const changed = await tx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

export interface KeyClaim {
  readonly facilityId: string;
  readonly key: string;
  readonly requestHash: string;
  readonly fence: number;
  readonly now: RawBuilder<Date>;
  readonly inProgressUntil: RawBuilder<Date>;
}

/** Takes the key if it is new, or if the one who had it never answered in time. @returns whether it is ours now. */
export async function claimIdempotencyKey(db: Db, claim: KeyClaim): Promise<boolean> {
  const row = await db
    .insertInto('idempotency_key')
    .values({
      facility_id: claim.facilityId,
      key: claim.key,
      request_hash: claim.requestHash,
      in_progress_until: claim.inProgressUntil,
      fence: claim.fence,
      response: null,
      created_at: claim.now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['facility_id', 'key'])
        .doUpdateSet({ in_progress_until: claim.inProgressUntil, fence: claim.fence })
        .where('idempotency_key.request_hash', '=', claim.requestHash)
        .where('idempotency_key.in_progress_until', '<=', claim.now),
    )
    .returning('fence')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findIdempotencyKey(db: Db, facilityId: string, key: string) {
  const row = await db
    .selectFrom('idempotency_key')
    .select(['request_hash', 'response'])
    .where('facility_id', '=', facilityId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { requestHash: row.request_hash, response: row.response as StoredResponse | null };
}

type Held = { readonly facilityId: string; readonly key: string; readonly fence: number };

export async function keepIdempotencyKey(db: Db, held: Held, until: RawBuilder<Date>): Promise<void> {
  await db
    .updateTable('idempotency_key')
    .set({ in_progress_until: until })
    .where('facility_id', '=', held.facilityId)
    .where('key', '=', held.key)
    .where('fence', '=', held.fence)
    .where('response', 'is', null)
    .execute();
}

export async function answerIdempotencyKey(db: Db, held: Held, response: StoredResponse): Promise<void> {
  await answerOf(db, held, response).execute();
}

/** Undoes the caller's transaction if the key is another's by now. */
export async function answerIdempotencyKeyWith(tx: Tx, held: Held, response: StoredResponse): Promise<void> {
  await writeTogether(tx, answerOf(tx, held, response), { refusal: 'IDEMPOTENCY_IN_PROGRESS' });
}

function answerOf(db: Db, { facilityId, key, fence }: Held, response: StoredResponse) {
  return db
    .updateTable('idempotency_key')
    .set({ in_progress_until: null, response: JSON.stringify(response) })
    .where('facility_id', '=', facilityId)
    .where('key', '=', key)
    .where('fence', '=', fence)
    .where('response', 'is', null);
}

export async function abandonIdempotencyKey(db: Db, { facilityId, key, fence }: Held): Promise<void> {
  await db
    .deleteFrom('idempotency_key')
    .where('facility_id', '=', facilityId)
    .where('key', '=', key)
    .where('fence', '=', fence)
    .where('response', 'is', null)
    .execute();
}

/** Keys whose work never ended. */
export async function abandonOpenKeys(db: Db): Promise<void> {
  await db.deleteFrom('idempotency_key').where('response', 'is', null).execute();
}

export async function forgetIdempotencyKeys(db: Db, before: RawBuilder<Date>): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_key')
    .where('created_at', '<', before)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
