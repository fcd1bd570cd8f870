/** Signing sessions: one proof of presence (PIN) for a list of documents, one result line each. */
import { openPkcs12, rawSigner } from '../engines/crypto/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import { AppError, newId, type ProblemCode, toAppError } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';
import { withPinTries } from './pin.ts';
import * as store from './store.ts';
import { cancelTurn, completeHeldTurn, openHeldTurn, readSigner, type Signer } from './turn.ts';

export interface SessionRequest {
  readonly facilityId: string;
  readonly actor: AuditActor;
  readonly clinicianId: string;
  readonly credentialId: string;
  /** Never stored, never logged. */
  readonly pin: string;
  readonly documents: readonly { readonly id: string; readonly renditionSha256?: string | undefined }[];
}

/** One line a document: signed, or why not. */
export type SessionResult =
  | {
      readonly document: string;
      readonly signed: true;
      readonly field: string;
      readonly level: string;
      readonly timestampOwed: boolean;
      readonly sha256: string;
    }
  | {
      readonly document: string;
      readonly signed: false;
      readonly code: ProblemCode;
      readonly vi: string;
      readonly en: string;
    };

export interface Session {
  readonly id: string;
  readonly openedAt: Date;
  readonly closedAt: Date;
  readonly results: readonly SessionResult[];
}

/**
 * Opens the key with the PIN once and signs each document; one that cannot be signed does not stop the others.
 * A document whose rendition is not the one that was shown drops out (`CHANGED_SINCE_VIEWED`).
 * The key lives in memory until the session returns. Each signature is durable before the next begins.
 * @throws CREDENTIAL_UNKNOWN, CREDENTIAL_NOT_YOURS, PIN_REJECTED, TOO_MANY_TRIES.
 */
export async function openSession(deps: SigningDeps, request: SessionRequest): Promise<Session> {
  const signer = await readSigner(deps, request);
  const { credential } = signer;
  const { pkcs12 } = credential;
  if (pkcs12 === undefined) throw new AppError('CREDENTIAL_UNKNOWN');
  const openedAt = deps.clock.now();
  const { privateKey } = await withPinTries(deps, credential, () => openPkcs12(pkcs12, request.pin));
  const sign = rawSigner(privateKey, credential.scheme);
  const results: SessionResult[] = [];
  for (const { id, renditionSha256 } of request.documents) {
    results.push(await signOne(deps, request, signer, id, renditionSha256, sign));
  }
  const session = { id: newId(openedAt), openedAt, closedAt: deps.clock.now(), results };
  await deps.database.transaction(async (tx) => {
    await store.insertSession(tx, { ...session, ...pick(request) });
    await deps.audit.record(tx, {
      facilityId: request.facilityId,
      actor: request.actor,
      action: 'session.closed',
      object: { kind: 'session', id: session.id },
      details: { documents: results.length, signed: results.filter((one) => one.signed).length },
    });
  });
  return session;
}

const pick = ({ facilityId, clinicianId, credentialId }: SessionRequest) => ({ facilityId, clinicianId, credentialId });

async function signOne(
  deps: SigningDeps,
  request: SessionRequest,
  signer: Signer,
  documentId: string,
  renditionSha256: string | undefined,
  sign: ReturnType<typeof rawSigner>,
): Promise<SessionResult> {
  const by = { facilityId: request.facilityId, actor: request.actor, clinicianId: request.clinicianId };
  try {
    const held = await openHeldTurn(deps, { ...by, documentId, credentialId: request.credentialId }, signer);
    const { turn } = held;
    try {
      if (renditionSha256 !== undefined && renditionSha256 !== turn.renditionSha256) {
        throw new AppError('CHANGED_SINCE_VIEWED');
      }
      const signature = await sign(Buffer.from(turn.prepared.signedAttributes, 'base64'));
      const done = await completeHeldTurn(deps, { ...by, answer: { signature } }, held);
      const { field, level, timestampOwed, sha256 } = done;
      return { document: documentId, signed: true, field, level, timestampOwed, sha256 };
    } catch (thrown) {
      await cancelTurn(deps, { ...by, turnId: turn.id }).catch(() => undefined);
      throw thrown;
    }
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind === 'internal' || error.kind === 'integrity') throw error;
    return { document: documentId, signed: false, code: error.code, vi: error.detail.vi, en: error.detail.en };
  }
}
