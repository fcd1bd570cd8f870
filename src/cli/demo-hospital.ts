/** The demo hospital: a facility, its people with keys of the demo authority, and API keys. Made once for a data directory. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Antin } from '../compose/index.ts';
import { createPkcs12, rawSigner } from '../engines/crypto/index.ts';
import type { AuditActor } from '../platform/audit/index.ts';
import { type CastMember, DEMO_HOSPITAL, type Identity } from '../platform/trust/authority/index.ts';
import { AppError } from '../shared/index.ts';

const signer = z.object({ clinician: z.string(), credential: z.string(), pin: z.string(), apiKey: z.string() });

const DEMO_HOSPITAL_FILE = z.object({
  facility: z.string(),
  name: z.string(),
  keys: z.object({ intake: z.string(), recordsOfficer: z.string(), admin: z.string() }),
  practitioner: signer,
  representative: signer,
});

/** Ids, API keys and PINs of the demo hospital. */
export type DemoHospital = z.infer<typeof DEMO_HOSPITAL_FILE>;

const ACTOR: AuditActor = { kind: 'system', id: 'demo-set-up' };
const FILE_NAME = 'demo-hospital.json';

/**
 * The demo hospital of this data directory; made on first use. What people need to try it is kept in `demo-hospital.json`
 * (0600), so that a second start can show it again. Only for demo mode: real keys are shown once and never kept.
 */
export async function openDemoHospital(antin: Antin): Promise<DemoHospital> {
  const file = join(antin.options.dataDir, FILE_NAME);
  const known = await readKnown(file);
  if (known !== undefined) return known;
  const made = await makeDemoHospital(antin);
  await writeFile(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}

async function readKnown(file: string): Promise<DemoHospital | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  return DEMO_HOSPITAL_FILE.parse(JSON.parse(text));
}

async function makeDemoHospital(antin: Antin): Promise<DemoHospital> {
  const { parties, access, database, authority } = antin;
  if (authority === undefined) throw new AppError('CONFIG_INVALID');
  const code = '00001';
  // A crash in an earlier first start may have left part of it: what is there is used again.
  const facility =
    (await parties.findFacilityByCode(code)) ??
    (await parties.registerFacility(
      {
        name: DEMO_HOSPITAL,
        code,
        parentAuthority: 'Sở Y tế tỉnh Minh Hoạ',
        place: 'Minh Hoạ',
        uid: 'MST:0100000001',
      },
      ACTOR,
    ));
  const seal = authority.identity('seal');
  const sealCredential = await enrol(antin, facility.id, undefined, seal);
  await antin.keepSealPin(sealCredential, seal.pin);

  const person = async (member: CastMember, profile: Parameters<typeof parties.registerClinician>[1]) => {
    const identity = authority.identity(member);
    const clinician =
      (await parties.findClinicianByStaffCode(facility.id, profile.staffCode)) ??
      (await parties.registerClinician(facility.id, profile, ACTOR));
    const credential = await enrol(antin, facility.id, clinician.id, identity);
    const key = await database.transaction((tx) =>
      access.createApiKey(tx, {
        facilityId: facility.id,
        name: `demo ${member}`,
        roles: ['clinician'],
        clinicianId: clinician.id,
      }),
    );
    return { clinician: clinician.id, credential, pin: identity.pin, apiKey: key.token };
  };
  const key = async (name: string, role: 'intake' | 'records-officer' | 'admin') =>
    (await database.transaction((tx) => access.createApiKey(tx, { facilityId: facility.id, name, roles: [role] })))
      .token;

  return {
    facility: facility.id,
    name: facility.name,
    keys: {
      intake: await key('demo intake', 'intake'),
      recordsOfficer: await key('demo records officer', 'records-officer'),
      admin: await key('demo admin', 'admin'),
    },
    practitioner: await person('practitioner', {
      staffCode: 'BS001',
      name: 'BS. Trần Văn Mẫu',
      title: 'Bác sĩ điều trị',
      department: 'Khoa Nội tổng hợp',
      licence: { number: '000001/MH-CCHN', validFrom: '2020-01-01' },
      roles: ['practitioner'],
    }),
    representative: await person('representative', {
      staffCode: 'GD001',
      name: 'TS.BS. Phạm Thị Minh Hoạ',
      title: 'Giám đốc',
      department: 'Ban Giám đốc',
      licence: { number: '000002/MH-CCHN', validFrom: '2015-01-01' },
      roles: ['unit-representative'],
    }),
  };
}

async function enrol(
  antin: Antin,
  facilityId: string,
  clinicianId: string | undefined,
  identity: Identity,
): Promise<string> {
  const pkcs12 = createPkcs12({ ...identity, password: identity.pin });
  const credential = await antin.parties.enrolCredential(
    {
      facilityId,
      clinicianId,
      certificate: identity.certificate,
      chain: identity.chain,
      pkcs12,
      testSign: (scheme, message) => rawSigner(identity.privateKey, scheme)(message),
    },
    ACTOR,
  );
  return credential.id;
}
