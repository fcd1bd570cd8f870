/** Findings become rows, alarms and audit entries once, and end when a later look shows them mended. */

import type { ArchiveProblem, Tx } from '../../platform/db/index.ts';
import type { ArchiveDeps } from '../deps.ts';
import * as store from './store.ts';

const ACTOR = { kind: 'system', id: 'sweeper' } as const;

/** Left by lost answers and crashes: told, kept locked, and no reason to wake anybody. */
const QUIET: readonly ArchiveProblem[] = ['unknown', 'surplus'];

export async function report(
  deps: ArchiveDeps,
  found: store.NewFinding,
): Promise<Awaited<ReturnType<typeof store.insertFinding>>> {
  const now = deps.clock.now();
  const reported = await deps.database.transaction(async (tx) => {
    const inserted = await store.insertFinding(tx, found, now);
    if (inserted.isNew) await audit(deps, tx, 'object.alarm', found);
    return inserted;
  });
  if (reported.isNew) {
    const { facilityId, problem, key, versionId, code } = found;
    const about = { facilityId, problem, key, versionId, ...(code === undefined ? {} : { code }) };
    if (QUIET.includes(problem)) deps.log.warn(about, 'an unregistered version is in the archive store');
    else deps.log.error(about, 'ALARM: the archive is not what it should be');
  }
  return reported;
}

/** @returns whether it was still open. */
export async function mend(deps: ArchiveDeps, finding: store.FindingRow): Promise<boolean> {
  const now = deps.clock.now();
  const closed = await deps.database.transaction(async (tx) => {
    const isOurs = await store.closeFinding(tx, finding.id, now);
    if (isOurs) await audit(deps, tx, 'object.mended', finding);
    return isOurs;
  });
  const { facilityId, problem, key, versionId } = finding;
  if (closed) deps.log.info({ facilityId, problem, key, versionId }, 'a finding of the archive has ended');
  return closed;
}

/** What an audit entry about a finding is about. */
export const subjectOf = (documentId: string | undefined) =>
  documentId === undefined ? { kind: 'archive', id: 'store' } : { kind: 'document', id: documentId };

async function audit(deps: ArchiveDeps, tx: Tx, action: string, found: store.NewFinding): Promise<void> {
  const { facilityId, problem, key, versionId, documentId, code } = found;
  if (facilityId === undefined) return;
  await deps.audit.record(tx, {
    facilityId,
    actor: ACTOR,
    action,
    object: subjectOf(documentId),
    details: { problem, objectKey: key, objectVersion: versionId, ...(code === undefined ? {} : { code }) },
  });
}
