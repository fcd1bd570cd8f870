import { beforeAll, describe, expect, it } from 'vitest';
import { rawSigner, type SigningScheme } from '../../src/engines/crypto/index.ts';
import { createParties, type Enrolment, type NewClinician, refuseCredential } from '../../src/parties/index.ts';
import { createAuditLog } from '../../src/platform/audit/index.ts';
import type { Identity } from '../../src/platform/trust/authority/index.ts';
import { type AppError, newId } from '../../src/shared/index.ts';
import { TEST_NOW, type TestAuthority, testAuthority } from '../support/authority.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const ACTOR = { kind: 'person', id: 'personnel-office' } as const;

let world: TestAuthority;
let hospitals = 0;
beforeAll(async () => {
  world = await testAuthority();
});

const DOCTOR: NewClinician = {
  staffCode: 'BS001',
  name: 'BS. Trần Văn Mẫu',
  title: 'Bác sĩ điều trị',
  department: 'Khoa Nội tổng hợp',
  licence: { number: '000001/MH-CCHN', validFrom: '2020-01-01', validTo: '2026-06-01' },
  uid: 'CCCD:001000000001',
  roles: ['practitioner'],
};

/** A hospital of its own. */
async function hospital() {
  const { clock } = world;
  const parties = createParties({ database: database(), clock, audit: createAuditLog({ clock }) });
  hospitals += 1;
  const facility = await parties.registerFacility(
    {
      name: 'Bệnh viện Đa khoa Minh Hoạ',
      code: `MH${hospitals}`,
      parentAuthority: 'SỞ Y TẾ TỈNH MINH HOẠ',
      place: 'Minh Hoạ',
      uid: 'MST:0100000001',
    },
    ACTOR,
  );
  return { parties, facilityId: facility.id, facility };
}

const enrolmentOf = (facilityId: string, clinicianId: string | undefined, identity: Identity): Enrolment => ({
  facilityId,
  clinicianId,
  certificate: identity.certificate,
  chain: identity.chain,
  testSign: (scheme, message) => rawSigner(identity.privateKey, scheme)(message),
});

const auditOf = async (facilityId: string) =>
  database()
    .db.selectFrom('audit_entry')
    .select(['action', 'object_id', 'details'])
    .where('facility_id', '=', facilityId)
    .orderBy('id')
    .execute();

const at = (text: string) => new Date(text);

describe('A hospital and its people', () => {
  it('are registered once, found again by their codes, and audited without names', async () => {
    const { parties, facility, facilityId } = await hospital();
    expect(await parties.findFacility(facilityId)).toEqual(facility);
    expect(await parties.findFacilityByCode(facility.code)).toEqual(facility);
    const { name, code, parentAuthority, place } = facility;
    const twin = parties.registerFacility({ name, code, parentAuthority, place }, ACTOR);
    await expect(twin).rejects.toMatchObject({ code: 'PARTY_TAKEN' });

    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    expect(await parties.findClinicianByStaffCode(facilityId, 'BS001')).toEqual(doctor);
    expect(await parties.listClinicians(facilityId)).toEqual([doctor]);
    await expect(parties.registerClinician(facilityId, DOCTOR, ACTOR)).rejects.toMatchObject({ code: 'PARTY_TAKEN' });

    const entries = await auditOf(facilityId);
    expect(entries.map(({ action }) => action).sort()).toEqual(['clinician.registered', 'facility.registered']);
    expect(JSON.stringify(entries)).not.toContain('Mẫu');
  });

  it('keep to their own facility', async () => {
    const here = await hospital();
    const there = await hospital();
    const doctor = await here.parties.registerClinician(here.facilityId, DOCTOR, ACTOR);
    await expect(here.parties.findClinician(there.facilityId, doctor.id)).rejects.toMatchObject({
      code: 'PARTY_NOT_FOUND',
    });
    expect(await here.parties.findClinicianByStaffCode(there.facilityId, 'BS001')).toBeUndefined();
  });

  it('are written in normal form C, and every mistake is told at once', async () => {
    const { parties, facilityId } = await hospital();
    const decomposed = await parties.registerClinician(
      facilityId,
      { ...DOCTOR, name: '  BS.  Trần Văn Mẫu '.normalize('NFD') },
      ACTOR,
    );
    expect(decomposed.name).toBe('BS. Trần Văn Mẫu');
    const wrong = {
      ...DOCTOR,
      staffCode: '',
      name: 'BS.\u202e',
      uid: 'Trần Văn Mẫu',
      roles: ['Bác sĩ'],
      colour: 'red',
    };
    const error = await parties.registerClinician(facilityId, wrong, ACTOR).catch((thrown: AppError) => thrown);
    expect(error).toMatchObject({ code: 'PARTY_INVALID' });
    const paths = 'mistakes' in error ? error.mistakes.map(({ path }) => path).sort() : [];
    expect(paths).toEqual(['/colour', '/name', '/roles/0', '/staffCode', '/uid']);
  });

  it('include patients, who are the same by identity number and never by name', async () => {
    const { parties, facilityId } = await hospital();
    const patient = { fullName: 'Lê Thị Thử Nghiệm', birthDate: '1958-09-05', identityNumber: '001158000009' };
    const first = await parties.registerPatient(facilityId, patient, ACTOR);
    expect(await parties.registerPatient(facilityId, { ...patient, fullName: 'LÊ THỊ THỬ NGHIỆM' }, ACTOR)).toEqual(
      first,
    );
    expect(await parties.findPatient(facilityId, first.id)).toEqual(first);
    const unknown = { fullName: 'Lê Thị Thử Nghiệm', birthDate: '1958' };
    const second = await parties.registerPatient(facilityId, unknown, ACTOR);
    const third = await parties.registerPatient(facilityId, unknown, ACTOR);
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
  });
});

