import { retentionFacts } from '../../src/archive/index.ts';
import { latestRevision } from '../../src/records/index.ts';
import type { JobDeps } from './deps.ts';
import type { Job } from './job.ts';

/**
 * Locks the long-term version in the archive under the retention of its record; the document it replaces becomes superseded.
 * Its work copies are dropped then. A document that is archived already is left as it is.
 */
export const archive: Job<JobDeps> = async (intent, deps) => {
  const { records, outbox } = deps;
  const document = await records.find(undefined, intent.subject);
  if (document.state !== 'extended') return;
  const revision = latestRevision(document);
  const record = await records.findRecord(document.facilityId, document.recordId);
  const replaced =
    document.supersedes === undefined ? undefined : await records.find(document.facilityId, document.supersedes);
  await deps.archive.archiveDocument({
    facilityId: document.facilityId,
    recordId: document.recordId,
    documentId: document.id,
    n: revision.n,
    bytes: await records.bytes(document),
    sha256: revision.sha256,
    facts: retentionFacts(record.facts),
    actor: { kind: 'system', id: 'archive' },
    alongside: async (tx) => {
      await records.advance(tx, document, 'archive');
      if (replaced?.state === 'archived') await records.supersede(tx, replaced);
      await outbox.complete(intent, tx);
    },
  });
  await records.dropWorkCopies(document);
};
