import type { AuditEvent, AuditLog } from '../audit/index.ts';
import type { Tx } from '../db/index.ts';
import { facilityIds } from './store.ts';

/** What concerns the whole installation is told in the log of each facility. */
export async function noteInEveryLog(audit: AuditLog, tx: Tx, event: Omit<AuditEvent, 'facilityId'>): Promise<void> {
  for (const facilityId of await facilityIds(tx)) await audit.record(tx, { ...event, facilityId });
}