describe('Who may act', () => {
  it('a doctor practises while the licence is valid, to the last minute of its last day in Vietnam', async () => {
    const { parties, facilityId } = await hospital();
    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const answer = async (time: string) => {
      const authority = await parties.authorityFor(facilityId, doctor.id, 'practitioner', at(time));
      return authority.ok ? 'ok' : authority.refusal.code;
    };
    expect(await answer('2019-12-31T23:59:59+07:00')).toBe('LICENCE_NOT_YET_VALID');
    expect(await answer('2020-01-01T00:00:00+07:00')).toBe('ok');
    expect(await answer('2026-06-01T23:59:59+07:00')).toBe('ok');
    expect(await answer('2026-06-02T00:00:00+07:00')).toBe('LICENCE_EXPIRED');

    await parties.updateClinician(
      facilityId,
      doctor.id,
      { licence: { number: '000001/MH-CCHN', validFrom: '2020-01-01', validTo: '2031-06-01' } },
      ACTOR,
    );
    expect(await answer('2026-06-02T00:00:00+07:00')).toBe('ok');
    const left = await parties.updateClinician(facilityId, doctor.id, { active: false }, ACTOR);
    expect(left).toMatchObject({ name: DOCTOR.name, active: false });
    expect(await answer('2026-06-02T00:00:00+07:00')).toBe('CLINICIAN_INACTIVE');
    await expect(parties.authorityFor(facilityId, newId(TEST_NOW), 'practitioner', TEST_NOW)).rejects.toMatchObject({
      code: 'PARTY_NOT_FOUND',
    });
  });

  it('nobody practises without a licence, not even by role', async () => {
    const { parties, facilityId } = await hospital();
    const { licence: _none, uid: _nobody, ...clerk } = { ...DOCTOR, staffCode: 'NV001' };
    const { id } = await parties.registerClinician(facilityId, clerk, ACTOR);
    expect(await parties.authorityFor(facilityId, id, 'practitioner', TEST_NOW)).toMatchObject({
      ok: false,
      refusal: { code: 'LICENCE_MISSING' },
    });
  });

  it('a delegation gives a role for its days only, and the refusal names the written order', async () => {
    const { parties, facilityId } = await hospital();
    const { id } = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const answer = (time: string) => parties.authorityFor(facilityId, id, 'unit-representative', at(time));
    expect(await answer('2026-03-01T08:00:00+07:00')).toMatchObject({
      ok: false,
      refusal: { code: 'SIGNER_ROLE_REQUIRED' },
    });

    const order = {
      role: 'unit-representative',
      validFrom: '2026-03-01',
      validTo: '2026-03-31',
      documentNumber: '12/UQ-BVMH',
    };
    const delegation = await parties.delegate(facilityId, id, order, ACTOR);
    expect(await answer('2026-03-31T23:59:00+07:00')).toMatchObject({ ok: true, delegation });
    const late = await answer('2026-04-01T00:00:00+07:00');
    expect(late).toMatchObject({ ok: false, refusal: { code: 'DELEGATION_EXPIRED' } });
    expect(late.ok ? '' : late.refusal.detail.vi).toBe('Ủy quyền số 12/UQ-BVMH đã hết hiệu lực ngày 31/03/2026');
    expect(await answer('2026-02-28T08:00:00+07:00')).toMatchObject({ refusal: { code: 'DELEGATION_NOT_YET_VALID' } });

    const backwards = { ...order, validTo: '2026-02-01' };
    await expect(parties.delegate(facilityId, id, backwards, ACTOR)).rejects.toMatchObject({ code: 'PARTY_INVALID' });
    expect((await auditOf(facilityId)).map(({ action }) => action)).toContain('clinician.delegated');
  });
});

