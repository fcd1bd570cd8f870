/** What a backup asks of tables that are not its own. */
import type { Db } from '../db/index.ts';

export async function facilityIds(db: Db): Promise<string[]> {
  return (await db.selectFrom('facility').select('id').orderBy('id').execute()).map(({ id }) => id);
}

/** Whether the audit log tells that this backup was restored here. */
export async function wasRestored(db: Db, backupId: string): Promise<boolean> {
  const entry = await db
    .selectFrom('audit_entry')
    .select('id')
    .where('action', '=', 'backup.restored')
    .where('object_id', '=', backupId)
    .limit(1)
    .executeTakeFirst();
  return entry !== undefined;
}
