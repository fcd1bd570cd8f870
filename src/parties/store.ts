/** SQL of facilities, patients, clinicians and credentials. */
import type { SigningScheme } from '../engines/crypto/index.ts';
import type { ClinicianTable, CredentialTable, Db, PatientTable, Tx } from '../platform/db/index.ts';
import type { Credential } from './credential.ts';
import type { Clinician, Delegation, Facility, Patient } from './party.ts';

/** @returns false if the facility or its code is known already. */
export async function insertFacility(tx: Tx, facility: Facility, now: Date): Promise<boolean> {
  const row = await tx
    .insertInto('facility')
    .values({ id: facility.id, name: facility.name, created_at: now })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return false;
  const profile = await tx
    .insertInto('facility_profile')
    .values({
      facility_id: facility.id,
      code: facility.code,
      parent_authority: facility.parentAuthority,
      place: facility.place,
      uid: facility.uid ?? null,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.column('code').doNothing())
    .returning('facility_id')
    .executeTakeFirst();
  return profile !== undefined;
}

export async function findFacility(db: Db, by: { id: string } | { code: string }): Promise<Facility | undefined> {
  const query = db
    .selectFrom('facility')
    .innerJoin('facility_profile', 'facility_profile.facility_id', 'facility.id')
    .select(['id', 'name', 'code', 'parent_authority', 'place', 'uid']);
  const row = await ('id' in by ? query.where('id', '=', by.id) : query.where('code', '=', by.code)).executeTakeFirst();
  if (row === undefined) return undefined;
  const { id, name, code, parent_authority: parentAuthority, place, uid } = row;
  return { id, name, code, parentAuthority, place, uid: uid ?? undefined };
}

export async function listFacilityIds(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('facility').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/** @returns false if the identity number is another patient's. */
export async function insertPatient(tx: Tx, patient: Patient, now: Date): Promise<boolean> {
  const row = await tx
    .insertInto('patient')
    .values({
      id: patient.id,
      facility_id: patient.facilityId,
      full_name: patient.fullName,
      birth_date: patient.birthDate ?? null,
      identity_number: patient.identityNumber ?? null,
      insurance_number: patient.insuranceNumber ?? null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['facility_id', 'identity_number']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findPatient(
  db: Db,
  facilityId: string,
  by: { id: string } | { identityNumber: string },
): Promise<Patient | undefined> {
  const query = db.selectFrom('patient').selectAll().where('facility_id', '=', facilityId);
  const row = await ('id' in by
    ? query.where('id', '=', by.id)
    : query.where('identity_number', '=', by.identityNumber)
  ).executeTakeFirst();
  return row === undefined ? undefined : asPatient(row);
}

function asPatient(row: PatientTable): Patient {
  return {
    id: row.id,
    facilityId: row.facility_id,
    fullName: row.full_name,
    birthDate: row.birth_date ?? undefined,
    identityNumber: row.identity_number ?? undefined,
    insuranceNumber: row.insurance_number ?? undefined,
  };
}

/** @returns false if the staff code or the UID is another person's. */
export async function insertClinician(tx: Tx, clinician: Clinician, now: Date): Promise<boolean> {
  const row = await tx
    .insertInto('clinician')
    .values({ ...clinicianColumns(clinician), created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function updateClinician(tx: Tx, clinician: Clinician, now: Date): Promise<void> {
  await tx
    .updateTable('clinician')
    .set({ ...clinicianColumns(clinician), updated_at: now })
    .where('id', '=', clinician.id)
    .execute();
}

function clinicianColumns(clinician: Clinician): Omit<ClinicianTable, 'created_at' | 'updated_at'> {
  return {
    id: clinician.id,
    facility_id: clinician.facilityId,
    staff_code: clinician.staffCode,
    full_name: clinician.name,
    title: clinician.title,
    department: clinician.department,
    licence_number: clinician.licence?.number ?? null,
    licence_from: clinician.licence?.validFrom ?? null,
    licence_to: clinician.licence?.validTo ?? null,
    uid: clinician.uid ?? null,
    roles: [...clinician.roles],
    active: clinician.active,
  };
}

export async function findClinician(
  db: Db,
  facilityId: string,
  by: { id: string } | { staffCode: string },
  lock = false,
): Promise<Clinician | undefined> {
  const all = db.selectFrom('clinician').selectAll().where('facility_id', '=', facilityId);
  const one = 'id' in by ? all.where('id', '=', by.id) : all.where('staff_code', '=', by.staffCode);
  const row = await (lock ? one.forUpdate() : one).executeTakeFirst();
  return row === undefined ? undefined : asClinician(row);
}

export async function listClinicians(db: Db, facilityId: string): Promise<Clinician[]> {
  const rows = await db
    .selectFrom('clinician')
    .selectAll()
    .where('facility_id', '=', facilityId)
    .orderBy('staff_code')
    .execute();
  return rows.map(asClinician);
}

function asClinician(row: ClinicianTable): Clinician {
  const licence =
    row.licence_number === null || row.licence_from === null
      ? undefined
      : { number: row.licence_number, validFrom: row.licence_from, validTo: row.licence_to ?? undefined };
  return {
    id: row.id,
    facilityId: row.facility_id,
    staffCode: row.staff_code,
    name: row.full_name,
    title: row.title,
    department: row.department,
    licence,
    uid: row.uid ?? undefined,
    roles: row.roles,
    active: row.active,
  };
}

export async function insertDelegation(
  tx: Tx,
  facilityId: string,
  clinicianId: string,
  delegation: Delegation,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('delegation')
    .values({
      id: delegation.id,
      facility_id: facilityId,
      clinician_id: clinicianId,
      role: delegation.role,
      valid_from: delegation.validFrom,
      valid_to: delegation.validTo,
      document_number: delegation.documentNumber,
      created_at: now,
    })
    .execute();
}

export async function listDelegations(db: Db, clinicianId: string): Promise<Delegation[]> {
  const rows = await db
    .selectFrom('delegation')
    .selectAll()
    .where('clinician_id', '=', clinicianId)
    .orderBy('valid_from')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    role: row.role,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    documentNumber: row.document_number,
  }));
}

/** @returns false if a certificate with this issuer and serial number is enrolled already. */
export async function insertCredential(tx: Tx, credential: Credential, issuerDer: Uint8Array): Promise<boolean> {
  const row = await tx
    .insertInto('credential')
    .values({
      id: credential.id,
      facility_id: credential.facilityId,
      clinician_id: credential.clinicianId ?? null,
      kind: credential.kind,
      certificate: Buffer.from(credential.certificate),
      chain: JSON.stringify(credential.chain.map((der) => Buffer.from(der).toString('base64'))),
      fingerprint: credential.fingerprint,
      issuer_der: Buffer.from(issuerDer),
      issuer: credential.issuer,
      serial: credential.serial,
      uid: credential.uid ?? null,
      not_before: credential.notBefore,
      not_after: credential.notAfter,
      scheme: JSON.stringify(credential.scheme),
      container: credential.pkcs12 === undefined ? null : Buffer.from(credential.pkcs12),
      enrolled_at: credential.enrolledAt,
      withdrawn_at: null,
    })
    .onConflict((conflict) => conflict.columns(['facility_id', 'issuer_der', 'serial']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findCredential(
  db: Db,
  facilityId: string,
  by: { id: string } | { issuerDer: Uint8Array; serial: string },
): Promise<Credential | undefined> {
  const all = db.selectFrom('credential').selectAll().where('facility_id', '=', facilityId);
  const one =
    'id' in by
      ? all.where('id', '=', by.id)
      : all.where('issuer_der', '=', Buffer.from(by.issuerDer)).where('serial', '=', by.serial);
  const row = await one.executeTakeFirst();
  return row === undefined ? undefined : asCredential(row);
}

/** Of a clinician, or (undefined) of the facility itself; newest first. */
export async function listCredentials(
  db: Db,
  facilityId: string,
  clinicianId: string | undefined,
): Promise<Credential[]> {
  const all = db.selectFrom('credential').selectAll().where('facility_id', '=', facilityId);
  const own =
    clinicianId === undefined ? all.where('clinician_id', 'is', null) : all.where('clinician_id', '=', clinicianId);
  const rows = await own.orderBy('enrolled_at', 'desc').orderBy('id', 'desc').execute();
  return rows.map(asCredential);
}

/** @returns false if it was withdrawn before, or is unknown. */
export async function withdrawCredential(tx: Tx, facilityId: string, id: string, now: Date): Promise<boolean> {
  const result = await tx
    .updateTable('credential')
    .set({ withdrawn_at: now })
    .where('facility_id', '=', facilityId)
    .where('id', '=', id)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

type CredentialRow = Omit<CredentialTable, 'chain' | 'scheme' | 'container'> & {
  readonly chain: string[];
  readonly scheme: Record<string, unknown>;
  readonly container: Uint8Array | null;
};

function asCredential(row: CredentialRow): Credential {
  return {
    id: row.id,
    facilityId: row.facility_id,
    clinicianId: row.clinician_id ?? undefined,
    kind: row.kind === 'pkcs12' ? 'pkcs12' : 'external',
    certificate: row.certificate,
    chain: row.chain.map((der) => new Uint8Array(Buffer.from(der, 'base64'))),
    fingerprint: row.fingerprint,
    issuer: row.issuer,
    serial: row.serial,
    uid: row.uid ?? undefined,
    notBefore: row.not_before,
    notAfter: row.not_after,
    scheme: row.scheme as SigningScheme,
    pkcs12: row.container ?? undefined,
    enrolledAt: row.enrolled_at,
    withdrawnAt: row.withdrawn_at ?? undefined,
  };
}