describe('A certificate', () => {
  it('is bound to its owner, and a test signature finds how its key signs', async () => {
    const { parties, facilityId } = await hospital();
    const { practitioner, head, seal } = world.cast;
    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const credential = await parties.enrolCredential(enrolmentOf(facilityId, doctor.id, practitioner), ACTOR);
    expect(credential).toMatchObject({
      clinicianId: doctor.id,
      kind: 'external',
      uid: 'CCCD:001000000001',
      serial: practitioner.certificate.serial,
      scheme: { scheme: 'rsa-pss', digest: 'SHA-256' },
    });
    const found = await parties.findCredential(facilityId, credential.id);
    expect(found).toEqual({ ...credential, certificate: expect.anything(), chain: expect.anything() });
    expect(Buffer.from(found?.certificate ?? []).equals(practitioner.certificate.der)).toBe(true);
    expect(found?.chain.map((der) => Buffer.from(der).toString('hex'))).toEqual(
      practitioner.chain.map(({ der }) => Buffer.from(der).toString('hex')),
    );
    expect((await parties.findCredentialOf(facilityId, practitioner.certificate))?.id).toBe(credential.id);
    expect(await parties.findCredentialOf(facilityId, head.certificate)).toBeUndefined();
    // Again is the same.
    expect((await parties.enrolCredential(enrolmentOf(facilityId, doctor.id, practitioner), ACTOR)).id).toBe(
      credential.id,
    );

    expect(await parties.findSeal(facilityId, TEST_NOW)).toBeUndefined();
    const sealed = await parties.enrolCredential(
      { ...enrolmentOf(facilityId, undefined, seal), pkcs12: Buffer.from('encrypted') },
      ACTOR,
    );
    expect(sealed).toMatchObject({ kind: 'pkcs12', clinicianId: undefined });
    const found2 = await parties.findSeal(facilityId, TEST_NOW);
    expect(found2?.id).toBe(sealed.id);
    expect(Buffer.from(found2?.pkcs12 ?? []).toString()).toBe('encrypted');
  });

  it('of an elliptic curve signs ECDSA; a token that only knows PKCS#1 v1.5 is taken as it is', async () => {
    const { parties, facilityId } = await hospital();
    const { head, practitioner } = world.cast;
    const doctor = await parties.registerClinician(facilityId, { ...DOCTOR, uid: 'CCCD:001000000002' }, ACTOR);
    const onCurve = await parties.enrolCredential(enrolmentOf(facilityId, doctor.id, head), ACTOR);
    expect(onCurve.scheme).toEqual({ scheme: 'ecdsa', digest: 'SHA-256' });

    const other = await parties.registerClinician(facilityId, { ...DOCTOR, staffCode: 'BS002' }, ACTOR);
    const oldToken = (scheme: SigningScheme, message: Uint8Array) => {
      if (scheme.scheme === 'rsa-pss') throw new Error('CKR_MECHANISM_INVALID');
      return rawSigner(practitioner.privateKey, scheme)(message);
    };
    const enrolment = { ...enrolmentOf(facilityId, other.id, practitioner), testSign: oldToken };
    expect((await parties.enrolCredential(enrolment, ACTOR)).scheme).toEqual({
      scheme: 'rsa-pkcs1',
      digest: 'SHA-256',
    });
  });

  it('may carry several UIDs, of the person and of the hospital', async () => {
    const { parties, facilityId } = await hospital();
    const head = { ...DOCTOR, staffCode: 'GD001', name: 'TS.BS. Nguyễn Thị Ví Dụ', uid: 'CCCD:001000000003' };
    const director = await parties.registerClinician(facilityId, head, ACTOR);
    const enrolment = enrolmentOf(facilityId, director.id, world.cast.representative);
    expect((await parties.enrolCredential(enrolment, ACTOR)).uid).toBe('CCCD:001000000003');
  });

  it('is refused when it is not the owner’s: same name, other person', async () => {
    const { parties, facilityId } = await hospital();
    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const namesake = await world.authority.issuePerson({
      commonName: 'Trần Văn Mẫu',
      uid: 'CCCD:001000000099',
      slug: `namesake-${hospitals}`,
    });
    const refused = parties.enrolCredential(enrolmentOf(facilityId, doctor.id, namesake), ACTOR);
    await expect(refused).rejects.toMatchObject({ code: 'CREDENTIAL_MISMATCH' });

    // Nor can a second person take a certificate that is enrolled already.
    const { practitioner } = world.cast;
    await parties.enrolCredential(enrolmentOf(facilityId, doctor.id, practitioner), ACTOR);
    const { uid: _unknown, ...second } = { ...DOCTOR, staffCode: 'BS003' };
    const stranger = await parties.registerClinician(facilityId, second, ACTOR);
    const taken = parties.enrolCredential(enrolmentOf(facilityId, stranger.id, practitioner), ACTOR);
    await expect(taken).rejects.toMatchObject({ code: 'CREDENTIAL_MISMATCH' });
    expect(await parties.listCredentials(facilityId, stranger.id)).toEqual([]);
  });

  it('is refused when its key is another one, or its time is over', async () => {
    const { parties, facilityId } = await hospital();
    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const { practitioner, representative } = world.cast;
    const wrongKey = {
      ...enrolmentOf(facilityId, doctor.id, practitioner),
      testSign: enrolmentOf(facilityId, doctor.id, representative).testSign,
    };
    await expect(parties.enrolCredential(wrongKey, ACTOR)).rejects.toMatchObject({ code: 'CREDENTIAL_UNUSABLE' });

    const expired = await world.authority.issuePerson({
      commonName: 'Trần Văn Mẫu',
      uid: 'CCCD:001000000001',
      slug: `expired-${hospitals}`,
      validity: { from: at('2020-01-01T00:00:00Z'), to: at('2021-01-01T00:00:00Z') },
    });
    const late = parties.enrolCredential(enrolmentOf(facilityId, doctor.id, expired), ACTOR);
    await expect(late).rejects.toMatchObject({ code: 'CREDENTIAL_EXPIRED' });
    expect(await parties.listCredentials(facilityId, doctor.id)).toEqual([]);
  });

  it('taken out of use signs no more', async () => {
    const { parties, facilityId } = await hospital();
    const doctor = await parties.registerClinician(facilityId, DOCTOR, ACTOR);
    const { practitioner } = world.cast;
    const credential = await parties.enrolCredential(enrolmentOf(facilityId, doctor.id, practitioner), ACTOR);
    expect(refuseCredential(credential, TEST_NOW)).toBeUndefined();
    expect(refuseCredential(credential, at('2099-01-01T00:00:00Z'))?.code).toBe('CREDENTIAL_EXPIRED');
    expect(refuseCredential(credential, at('1999-01-01T00:00:00Z'))?.code).toBe('CREDENTIAL_NOT_YET_VALID');

    await parties.withdrawCredential(facilityId, credential.id, 'mất thiết bị', ACTOR);
    const [withdrawn] = await parties.listCredentials(facilityId, doctor.id);
    expect(withdrawn && refuseCredential(withdrawn, TEST_NOW)?.code).toBe('CREDENTIAL_WITHDRAWN');
    const again = parties.enrolCredential(enrolmentOf(facilityId, doctor.id, practitioner), ACTOR);
    await expect(again).rejects.toMatchObject({ code: 'CREDENTIAL_WITHDRAWN' });
    const twice = parties.withdrawCredential(facilityId, credential.id, 'mất thiết bị', ACTOR);
    await expect(twice).rejects.toMatchObject({ code: 'CREDENTIAL_WITHDRAWN' });
    expect((await auditOf(facilityId)).map(({ action }) => action)).toContain('credential.withdrawn');
  });
});
