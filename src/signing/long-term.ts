/** Long-term validity: owed time-stamps are paid, sealed documents reach B-LTA (EN 319 142-1 §6). */
import { addDocumentTimestamp, extend, type ValidationReport } from '../engines/pades/index.ts';
import { moment, type Tx } from '../platform/db/index.ts';
import { type Document, isOpenForSigning, latestRevision } from '../records/index.ts';
import { AppError, newId } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';
import * as store from './store.ts';
import { storeOrRetry } from './store-or-retry.ts';
import { assertSurvival } from './survival.ts';

const SYSTEM = { kind: 'system', id: 'long-term' } as const;
/** How long no other job touches the document while a time-stamp is fetched; a person who comes to sign takes it over. */
const LEASE_MS = 60_000;

/**
 * Pays owed time-stamps of a document that people still sign, by one document time-stamp over all signatures so far
 * (level T by EN 319 142-1 §5.4.3). Waits while a person's turn is open: an approval already given must not become stale; and gives
 * way to a person who comes while it is fetched.
 * Does nothing if nothing is owed or the extension will pay.
 * @throws TSA_UNAVAILABLE, DOCUMENT_BUSY (both tried again; the second when the turn's lease has run out).
 */
export async function payTimestamp(
  deps: SigningDeps,
  documentId: string,
  alongside: (tx: Tx) => Promise<void>,
): Promise<void> {
  const { records, clock, sharedClock } = deps;
  const document = await records.find(undefined, documentId);
  const owed = document.slots.some((slot) => slot.signedAt !== undefined && !slot.timestamped);
  const open = isOpenForSigning(document.state) || document.state === 'signed';
  if (!owed || !open) return;
  const turn = {
    id: newId(clock.now()),
    facilityId: document.facilityId,
    documentId: document.id,
    field: '',
    credentialId: undefined,
    clinicianId: undefined,
    baseRevision: latestRevision(document).n,
    prepared: undefined,
    revocationAnswers: [],
    now: moment(sharedClock),
    leaseUntil: moment(sharedClock, LEASE_MS),
  };
  const leased = await deps.database.transaction((tx) => store.insertTurn(tx, turn));
  if (!leased) {
    const heldMs = await store.heldForMs(deps.database.db, document.id, turn.now);
    throw new AppError('DOCUMENT_BUSY', { extra: { retryAfterSeconds: Math.ceil(heldMs / 1000) } });
  }
  try {
    const before = await records.bytes(document);
    const pdf = await addDocumentTimestamp(before, deps.timestamp);
    const staged = await records.stage(document, pdf, await assertSurvival(deps, document, before, pdf));
    await storeOrRetry(deps, async (tx) => {
      // Somebody came to sign, perhaps after a slow authority outlasted the lease: their approval comes first.
      await store.closeTurn(tx, turn.id, 'completed', moment(sharedClock), 'DOCUMENT_BUSY');
      await records.append(tx, { document, steps: [{ kind: 'timestamp', staged, event: undefined }] });
      await records.settleTimestamps(tx, document.id);
      await deps.audit.record(tx, {
        facilityId: document.facilityId,
        actor: SYSTEM,
        action: 'document.timestamped',
        object: { kind: 'document', id: document.id },
        details: { revision: staged.n },
      });
      await alongside(tx);
    });
  } catch (thrown) {
    await deps.database
      .transaction((tx) => store.closeTurn(tx, turn.id, 'cancelled', moment(sharedClock), 'TURN_CLOSED'))
      .catch((ended) => {
        if (!(ended instanceof AppError) || ended.code !== 'TURN_CLOSED') throw ended;
      });
    throw thrown;
  }
}

/**
 * Brings a sealed document to B-LTA and has our own validator judge the result before it is kept; does nothing in later states.
 * @throws what `reachArchiveLevel` throws.
 */
export async function extendToArchiveLevel(
  deps: SigningDeps,
  documentId: string,
  alongside: (tx: Tx) => Promise<void>,
): Promise<void> {
  const { records } = deps;
  const document = await records.find(undefined, documentId);
  if (document.state !== 'sealed') return;
  const before = await records.bytes(document);
  const { pdf, sha256 } = await reachArchiveLevel(deps, document, before, before);
  const staged = await records.stage(document, pdf, { sha256 });
  await storeOrRetry(deps, async (tx) => {
    await records.append(tx, { document, steps: [{ kind: 'extension', staged, event: 'extend' }], level: 'B-LTA' });
    await records.settleTimestamps(tx, document.id);
    await noteExtension(deps, tx, document, staged.n);
    await alongside(tx);
  });
}

/**
 * `sealed` extended to B-LTA: our own validator finds it passed, and every signature that `before` held as it was.
 * @throws TSA_UNAVAILABLE, OCSP_UNAVAILABLE, LEVEL_NOT_REACHED (tried again); VERDICT_NOT_PASSED, SIGNATURE_SURVIVAL (alarm).
 */
export async function reachArchiveLevel(
  deps: SigningDeps,
  document: Document,
  before: Uint8Array,
  sealed: Uint8Array,
): Promise<{ readonly pdf: Uint8Array; readonly sha256: string }> {
  const at = deps.clock.now();
  const { pdf, reached, reasons } = await extend(sealed, 'B-LTA', {
    timestamp: deps.timestamp,
    material: deps.material,
    anchors: deps.anchors,
    timestampAnchors: deps.timestampAnchors,
    at,
  });
  if (reached !== 'B-LTA') {
    throw new AppError('LEVEL_NOT_REACHED', { extra: { reached, reasons: reasons.join(' ') } });
  }
  const report = await assertSurvival(deps, document, before, pdf, at);
  refuseUnlessPassed(report, document.uploaded);
  return { pdf, sha256: report.sha256 };
}

/** Says in the audit log what was done, and asks for what comes next. */
export async function noteExtension(deps: SigningDeps, tx: Tx, document: Document, revision: number): Promise<void> {
  await deps.audit.record(tx, {
    facilityId: document.facilityId,
    actor: SYSTEM,
    action: 'document.extended',
    object: { kind: 'document', id: document.id },
    details: { revision, level: 'B-LTA' },
  });
  await deps.outbox.enqueue(tx, { facilityId: document.facilityId, subject: document.id, job: 'archive' });
}

/** Our renditions must pass whole; in uploads other people's signatures keep the verdict they honestly have. */
function refuseUnlessPassed(report: ValidationReport, uploaded: boolean): void {
  const ours = uploaded
    ? report.signatures.filter((one) => one.level === 'B-LTA' || one.kind === 'document-timestamp')
    : report.signatures;
  const passed = ours.length > 0 && ours.every((one) => one.indication === 'TOTAL-PASSED');
  const intact = report.signatures.every((one) => one.intact && one.indication !== 'TOTAL-FAILED');
  if (passed && intact) return;
  throw new AppError('VERDICT_NOT_PASSED', {
    extra: { verdict: report.verdict, reasons: report.reasons.join(' ') },
  });
}
