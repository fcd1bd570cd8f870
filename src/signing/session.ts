/** Signing sessions: one proof of presence (PIN) for a list of documents, one result line each. */
import { openPkcs12Key, type RawSigner, rawSigner } from '../engines/crypto/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import type { Document } from '../records/index.ts';
import { AppError, newId, type ProblemCode, toAppError } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';
import { cancelTurn, completeHeldTurn } from './end-turn.ts';
import { withPinTries } from './pin.ts';
import * as store from './store.ts';
import { openHeldTurn, readSigner, type Signer } from './turn.ts';

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

/** Documents of a session that are read in one go. */
const READ_TOGETHER = 20;

/**
 * Opens the key with the PIN once and signs each document; one that cannot be signed does not stop the others.
 * A document whose rendition is not the one that was shown drops out (`CHANGED_SINCE_VIEWED`).
 * The key lives in memory until the session returns. Each signature is durable before the next begins, and what was signed is
 * always told: after a failure of our own the rest of the documents is given back untouched (`SESSION_BROKEN_OFF`).
 * @throws CREDENTIAL_UNKNOWN, CREDENTIAL_NOT_YOURS, PIN_REJECTED, TOO_MANY_TRIES.
 */
export async function openSession(deps: SigningDeps, request: SessionRequest): Promise<Session> {
  const signer = await readSigner(deps, request);
  const { credential, certificate } = signer;
  const { pkcs12 } = credential;
  if (pkcs12 === undefined) throw new AppError('CREDENTIAL_UNKNOWN');
  const openedAt = deps.clock.now();
  const privateKey = await withPinTries(deps, credential, () => openPkcs12Key(pkcs12, request.pin, certificate));
  const results = await signAll(deps, request, signer, rawSigner(privateKey, credential.scheme));
  const session = { id: newId(openedAt), openedAt, closedAt: deps.clock.now(), results };
  try {
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
  } catch (thrown) {
    // Each signature is kept and audited by itself; whoever asked must hear of those above all.
    if (!results.some((one) => one.signed)) throw thrown;
    deps.log.error({ err: thrown, session: session.id }, 'a signing session could not be written down');
  }
  return session;
}

const pick = ({ facilityId, clinicianId, credentialId }: SessionRequest) => ({ facilityId, clinicianId, credentialId });

async function signAll(
  deps: SigningDeps,
  request: SessionRequest,
  signer: Signer,
  sign: RawSigner,
): Promise<SessionResult[]> {
  const results: SessionResult[] = [];
  let brokenOff = false;
  for (let begin = 0; begin < request.documents.length; begin += READ_TOGETHER) {
    const some = request.documents.slice(begin, begin + READ_TOGETHER);
    const read = brokenOff ? undefined : await readTogether(deps, request.facilityId, some);
    for (const { id, renditionSha256 } of some) {
      if (brokenOff) {
        results.push(refusalLine(id, new AppError('SESSION_BROKEN_OFF')));
        continue;
      }
      try {
        const asked = { ...request, documentId: id, renditionSha256 };
        results.push(await signOne(deps, asked, signer, read?.get(id), sign));
      } catch (thrown) {
        const error = toAppError(thrown);
        if (error.kind === 'internal' || error.kind === 'integrity') {
          deps.log.error(
            { err: error.cause ?? error, code: error.code, document: id },
            'a document could not be signed',
          );
        }
        brokenOff = error.kind === 'internal';
        results.push(refusalLine(id, error));
      }
    }
  }
  return results;
}

/** What cannot be read together is read one by one, and then says what is wrong with it. */
async function readTogether(
  { records }: SigningDeps,
  facilityId: string,
  documents: SessionRequest['documents'],
): Promise<ReadonlyMap<string, Document> | undefined> {
  if (documents.length === 1) return undefined;
  return records
    .findSome(
      facilityId,
      documents.map(({ id }) => id),
    )
    .catch(() => undefined);
}

const refusalLine = (document: string, { code, detail }: AppError): SessionResult => ({
  document,
  signed: false,
  code,
  vi: detail.vi,
  en: detail.en,
});

async function signOne(
  deps: SigningDeps,
  request: SessionRequest & { readonly documentId: string; readonly renditionSha256: string | undefined },
  signer: Signer,
  document: Document | undefined,
  sign: RawSigner,
): Promise<SessionResult> {
  const { facilityId, actor, clinicianId, credentialId, documentId, renditionSha256 } = request;
  const by = { facilityId, actor, clinicianId };
  const held = await openHeldTurn(deps, { ...by, documentId, credentialId }, signer, { atOnce: true, document });
  const { turn } = held;
  try {
    if (renditionSha256 !== undefined && renditionSha256 !== turn.renditionSha256) {
      throw new AppError('CHANGED_SINCE_VIEWED');
    }
    const signature = await sign(Buffer.from(turn.prepared.signedAttributes, 'base64'));
    const { field, level, timestampOwed, sha256 } = await completeHeldTurn(
      deps,
      { ...by, answer: { signature } },
      held,
    );
    return { document: documentId, signed: true, field, level, timestampOwed, sha256 };
  } catch (thrown) {
    await cancelTurn(deps, { ...by, turnId: turn.id }).catch(() => undefined);
    throw thrown;
  }
}
