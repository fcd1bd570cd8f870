/** The hospital's seal: unattended, and only after the last person of the form has signed. */
import { parseCertificate, type RawSigner } from '../engines/crypto/index.ts';
import { embed, prepare } from '../engines/pades/index.ts';
import type { Credential } from '../parties/index.ts';
import type { Tx } from '../platform/db/index.ts';
import type { Document } from '../records/index.ts';
import { AppError } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';
import { noteExtension, reachArchiveLevel } from './long-term.ts';
import { sealStamp } from './stamp.ts';
import { storeOrRetry } from './store-or-retry.ts';
import { assertSurvival } from './survival.ts';

/** Opens the key of a seal for unattended use. Throws SEAL_NOT_ENROLLED where nobody has stored what opens it. */
export type SealKeys = (seal: Credential) => Promise<RawSigner>;

const SYSTEM = { kind: 'system', id: 'seal' } as const;

/** Field that a seal gets in pages made by somebody else; invisible, so that nothing of theirs is covered. */
const UPLOAD_FIELD = 'DauDonVi';

/**
 * Seals a document in state `signed` and extends it to B-LTA, both stored in one transaction; where it cannot be extended now, only
 * the seal is stored and `extend` asked for. Does nothing in any later state (the job may run twice). Completion of the job commits
 * with the effect (`alongside`).
 * @throws SEAL_NOT_ENROLLED, CERTIFICATE_*, REVOCATION_UNKNOWN, DOCUMENT_BUSY (tried again); STATE_FORBIDS.
 */
export async function seal(
  deps: SigningDeps & { readonly sealKeys: SealKeys },
  documentId: string,
  alongside: (tx: Tx) => Promise<void>,
): Promise<void> {
  const { records, parties, clock } = deps;
  const document = await records.find(undefined, documentId);
  if (document.state !== 'signed') {
    if (document.state === 'rendered' || document.state === 'in-signing') throw new AppError('STATE_FORBIDS');
    return;
  }
  const now = clock.now();
  const credential = await parties.findSeal(document.facilityId, now);
  if (credential === undefined) throw new AppError('SEAL_NOT_ENROLLED');
  const sign = await deps.sealKeys(credential);
  const certificate = parseCertificate(credential.certificate);
  const chain = credential.chain.map((der) => parseCertificate(der));
  const check = await deps.material.checkBeforeSigning(certificate, chain);
  if (check.refusal !== undefined) throw check.refusal;

  const facility = await parties.findFacility(document.facilityId);
  const before = await records.bytes(document);
  const slot = document.slots.find((one) => one.kind === 'seal');
  const prepared = prepare(before, {
    field: slot?.field ?? UPLOAD_FIELD,
    ...(document.uploaded ? { newField: 'invisible' } : {}),
    certificate,
    chain,
    scheme: credential.scheme,
    claimedTime: now,
    reason: 'Chữ ký số của cơ sở',
    signerName: facility.name,
    ...(document.uploaded ? {} : { appearance: sealStamp(facility.name, now) }),
    fallbackFont: deps.fallbackFont,
    timestampReserve: document.timestamps === 'each-signature' ? deps.timestampReserve : 0,
    ...(certifiesFirst(document) ? { certify: 2 } : {}),
  });
  const value = await sign(Buffer.from(prepared.signedAttributes, 'base64'));
  const timestamping = document.timestamps === 'each-signature' ? { timestamp: deps.timestamp } : {};
  const { pdf, level } = await embed(before, prepared, value, { ...timestamping, allowWithoutTimestamp: true });
  const sealed = { kind: 'seal', staged: records.measure(document, pdf), event: 'seal' } as const;
  // Most documents get their long-term form at once. Whatever stands in the way, a job of its own meets it again and tells.
  const extended = await reachArchiveLevel(deps, document, before, pdf).catch(() => undefined);
  const slotSigned = { credentialId: credential.id, at: now, revision: sealed.staged.n };
  const noteSeal = (tx: Tx): Promise<string> =>
    deps.audit.record(tx, {
      facilityId: document.facilityId,
      actor: SYSTEM,
      action: 'document.sealed',
      object: { kind: 'document', id: document.id },
      details: { revision: sealed.staged.n, level },
    });
  if (extended !== undefined) {
    const staged = await records.stage(document, extended.pdf, { earlier: [sealed.staged], sha256: extended.sha256 });
    const steps = [sealed, { kind: 'extension', staged, event: 'extend' } as const];
    return storeOrRetry(deps, async (tx) => {
      await records.append(tx, { document, steps, level: 'B-LTA' });
      await records.settleTimestamps(tx, document.id);
      if (slot !== undefined) await records.signSlot(tx, document.id, slot.field, { ...slotSigned, timestamped: true });
      await noteSeal(tx);
      await noteExtension(deps, tx, document, staged.n);
      await alongside(tx);
    });
  }
  await assertSurvival(deps, document, before, pdf);
  await records.stage(document, pdf);
  await storeOrRetry(deps, async (tx) => {
    await records.append(tx, { document, steps: [sealed] });
    if (slot !== undefined) {
      await records.signSlot(tx, document.id, slot.field, { ...slotSigned, timestamped: level === 'B-T' });
    }
    await noteSeal(tx);
    await deps.outbox.enqueue(tx, { facilityId: document.facilityId, subject: document.id, job: 'extend' });
    await alongside(tx);
  });
}

/** A form without people is certified by the seal itself; uploads never are. */
function certifiesFirst(document: Document): boolean {
  return document.certify !== undefined && !document.uploaded && document.slots.every((slot) => slot.kind === 'seal');
}
