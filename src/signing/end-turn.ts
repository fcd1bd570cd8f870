/** How a signing turn ends: completed with the signature that somebody made, or given back. */
import { embed, embedCms, type ValidationReport } from '../engines/pades/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import { isClockRight, moment } from '../platform/db/index.ts';
import { isOpenForSigning, latestRevision } from '../records/index.ts';
import { AppError } from '../shared/index.ts';
import { blamingTheClock } from './blaming-the-clock.ts';
import type { SigningDeps } from './deps.ts';
import * as store from './store.ts';
import { assertSurvival } from './survival.ts';
import type { HeldTurn } from './turn.ts';

export interface CompletedTurn {
  readonly documentId: string;
  readonly field: string;
  readonly level: 'B-B' | 'B-T';
  /** A time-stamp is owed: no authority answered. */
  readonly timestampOwed: boolean;
  readonly sha256: string;
}

/** What a signer gave back: the raw value over the signed attributes, or a whole CMS. */
export type SignatureAnswer = { readonly signature: Uint8Array } | { readonly cms: Uint8Array };

/**
 * Verifies the answer, embeds it, time-stamps it, checks that everything signed before survives, and stores it.
 * When it returns, bytes, state, audit entry and (after the last person) the request to seal are durable.
 * @throws TURN_UNKNOWN, TURN_CLOSED, REVISION_STALE, SIGNATURE_VALUE_WRONG, SIGNER_WRONG, SIGNATURE_SURVIVAL, CLOCK_WRONG; the document
 * is unchanged then.
 */
export async function completeTurn(
  deps: SigningDeps,
  request: Completion & { readonly turnId: string },
): Promise<CompletedTurn> {
  const { records } = deps;
  const turn = await findOwnTurn(deps, request);
  const { credentialId, prepared } = turn;
  if (!turn.isOpen || prepared === undefined || credentialId === undefined) throw new AppError('TURN_CLOSED');
  const document = await records.find(request.facilityId, turn.documentId);
  // Before a time-stamp is paid for: it may have been returned or withdrawn meanwhile.
  if (!isOpenForSigning(document.state)) throw new AppError('STATE_FORBIDS', { extra: { state: document.state } });
  if (latestRevision(document).n !== turn.baseRevision) throw new AppError('REVISION_STALE');
  const held = { turn: { ...turn, prepared, credentialId }, document, before: await records.bytes(document) };
  return completeHeldTurn(deps, request, held);
}

export interface Completion {
  readonly facilityId: string;
  readonly actor: AuditActor;
  readonly clinicianId: string;
  readonly answer: SignatureAnswer;
}

/** What is completed, by whoever holds the turn since it was opened. */
type HeldForCompletion = Pick<HeldTurn, 'document' | 'before'> & {
  readonly turn: Pick<HeldTurn['turn'], 'id' | 'field' | 'prepared' | 'credentialId'>;
};

/** See `completeTurn`. What changed meanwhile is found when the result is stored. */
export function completeHeldTurn(
  deps: SigningDeps,
  request: Completion,
  held: HeldForCompletion,
): Promise<CompletedTurn> {
  return blamingTheClock(deps, () => completeByOwnClock(deps, request, held));
}

