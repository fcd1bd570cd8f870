/** Verbs over the people and certificates of a facility. Every change is audited in its own transaction. */
import type { Certificate } from '../engines/crypto/index.ts';
import type { AuditActor, AuditLog } from '../platform/audit/index.ts';
import type { Database, Tx } from '../platform/db/index.ts';
import { AppError, type Clock, newId } from '../shared/index.ts';
import { type Authority, judgeAuthority } from './authority.ts';
import { type Credential, type Enrolment, findScheme, subjectUids } from './credential.ts';
import {
  asClinician,
  CLINICIAN_CONTENT,
  check,
  NEW_DELEGATION,
  NEW_FACILITY,
  NEW_PATIENT,
  type NewClinician,
  type NewDelegation,
  type NewFacility,
  type NewPatient,
  stated,
} from './input.ts';
import type { Clinician, Delegation, Facility, Patient } from './party.ts';
import * as store from './store.ts';

export type Parties = ReturnType<typeof createParties>;

/** No verb changes a facility; what is changed in the database by hand is seen after so long. */
const FACILITY_FRESH_MS = 10_000;

export function createParties(deps: { database: Database; clock: Clock; audit: AuditLog }) {
  const { database, clock, audit } = deps;

  const note = (
    tx: Tx,
    facilityId: string,
    actor: AuditActor,
    action: string,
    object: { kind: string; id: string },
    details: Record<string, string | number | boolean> = {},
  ): Promise<string> => audit.record(tx, { facilityId, actor, action, object, details });

  const facilities = new Map<string, { readonly facility: Facility; readonly readAt: number }>();
  const findFacility = async (id: string): Promise<Facility> => {
    const now = clock.now().getTime();
    const known = facilities.get(id);
    if (known !== undefined && Math.abs(now - known.readAt) < FACILITY_FRESH_MS) return known.facility;
    const facility = await store.findFacility(database.db, { id });
    if (facility === undefined) throw new AppError('PARTY_NOT_FOUND');
    facilities.set(id, { facility, readAt: now });
    return facility;
  };

  const findClinician = async (facilityId: string, id: string): Promise<Clinician> => {
    const clinician = await store.findClinician(database.db, facilityId, { id });
    if (clinician === undefined) throw new AppError('PARTY_NOT_FOUND');
    return clinician;
  };

  return {
    /** Registers a facility. Its id is in every table from then on. @throws PARTY_INVALID, PARTY_TAKEN (the code is known). */
    async registerFacility(input: NewFacility, actor: AuditActor): Promise<Facility> {
      const checked = check(NEW_FACILITY, input);
      const now = clock.now();
      const facility: Facility = { ...checked, id: newId(now), uid: checked.uid };
      await database.transaction(async (tx) => {
        if (!(await store.insertFacility(tx, facility, now))) throw new AppError('PARTY_TAKEN');
        const object = { kind: 'facility', id: facility.id };
        await note(tx, facility.id, actor, 'facility.registered', object, { code: facility.code });
      });
      return facility;
    },

    /** @throws PARTY_NOT_FOUND. */
    findFacility,

    /** Ids of all facilities, for work that goes through everything. */
    listFacilityIds: (): Promise<string[]> => store.listFacilityIds(database.db),

    findFacilityByCode: (facilityCode: string): Promise<Facility | undefined> =>
      store.findFacility(database.db, { code: facilityCode }),

    /**
     * Registers a patient, or gives the one who has this identity number. Never matched by name.
     * @throws PARTY_INVALID.
     */
    async registerPatient(facilityId: string, input: NewPatient, actor: AuditActor): Promise<Patient> {
      const checked = check(NEW_PATIENT, input);
      const now = clock.now();
      const patient: Patient = {
        id: newId(now),
        facilityId,
        fullName: checked.fullName,
        birthDate: checked.birthDate,
        identityNumber: checked.identityNumber,
        insuranceNumber: checked.insuranceNumber,
      };
      const isNew = await database.transaction(async (tx) => {
        if (!(await store.insertPatient(tx, patient, now))) return false;
        await note(tx, facilityId, actor, 'patient.registered', { kind: 'patient', id: patient.id });
        return true;
      });
      if (isNew || checked.identityNumber === undefined) return patient;
      const known = await store.findPatient(database.db, facilityId, { identityNumber: checked.identityNumber });
      return known ?? patient;
    },

    findPatient: (facilityId: string, id: string): Promise<Patient | undefined> =>
      store.findPatient(database.db, facilityId, { id }),

    /** @throws PARTY_INVALID, PARTY_TAKEN (staff code or UID is another person's). */
    async registerClinician(facilityId: string, input: NewClinician, actor: AuditActor): Promise<Clinician> {
      const checked = check(CLINICIAN_CONTENT, input);
      const now = clock.now();
      const clinician: Clinician = { ...asClinician(checked), id: newId(now), facilityId, active: true };
      await database.transaction(async (tx) => {
        if (!(await store.insertClinician(tx, clinician, now))) throw new AppError('PARTY_TAKEN');
        await note(
          tx,
          facilityId,
          actor,
          'clinician.registered',
          { kind: 'clinician', id: clinician.id },
          about(clinician),
        );
      });
      return clinician;
    },

    /** Changes what is on file about a person: licence, roles, department, or that they left. @throws PARTY_NOT_FOUND, PARTY_INVALID. */
    async updateClinician(
      facilityId: string,
      id: string,
      change: Partial<NewClinician> & { active?: boolean },
      actor: AuditActor,
    ): Promise<Clinician> {
      const { active, ...rest } = change;
      const checked = check(CLINICIAN_CONTENT.partial(), rest);
      return database.transaction(async (tx) => {
        const before = await store.findClinician(tx, facilityId, { id }, true);
        if (before === undefined) throw new AppError('PARTY_NOT_FOUND');
        const after: Clinician = {
          ...before,
          ...asClinician({ ...before, ...stated(checked) }),
          active: active ?? before.active,
        };
        await store.updateClinician(tx, after, clock.now());
        await note(tx, facilityId, actor, 'clinician.updated', { kind: 'clinician', id }, about(after));
        return after;
      });
    },

    /** @throws PARTY_NOT_FOUND. */
    findClinician,

    findClinicianByStaffCode: (facilityId: string, staffCode: string): Promise<Clinician | undefined> =>
      store.findClinician(database.db, facilityId, { staffCode }),

    listClinicians: (facilityId: string): Promise<Clinician[]> => store.listClinicians(database.db, facilityId),

    /** Records a written delegation. @throws PARTY_NOT_FOUND, PARTY_INVALID. */
    async delegate(
      facilityId: string,
      clinicianId: string,
      input: NewDelegation,
      actor: AuditActor,
    ): Promise<Delegation> {
      const checked = check(NEW_DELEGATION, input);
      await findClinician(facilityId, clinicianId);
      const now = clock.now();
      const delegation: Delegation = { ...checked, id: newId(now) };
      await database.transaction(async (tx) => {
        await store.insertDelegation(tx, facilityId, clinicianId, delegation, now);
        await note(
          tx,
          facilityId,
          actor,
          'clinician.delegated',
          { kind: 'clinician', id: clinicianId },
          {
            role: delegation.role,
            validFrom: delegation.validFrom,
            validTo: delegation.validTo,
            documentNumber: delegation.documentNumber,
          },
        );
      });
      return delegation;
    },

    /** Whether the person may act in the role on the day of `at`, and why not. @throws PARTY_NOT_FOUND. */
    async authorityFor(facilityId: string, clinicianId: string, forRole: string, at: Date): Promise<Authority> {
      const clinician = await findClinician(facilityId, clinicianId);
      return judgeAuthority(clinician, await store.listDelegations(database.db, clinicianId), forRole, at);
    },

    /**
     * Binds a certificate to a clinician (or, without one, to the facility as its seal). The key proves itself by a test
     * signature, which also finds the scheme. The same certificate enrolled again for the same owner is the same credential.
     * @throws PARTY_NOT_FOUND; CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID; CREDENTIAL_MISMATCH (its UID is not the owner's, or it is
     * another owner's); CREDENTIAL_WITHDRAWN; CREDENTIAL_UNUSABLE.
     */
    async enrolCredential(enrolment: Enrolment, actor: AuditActor): Promise<Credential> {
      const { facilityId, clinicianId, certificate } = enrolment;
      const owner =
        clinicianId === undefined ? await findFacility(facilityId) : await findClinician(facilityId, clinicianId);
      const now = clock.now();
      if (now < certificate.notBefore) throw new AppError('CREDENTIAL_NOT_YET_VALID');
      if (now > certificate.notAfter) throw new AppError('CREDENTIAL_EXPIRED');
      const uids = subjectUids(certificate);
      if (owner.uid !== undefined && !uids.includes(owner.uid)) throw new AppError('CREDENTIAL_MISMATCH');
      const credential: Credential = {
        id: newId(now),
        facilityId,
        clinicianId,
        kind: enrolment.pkcs12 === undefined ? 'external' : 'pkcs12',
        certificate: certificate.der,
        chain: enrolment.chain.map(({ der }) => der),
        fingerprint: certificate.fingerprint,
        issuer: certificate.issuer.text,
        serial: certificate.serial,
        uid: owner.uid ?? uids[0],
        notBefore: certificate.notBefore,
        notAfter: certificate.notAfter,
        scheme: await findScheme(enrolment),
        pkcs12: enrolment.pkcs12,
        enrolledAt: now,
        withdrawnAt: undefined,
      };
      const isNew = await database.transaction(async (tx) => {
        if (!(await store.insertCredential(tx, credential, certificate.issuer.der))) return false;
        await note(
          tx,
          facilityId,
          actor,
          'credential.enrolled',
          { kind: 'credential', id: credential.id },
          {
            owner: owner.id,
            kind: credential.kind,
            fingerprint: credential.fingerprint,
            scheme: `${credential.scheme.scheme} ${credential.scheme.digest}`,
          },
        );
        return true;
      });
      if (isNew) return credential;
      const known = await store.findCredential(database.db, facilityId, bindingOf(certificate));
      if (known?.fingerprint !== credential.fingerprint || known.clinicianId !== clinicianId) {
        throw new AppError('CREDENTIAL_MISMATCH');
      }
      if (known.withdrawnAt !== undefined) throw new AppError('CREDENTIAL_WITHDRAWN');
      return known;
    },

    findCredential: (facilityId: string, id: string): Promise<Credential | undefined> =>
      store.findCredential(database.db, facilityId, { id }),

    /** The credential of exactly this certificate (issuer, serial number and bytes), whoever's name it bears. */
    async findCredentialOf(facilityId: string, certificate: Certificate): Promise<Credential | undefined> {
      const found = await store.findCredential(database.db, facilityId, bindingOf(certificate));
      return found?.fingerprint === certificate.fingerprint ? found : undefined;
    },

    /** Newest first, withdrawn ones too. */
    listCredentials: (facilityId: string, clinicianId: string): Promise<Credential[]> =>
      store.listCredentials(database.db, facilityId, clinicianId),

    /** The facility's seal: its newest credential that is in use and valid at `at`. */
    async findSeal(facilityId: string, at: Date): Promise<Credential | undefined> {
      const seals = await store.listCredentials(database.db, facilityId, undefined);
      return seals.find((seal) => seal.withdrawnAt === undefined && seal.notBefore <= at && at <= seal.notAfter);
    },

    /** Takes a credential out of use here; signatures made with it stay what they are. @throws CREDENTIAL_WITHDRAWN. */
    async withdrawCredential(facilityId: string, id: string, reason: string, actor: AuditActor): Promise<void> {
      await database.transaction(async (tx) => {
        if (!(await store.withdrawCredential(tx, facilityId, id, clock.now()))) {
          throw new AppError('CREDENTIAL_WITHDRAWN');
        }
        await audit.record(tx, {
          facilityId,
          actor,
          action: 'credential.withdrawn',
          object: { kind: 'credential', id },
          reason,
        });
      });
    },
  };
}

const bindingOf = ({ issuer, serial }: Certificate) => ({ issuerDer: issuer.der, serial });

/** What the audit log may say of a person: codes, no name. */
function about({ staffCode, roles, licence, active }: Clinician): Record<string, string | boolean> {
  return { staffCode, roles: roles.join(' '), licenceTo: licence?.validTo ?? '', active };
}
