/** SQL of turns, sessions and PIN tries. */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { PreparedSignature } from '../engines/pades/index.ts';
import { type Db, type Schema, type Tx, writeTogether } from '../platform/db/index.ts';
import type { ProblemCode } from '../shared/index.ts';
import type { TurnState } from './turn-state.ts';

/** A moment by the clock that all processes share. */
type Moment = RawBuilder<Date>;

export interface Turn {
  readonly id: string;
  readonly facilityId: string;
  readonly documentId: string;
  readonly field: string;
  readonly credentialId: string | undefined;
  readonly clinicianId: string | undefined;
  /** Neither closed nor run out. */
  readonly isOpen: boolean;
  /** Revision that the signature is added to. */
  readonly baseRevision: number;
  /** Until the turn is closed: it is large, and of no use then. */
  readonly prepared: PreparedSignature | undefined;
}

export interface NewTurn {
  readonly id: string;
  readonly facilityId: string;
  readonly documentId: string;
  readonly field: string;
  readonly credentialId: string | undefined;
  readonly clinicianId: string | undefined;
  readonly baseRevision: number;
  readonly prepared: PreparedSignature | undefined;
  /** Answers about the certificate before signing, DER in base 64 (Circular 15/2025/TT-BKHCN Art 5(4)). */
  readonly revocationAnswers: readonly string[];
  readonly now: Moment;
  readonly leaseUntil: Moment;
}

/**
 * Takes the document's lease; a person takes it from a job of ours that holds it, which then finds it gone and is done again later.
 * @returns false if somebody else's turn is open and not expired.
 */
export async function insertTurn(tx: Tx, turn: NewTurn): Promise<boolean> {
  const hasRunOut = sql<boolean>`lease_until <= ${turn.now}`;
  const isOurs = sql<boolean>`clinician_id IS NULL`;
  await tx
    .updateTable('signing_turn')
    .set({
      state: sql<TurnState>`CASE WHEN ${hasRunOut} THEN 'expired' ELSE 'cancelled' END`,
      closed_at: turn.now,
      prepared: null,
    })
    .where('document_id', '=', turn.documentId)
    .where('state', '=', 'open')
    .where((at) => (turn.clinicianId === undefined ? hasRunOut : at.or([hasRunOut, isOurs])))
    .execute();
  const row = await turnRow(tx, turn).returning('id').executeTakeFirst();
  return row !== undefined;
}

/**
 * Takes the lease of a document in that version, with the transaction's other writes, which throws TURN_TAKEN if it has
 * changed, or anybody's turn is open (`insertTurn` looks whether it has expired), or not `isAllowed`.
 */
export async function takeTurn(
  tx: Tx,
  turn: NewTurn,
  { version, isAllowed }: { readonly version: number; readonly isAllowed: RawBuilder<boolean> },
): Promise<void> {
  // The insertion waits for whoever is just completing a turn. Without the lock the statement would go on looking at the document as it
  // was when it began, and the new turn stand on what was superseded meanwhile.
  const isCurrent = sql<boolean>`EXISTS (
    SELECT FROM document WHERE id = ${turn.documentId} AND version = ${version} FOR SHARE)`;
  await writeTogether(tx, turnRow(tx, turn), { refusal: 'TURN_TAKEN', and: sql`(${isCurrent} AND ${isAllowed})` });
}

function turnRow(tx: Tx, turn: NewTurn) {
  return tx
    .insertInto('signing_turn')
    .values({
      id: turn.id,
      facility_id: turn.facilityId,
      document_id: turn.documentId,
      field: turn.field,
      credential_id: turn.credentialId ?? null,
      clinician_id: turn.clinicianId ?? null,
      state: 'open',
      base_revision: turn.baseRevision,
      prepared: turn.prepared === undefined ? null : JSON.stringify(turn.prepared),
      revocation_answers: JSON.stringify(turn.revocationAnswers),
      opened_at: turn.now,
      lease_until: turn.leaseUntil,
    })
    .onConflict((conflict) =>
      // Written out, because a prepared statement finds its partial index by this text.
      conflict.column('document_id').where('state', '=', sql.lit('open')).doNothing(),
    );
}

export async function findTurn(db: Db, facilityId: string, id: string, now: Moment): Promise<Turn | undefined> {
  const row = await db
    .selectFrom('signing_turn')
    .selectAll()
    .select(isOpenAt(now))
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toTurn(row);
}

/** For how much longer the document's open turn holds it; 0: none does. */
export async function heldForMs(db: Db, documentId: string, now: Moment): Promise<number> {
  const row = await db
    .selectFrom('signing_turn')
    .select(millisecondsUntil('signing_turn.lease_until', now).as('held_ms'))
    .where('document_id', '=', documentId)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return row?.held_ms ?? 0;
}

/** When the lease of a turn runs out, or did. */
export async function leaseOfTurn(db: Db, id: string): Promise<Date> {
  const row = await db.selectFrom('signing_turn').select('lease_until').where('id', '=', id).executeTakeFirstOrThrow();
  return row.lease_until;
}