async function completeByOwnClock(
  deps: SigningDeps,
  request: Completion,
  held: HeldForCompletion,
): Promise<CompletedTurn> {
  const { records, clock } = deps;
  const { turn, document, before } = held;
  const timestamping = document.timestamps === 'each-signature' ? { timestamp: deps.timestamp } : {};
  const options = { ...timestamping, allowWithoutTimestamp: true };
  const { pdf, level } =
    'cms' in request.answer
      ? await embedCms(before, turn.prepared, request.answer.cms, options)
      : await embed(before, turn.prepared, request.answer.signature, options);
  const report = await assertSurvival(deps, document, before, pdf);
  if ('cms' in request.answer) refuseForeignFlaws(report, turn.field);
  const timestampOwed = document.timestamps === 'each-signature' && level === 'B-B';
  const staged = await records.stage(document, pdf, report);
  const last = document.slots.every(
    (slot) => slot.kind === 'seal' || slot.signedAt !== undefined || slot.field === turn.field,
  );
  await deps.database.transaction(async (tx) => {
    const now = clock.now();
    const isAllowed = isClockRight(deps.sharedClock, clock);
    await store.closeTurn(tx, turn.id, 'completed', moment(deps.sharedClock), 'TURN_CLOSED', isAllowed);
    const revision = staged.n;
    const event = last ? 'last-person-signed' : 'person-signed';
    await records.append(tx, { document, steps: [{ kind: 'signature', staged, event }] });
    await records.signSlot(tx, document.id, turn.field, {
      clinicianId: request.clinicianId,
      credentialId: turn.credentialId,
      at: now,
      revision,
      timestamped: level === 'B-T',
    });
    await deps.audit.record(tx, {
      facilityId: document.facilityId,
      actor: request.actor,
      action: 'document.signed',
      object: { kind: 'document', id: document.id },
      details: { turn: turn.id, field: turn.field, revision, level, timestampOwed },
    });
    const about = { facilityId: document.facilityId, subject: document.id };
    if (last) await deps.outbox.enqueue(tx, { ...about, job: 'seal' });
    if (timestampOwed) await deps.outbox.enqueue(tx, { ...about, job: 'timestamp', dedupeKey: String(revision) });
  });
  return {
    documentId: document.id,
    field: turn.field,
    level: level === 'B-T' ? 'B-T' : 'B-B',
    timestampOwed,
    sha256: staged.sha256,
  };
}

/** Revocation data of a time-stamp authority comes with the extension to B-LT. */
const MENDED_BY_EXTENSION: ReadonlySet<string> = new Set(['NO_REVOCATION_DATA', 'TRY_LATER']);

/** A CMS made elsewhere may bring a time-stamp of its own: what our validator finds wrong would stay in the file for ever. */
function refuseForeignFlaws(report: ValidationReport, field: string): void {
  const made = report.signatures.find((one) => one.field === field);
  if (made === undefined || made.indication === 'TOTAL-FAILED') throw new AppError('SIGNATURE_VALUE_WRONG');
  const stamps = made.timestamps.filter((one) => one.kind === 'signature-timestamp');
  if (stamps.every((one) => one.reasons.every((reason) => MENDED_BY_EXTENSION.has(reason)))) return;
  throw new AppError('SIGNATURE_VALUE_WRONG', {
    detail: {
      vi: 'Dấu thời gian kèm trong CMS không kiểm tra được',
      en: 'The time-stamp inside the CMS does not verify',
    },
  });
}

/** Gives the lease back. @throws TURN_UNKNOWN, TURN_CLOSED. */
export async function cancelTurn(
  deps: SigningDeps,
  request: { facilityId: string; actor: AuditActor; clinicianId: string; turnId: string },
): Promise<void> {
  const turn = await findOwnTurn(deps, request);
  await deps.database.transaction(async (tx) => {
    await store.closeTurn(tx, turn.id, 'cancelled', moment(deps.sharedClock), 'TURN_CLOSED');
    await deps.audit.record(tx, {
      facilityId: turn.facilityId,
      actor: request.actor,
      action: 'turn.cancelled',
      object: { kind: 'document', id: turn.documentId },
      details: { turn: turn.id },
    });
  });
}

async function findOwnTurn(
  deps: SigningDeps,
  request: { facilityId: string; clinicianId: string; turnId: string },
): Promise<store.Turn> {
  const turn = await store.findTurn(deps.database.db, request.facilityId, request.turnId, moment(deps.sharedClock));
  if (turn === undefined || turn.clinicianId !== request.clinicianId) throw new AppError('TURN_UNKNOWN');
  return turn;
}
