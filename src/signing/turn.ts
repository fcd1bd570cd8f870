/**
 * Signing turns: the two steps of one signature (digest out, signature in: `end-turn.ts`) under a lease on the document.
 * A turn that ends without a signature leaves the document as it was.
 */
import { type Certificate, parseCertificate } from '../engines/crypto/index.ts';
import { type PreparedSignature, prepare } from '../engines/pades/index.ts';
import { type Authority, type Credential, refuseCredential } from '../parties/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import { clockProblem, isClockRight, moment, type Tx } from '../platform/db/index.ts';
import { type Document, isOpenForSigning, latestRevision, type Slot } from '../records/index.ts';
import { AppError, newId } from '../shared/index.ts';
import { blamingTheClock } from './blaming-the-clock.ts';
import type { SigningDeps } from './deps.ts';
import { personStamp } from './stamp.ts';
import * as store from './store.ts';

/** How long a person may take between the two steps; and how long a process may that does both. */
const LEASE_MS = 10 * 60_000;
const LEASE_AT_ONCE_MS = 2 * 60_000;

/** Room for what a signer elsewhere gives back: its chain and time-stamp are not known before. */
const FOREIGN_CMS_RESERVE_BYTES = 32_768;

export interface TurnRequest {
  readonly facilityId: string;
  readonly actor: AuditActor;
  readonly clinicianId: string;
  readonly documentId: string;
  readonly credentialId: string;
  /** Slot to sign; absent: the first open one that this clinician may sign. */
  readonly field?: string | undefined;
}

export interface OpenTurn {
  readonly id: string;
  readonly documentId: string;
  readonly field: string;
  readonly renditionSha256: string;
  readonly prepared: PreparedSignature;
  readonly leaseUntil: Date;
}

/**
 * Opens the lease and prepares the signature. Whoever opens their own open turn again, in another window or after a crash, gets
 * that turn: what is to be signed stays the same, so an approval under way keeps its worth.
 * Everything that could make it void is checked first: state, order, role, licence, delegation, the certificate and its
 * revocation (Decree 23/2025 Art 15: never sign with an invalid certificate).
 * When it returns, the prepared state is durable: the second step may come after a restart.
 * @throws STATE_FORBIDS, SLOT_UNKNOWN, NOT_YOUR_TURN, ALREADY_SIGNED, CREDENTIAL_*, ROLE_REQUIRED, LICENCE_EXPIRED, DELEGATION_EXPIRED,
 * CERTIFICATE_*, REVOCATION_UNKNOWN, TURN_TAKEN, REVISION_STALE (others go on appending), CLOCK_WRONG (of this process: what it
 * signed would claim a wrong time).
 */
export async function openTurn(deps: SigningDeps, request: TurnRequest): Promise<OpenTurn> {
  const { turn } = await openHeldTurn(deps, request, await readSigner(deps, request));
  return { ...turn, leaseUntil: await store.leaseOfTurn(deps.database.db, turn.id) };
}

/** What is on file about who signs; a session reads it once. */
export interface Signer {
  readonly credential: Credential;
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
  authorityFor(role: string, at: Date): Promise<Authority>;
}

/** @throws CREDENTIAL_UNKNOWN, CREDENTIAL_NOT_YOURS. */
export async function readSigner(
  { parties }: SigningDeps,
  { facilityId, clinicianId, credentialId }: Pick<TurnRequest, 'facilityId' | 'clinicianId' | 'credentialId'>,
): Promise<Signer> {
  const credential = await parties.findCredential(facilityId, credentialId);
  if (credential === undefined) throw new AppError('CREDENTIAL_UNKNOWN');
  if (credential.clinicianId !== clinicianId) throw new AppError('CREDENTIAL_NOT_YOURS');
  const known = new Map<string, Promise<Authority>>();
  return {
    credential,
    certificate: parseCertificate(credential.certificate),
    chain: credential.chain.map((der) => parseCertificate(der)),
    authorityFor: (role, at) => {
      const found = known.get(role) ?? parties.authorityFor(facilityId, clinicianId, role, at);
      known.set(role, found);
      return found;
    },
  };
}

/** A turn with what it was prepared from. */
export interface HeldTurn {
  readonly turn: Omit<OpenTurn, 'leaseUntil'> & { readonly credentialId: string };
  readonly document: Document;
  /** The bytes that the signature is added to. */
  readonly before: Uint8Array;
}

/** How a turn is opened by whoever also completes it. */
export interface TurnOptions {
  /** The document as it was read a moment ago; absent: it is read. */
  readonly document?: Document | undefined;
  /** The second step comes from this very call: what was prepared need not outlive it. Default: it does. */
  readonly atOnce?: boolean;
}

/** See `openTurn`. */
export function openHeldTurn(
  deps: SigningDeps,
  request: TurnRequest,
  by: Signer,
  options: TurnOptions = {},
): Promise<HeldTurn> {
  return blamingTheClock(deps, () => openFresh(deps, request, by, options));
}

/** How often a turn is prepared: others append while it is, a time-stamp of ours for one. */
const TRIES = 3;

/**
 * Nothing has been approved yet, so what became void meanwhile is prepared anew. And a document that was read a moment ago may have
 * changed since, also what it is refused for: then it is read anew.
 */
async function openFresh(deps: SigningDeps, request: TurnRequest, by: Signer, options: TurnOptions): Promise<HeldTurn> {
  for (let n = 1; ; n += 1) {
    try {
      return await openByOwnClock(deps, request, by, n === 1 ? options : { ...options, document: undefined });
    } catch (thrown) {
      if (n === TRIES || !(thrown instanceof AppError)) throw thrown;
      const wasReadBefore = n === 1 && options.document !== undefined;
      if (!wasReadBefore && thrown.code !== 'REVISION_STALE') throw thrown;
    }
  }
}