/** Begins the lease of exactly this open turn anew; one that keeps nothing prepared keeps this now. @returns the turn, or undefined if there is none. */
export async function renewTurn(tx: Tx, turn: NewTurn): Promise<Turn | undefined> {
  const row = await tx
    .updateTable('signing_turn')
    .set({
      lease_until: turn.leaseUntil,
      ...(turn.prepared === undefined
        ? {}
        : { prepared: sql`coalesce(prepared, ${JSON.stringify(turn.prepared)}::jsonb)` }),
    })
    .where('document_id', '=', turn.documentId)
    .where('state', '=', 'open')
    .where('lease_until', '>', turn.now)
    .where('clinician_id', '=', turn.clinicianId ?? null)
    .where('credential_id', '=', turn.credentialId ?? null)
    .where('field', '=', turn.field)
    .where('base_revision', '=', turn.baseRevision)
    .returningAll()
    .returning(isOpenAt(turn.now))
    .executeTakeFirst();
  return row === undefined ? undefined : toTurn(row);
}

const isOpenAt = (now: Moment) => sql<boolean>`state = 'open' AND lease_until > ${now}`.as('is_open');

function toTurn(row: Selectable<Schema['signing_turn']> & { readonly is_open: boolean }): Turn {
  return {
    id: row.id,
    facilityId: row.facility_id,
    documentId: row.document_id,
    field: row.field,
    credentialId: row.credential_id ?? undefined,
    clinicianId: row.clinician_id ?? undefined,
    isOpen: row.is_open,
    baseRevision: row.base_revision,
    prepared: (row.prepared as PreparedSignature | null) ?? undefined,
  };
}

/** Ends an open turn with the transaction's other writes, which throws `refusal` if it is not open, or not `isAllowed`. */
export async function closeTurn(
  tx: Tx,
  id: string,
  state: Exclude<TurnState, 'open'>,
  now: Moment,
  refusal: ProblemCode,
  isAllowed?: RawBuilder<boolean>,
): Promise<void> {
  const row = tx
    .updateTable('signing_turn')
    .set({ state, closed_at: now, prepared: null })
    .where('id', '=', id)
    .where('state', '=', 'open');
  await writeTogether(tx, row, { refusal, ...(isAllowed === undefined ? {} : { and: isAllowed }) });
}

export interface SessionRow {
  readonly id: string;
  readonly facilityId: string;
  readonly clinicianId: string;
  readonly credentialId: string;
  readonly results: readonly unknown[];
  readonly openedAt: Date;
  readonly closedAt: Date;
}

export async function insertSession(tx: Tx, session: SessionRow): Promise<void> {
  const row = tx.insertInto('signing_session').values({
    id: session.id,
    facility_id: session.facilityId,
    clinician_id: session.clinicianId,
    credential_id: session.credentialId,
    results: JSON.stringify(session.results),
    opened_at: session.openedAt,
    closed_at: session.closedAt,
  });
  await writeTogether(tx, row);
}

export async function findSession(db: Db, facilityId: string, id: string): Promise<SessionRow | undefined> {
  const row = await db
    .selectFrom('signing_session')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    facilityId: row.facility_id,
    clinicianId: row.clinician_id,
    credentialId: row.credential_id,
    results: row.results,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  };
}

export interface PinTries {
  /** Wrong tries since the last right one or lock. */
  readonly failed: number;
  /** How long it is still locked; 0: it is not. */
  readonly lockedMs: number;
}

export async function pinTries(db: Db, credentialId: string, now: Moment): Promise<PinTries> {
  const row = await db
    .selectFrom('pin_attempt')
    .select(['failed', lockedMs(now)])
    .where('credential_id', '=', credentialId)
    .executeTakeFirst();
  return { failed: row?.failed ?? 0, lockedMs: row?.locked_ms ?? 0 };
}

const lockedMs = (now: Moment) => millisecondsUntil('pin_attempt.locked_until', now).as('locked_ms');

/** 0 for a moment that has passed, or is not there. */
const millisecondsUntil = (column: string, now: Moment) =>
  sql<number>`greatest(0, coalesce(extract(epoch FROM ${sql.ref(column)} - ${now}) * 1000, 0))::float8`;

/** Counts a wrong PIN, unless the credential is locked at `now`. @returns what is counted then. */
export async function countWrongPin(
  tx: Tx,
  { id, facilityId }: { readonly id: string; readonly facilityId: string },
  now: Moment,
): Promise<PinTries> {
  const row = await tx
    .insertInto('pin_attempt')
    .values({ credential_id: id, facility_id: facilityId, failed: 1, locked_until: null })
    .onConflict((conflict) =>
      conflict.column('credential_id').doUpdateSet((set) => ({
        failed: set
          .case()
          .when('pin_attempt.locked_until', '>', now)
          .then(set.ref('pin_attempt.failed'))
          .else(set('pin_attempt.failed', '+', 1))
          .end(),
      })),
    )
    .returning(['failed', lockedMs(now)])
    .executeTakeFirstOrThrow();
  return { failed: row.failed, lockedMs: row.locked_ms };
}

export async function lockPin(tx: Tx, credentialId: string, until: Moment): Promise<void> {
  await tx
    .updateTable('pin_attempt')
    .set({ failed: 0, locked_until: until })
    .where('credential_id', '=', credentialId)
    .execute();
}

export async function forgetWrongPins(tx: Tx, credentialId: string): Promise<void> {
  await tx.deleteFrom('pin_attempt').where('credential_id', '=', credentialId).execute();
}
