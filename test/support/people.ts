/** Further people of the demo hospital, with certificates of its authority. */
import { createPkcs12, rawSigner } from '../../src/engines/crypto/index.ts';
import type { Identity, IssueOptions } from '../../src/platform/trust/authority/index.ts';
import type { RunningAntin } from './antin.ts';

const ACTOR = { kind: 'system', id: 'test' } as const;

export interface Person {
  readonly identity: Identity;
  readonly clinician: string;
  readonly credential: string;
  readonly pin: string;
  readonly apiKey: string;
}

export interface PersonOptions {
  readonly staffCode: string;
  readonly keyType?: IssueOptions['keyType'];
  readonly roles?: readonly string[];
  /** What the key can do; absent: everything. */
  readonly scheme?: 'rsa-pkcs1';
  /** The key is elsewhere (token, phone): nothing of it is kept here. */
  readonly external?: boolean;
}

/** Registers a person, by default a practitioner with a P-256 key that is kept here. */
export async function hire({ antin, hospital }: RunningAntin, options: PersonOptions): Promise<Person> {
  const { authority, parties, access, database } = antin;
  if (authority === undefined) throw new Error('demo mode has an authority');
  const { facility } = hospital;
  const { staffCode, keyType = 'P-256', roles = ['practitioner'], scheme: only, external = false } = options;
  const identity = await authority.issuePerson({
    commonName: 'Lê Thị Thí Dụ',
    uid: `CCCD:0010980${staffCode.replace(/\D/g, '').padStart(5, '0')}`,
    keyType,
    slug: staffCode.toLowerCase(),
  });
  const profile = {
    staffCode,
    name: 'BS. Lê Thị Thí Dụ',
    title: 'Bác sĩ',
    department: 'Khoa Nội tổng hợp',
    licence: { number: `${staffCode}/MH-CCHN`, validFrom: '2020-01-01' },
    roles: [...roles],
  };
  const clinician = await parties.registerClinician(facility, profile, ACTOR);
  const credential = await parties.enrolCredential(
    {
      facilityId: facility,
      clinicianId: clinician.id,
      certificate: identity.certificate,
      chain: identity.chain,
      pkcs12: external ? undefined : createPkcs12({ ...identity, password: identity.pin }),
      testSign: (scheme, message) => {
        if (only !== undefined && scheme.scheme !== only) throw new Error(`this key cannot do ${scheme.scheme}`);
        return rawSigner(identity.privateKey, scheme)(message);
      },
    },
    ACTOR,
  );
  const key = await database.transaction((tx) =>
    access.createApiKey(tx, {
      facilityId: facility,
      name: staffCode,
      roles: ['clinician'],
      clinicianId: clinician.id,
    }),
  );
  return { identity, clinician: clinician.id, credential: credential.id, pin: identity.pin, apiKey: key.token };
}