async function openByOwnClock(
  deps: SigningDeps,
  request: TurnRequest,
  by: Signer,
  options: TurnOptions,
): Promise<HeldTurn> {
  const { records, clock } = deps;
  const { credential, certificate, chain } = by;
  const document = options.document ?? (await records.find(request.facilityId, request.documentId));
  const now = clock.now();
  const unusable = refuseCredential(credential, now);
  if (unusable !== undefined) throw unusable;
  const { slot, signer } = await chooseSlot(by, document, request, now);
  const check = await deps.material.checkBeforeSigning(certificate, chain);
  if (check.refusal !== undefined) throw check.refusal;

  const before = await records.bytes(document);
  const first = document.slots.every((one) => one.signedAt === undefined);
  const prepared = prepare(before, {
    field: slot.field,
    certificate,
    chain,
    scheme: credential.scheme,
    claimedTime: now,
    reason: slot.title.vi,
    signerName: signer,
    appearance: personStamp({ name: signer, title: slot.title.vi }, now),
    fallbackFont: deps.fallbackFont,
    timestampReserve: document.timestamps === 'each-signature' ? deps.timestampReserve : 0,
    ...(credential.kind === 'external' ? { reserve: FOREIGN_CMS_RESERVE_BYTES } : {}),
    ...(first && document.certify !== undefined ? { certify: document.certify } : {}),
  });
  const id = newId(now);
  const turn: store.NewTurn = {
    id,
    facilityId: document.facilityId,
    documentId: document.id,
    field: slot.field,
    credentialId: credential.id,
    clinicianId: request.clinicianId,
    baseRevision: latestRevision(document).n,
    prepared: options.atOnce === true ? undefined : prepared,
    revocationAnswers: check.evidence
      .filter((one) => one.kind !== 'certificate')
      .map((one) => Buffer.from(one.der).toString('base64')),
    now: moment(deps.sharedClock),
    leaseUntil: moment(deps.sharedClock, options.atOnce === true ? LEASE_AT_ONCE_MS : LEASE_MS),
  };
  const audit = (tx: Tx): Promise<string> =>
    deps.audit.record(tx, {
      facilityId: document.facilityId,
      actor: request.actor,
      action: 'turn.opened',
      object: { kind: 'document', id: document.id },
      details: { turn: id, field: slot.field, credential: credential.id },
    });
  const held = ({ id, prepared }: Pick<OpenTurn, 'id' | 'prepared'>): HeldTurn => {
    const of = { documentId: document.id, field: slot.field, renditionSha256: document.renditionSha256 };
    return { turn: { id, prepared, credentialId: credential.id, ...of }, document, before };
  };
  try {
    await deps.database.transaction(async (tx) => {
      const isAllowed = isClockRight(deps.sharedClock, clock);
      await store.takeTurn(tx, turn, { version: document.version, isAllowed });
      await audit(tx);
    });
    return held({ id, prepared });
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'TURN_TAKEN') throw thrown;
  }
  // Somebody's turn is or was open, the document has changed, or our clock is wrong: which of them decides, step by step.
  const wrong = await clockProblem(deps.database.db, deps.sharedClock, clock);
  if (wrong !== undefined) throw wrong;
  return deps.database.transaction(async (tx) => {
    if (!(await store.insertTurn(tx, turn))) return held(await resumeTurn(tx, turn, prepared));
    // Whoever signed between our reading and our lease made what was prepared void: said now, not after the person has approved.
    if (!(await records.isCurrent(tx, document))) throw new AppError('REVISION_STALE');
    await audit(tx);
    return held({ id, prepared });
  });
}

/**
 * The person's own open turn on this slot under the same credential, its lease begun anew; what was prepared then, if it was kept.
 * @throws TURN_TAKEN if it is another's.
 */
async function resumeTurn(
  tx: Tx,
  wanted: store.NewTurn,
  prepared: PreparedSignature,
): Promise<Pick<OpenTurn, 'id' | 'prepared'>> {
  const turn = await store.renewTurn(tx, wanted);
  if (turn === undefined) throw new AppError('TURN_TAKEN');
  return { id: turn.id, prepared: turn.prepared ?? prepared };
}

/** The slot that this clinician signs now, and the name that is printed. */
async function chooseSlot(
  by: Signer,
  document: Document,
  request: TurnRequest,
  now: Date,
): Promise<{ slot: Slot; signer: string }> {
  const people = document.slots.filter((slot) => slot.kind === 'person');
  const named = request.field === undefined ? undefined : people.find((slot) => slot.field === request.field);
  if (request.field !== undefined && named === undefined) throw new AppError('SLOT_UNKNOWN');
  if (named?.signedAt !== undefined) throw new AppError('ALREADY_SIGNED');
  if (!isOpenForSigning(document.state)) {
    throw new AppError('STATE_FORBIDS', { extra: { state: document.state } });
  }
  const open = people.filter((slot) => slot.signedAt === undefined);
  const turnOf = Math.min(...open.map((slot) => slot.order));
  let refusal: AppError | undefined;
  for (const slot of named === undefined ? open : [named]) {
    const authority = await by.authorityFor(slot.role, now);
    if (authority.ok && slot.order === turnOf) return { slot, signer: authority.clinician.name };
    // That a slot is not theirs says less than why the one that is theirs cannot be signed.
    const why = authority.ok ? new AppError('NOT_YOUR_TURN') : authority.refusal;
    if (refusal === undefined || refusal.code === 'SIGNER_ROLE_REQUIRED') refusal = why;
  }
  throw refusal ?? new AppError('NOT_YOUR_TURN');
}
