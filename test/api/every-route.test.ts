/**
 * Every route, by every role and from next door: the table below says who may, and the description of the interface says which routes
 * there are. A new route fails here until somebody has written down who may call it.
 */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createPkcs12, rawSigner } from '../../src/engines/crypto/index.ts';
import { ROLES, type Role } from '../../src/platform/access/index.ts';
import { newId } from '../../src/shared/index.ts';
import { dischargeCertificate, type RunningAntin, useAntin } from '../support/antin.ts';
import { everythingKept } from './support.ts';

const running = useAntin({ jobs: false });
const NOBODYS = newId(new Date('2026-06-01T00:00:00Z'));
const ACTOR = { kind: 'system', id: 'test' } as const;

const EVERYBODY: readonly Role[] = ROLES;
const MAY: Readonly<Record<string, readonly Role[]>> = {
  'POST /v1/documents': ['intake', 'admin'],
  'GET /v1/documents': EVERYBODY,
  'GET /v1/documents/{documentId}': EVERYBODY,
  'GET /v1/documents/{documentId}/pdf': EVERYBODY,
  'GET /v1/documents/{documentId}/content': EVERYBODY,
  'POST /v1/documents/{documentId}/return': ['clinician', 'records-officer', 'admin'],
  'POST /v1/documents/{documentId}/withdraw': ['intake', 'records-officer', 'admin'],
  'POST /v1/documents/{documentId}/turns': ['clinician'],
  'POST /v1/turns/{turnId}/complete': ['clinician'],
  'DELETE /v1/turns/{turnId}': ['clinician'],
  'POST /v1/sessions': ['clinician'],
  'GET /v1/sessions/{sessionId}': ['clinician'],
  'POST /v1/validations': EVERYBODY,
  'GET /v1/records/{recordId}': ['clinician', 'records-officer', 'legal-officer', 'admin'],
  'GET /v1/records/{recordId}/retention': ['records-officer', 'legal-officer', 'admin', 'auditor'],
  'GET /v1/clinicians': ['clinician', 'records-officer', 'admin'],
  'GET /v1/clinicians/{clinicianId}/credentials': ['clinician', 'admin'],
  'GET /v1/operations/stopped': ['records-officer', 'admin', 'auditor'],
  'POST /v1/operations/stopped/{work}/restart': ['records-officer', 'admin'],
  'GET /v1/operations/findings': ['records-officer', 'admin', 'auditor'],
  'POST /v1/operations/findings/{findingId}/decision': ['records-officer'],
};
const ROUTES = Object.keys(MAY);

const keyOf = async (
  { antin }: RunningAntin,
  facilityId: string,
  roles: readonly Role[],
  clinicianId?: string,
): Promise<string> => {
  const person = clinicianId === undefined ? {} : { clinicianId };
  const made = await antin.database.transaction((tx) =>
    antin.access.createApiKey(tx, { facilityId, name: roles.join(' '), roles, ...person }),
  );
  return made.token;
};

/** Sends to a route with the given ids in the place of its parameters. */
function call(route: string, key: string | undefined, ids: Readonly<Record<string, string>> = {}, json?: unknown) {
  const [method = '', path = ''] = route.split(' ');
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? NOBODYS);
  const body = method === 'POST' ? { json: json ?? {} } : {};
  return running().request(method, place, { ...(key === undefined ? {} : { key }), ...body });
}

test('the table holds every route of the interface', async () => {
  const { paths } = (await (await running().request('GET', '/openapi.json')).json()) as { paths: object };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual(ROUTES.toSorted());
});

test('nothing is registered below /v1 that the interface does not describe', () => {
  const described = new Set(ROUTES.map((route) => route.replace(/\{(\w+)\}/g, ':$1')));
  const registered = running().antin.app.routes.filter(
    ({ method, path }) => method !== 'ALL' && path.startsWith('/v1'),
  );
  expect(registered.length).toBeGreaterThanOrEqual(ROUTES.length);
  for (const { method, path } of registered) expect(described, `${method} ${path}`).toContain(`${method} ${path}`);
});

test('without a key nobody passes', async () => {
  for (const route of ROUTES) {
    const answer = await call(route, undefined);
    expect([answer.status, (await answer.json()).code], route).toEqual([401, 'API_KEY_MISSING']);
  }
});

test('a key of one role does what the table says and nothing else', async () => {
  const { hospital } = running();
  for (const role of ROLES) {
    const person = role === 'clinician' ? hospital.practitioner.clinician : undefined;
    const key = await keyOf(running(), hospital.facility, [role], person);
    for (const route of ROUTES) {
      const answer = await call(route, key);
      const refused = answer.status === 403 && (await answer.json()).code === 'ROLE_REQUIRED';
      expect(refused, `${role}: ${route}`).toBe(!MAY[route]?.includes(role));
      expect([401, 500], `${role}: ${route}`).not.toContain(answer.status);
    }
  }
});

test('a key that has the role of a signer, but no person behind it, signs nothing', async () => {
  const { hospital } = running();
  const key = await keyOf(running(), hospital.facility, ['clinician']);
  const bodies: Record<string, unknown> = {
    'POST /v1/documents/{documentId}/turns': { credential: hospital.practitioner.credential },
    'POST /v1/turns/{turnId}/complete': { signature: 'AAAA' },
    'POST /v1/sessions': { credential: hospital.practitioner.credential, pin: '1', documents: [{ id: NOBODYS }] },
    'DELETE /v1/turns/{turnId}': undefined,
    'GET /v1/sessions/{sessionId}': undefined,
  };
  for (const [route, json] of Object.entries(bodies)) {
    const answer = await call(route, key, {}, json);
    expect([answer.status, (await answer.json()).code], route).toEqual([403, 'ROLE_REQUIRED']);
  }
});

/** One document signed by its practitioner, one with an open turn, a session, a job that gave up: everything that has an id. */
async function everythingOfOurs(): Promise<
  Record<'documentId' | 'recordId' | 'turnId' | 'sessionId' | 'findingId' | 'work', string>
> {
  const { antin, hospital } = running();
  const { apiKey: key, credential, pin } = hospital.practitioner;
  const receive = async () =>
    (await call('POST /v1/documents', hospital.keys.intake, {}, dischargeCertificate(running()))).json();
  const [signed, open] = [await receive(), await receive()];
  const documents = [{ id: signed.id }];
  const session = await (await call('POST /v1/sessions', key, {}, { credential, pin, documents })).json();
  expect(session.results).toMatchObject([{ signed: true }]);
  const turn = await (
    await call('POST /v1/documents/{documentId}/turns', key, { documentId: open.id }, { credential })
  ).json();
  const { rows } = await sql<{ id: string }>`
    INSERT INTO outbox (facility_id, job, subject, dedupe_key, payload, state, due_at, created_at, finished_at, cause_code)
    VALUES (${hospital.facility}, 'seal', ${open.id}, 'stopped', '{}', 'stopped', now(), now(), now(), 'INTERNAL')
    RETURNING id::text`.execute(antin.database.db);
  const findingId = newId(new Date('2026-06-02T00:00:00Z'));
  await sql`
    INSERT INTO archive_finding (id, facility_id, problem, object_key, version_id, first_seen_at, last_seen_at)
    VALUES (${findingId}, ${hospital.facility}, 'unknown', 'v1/stray', '1', now(), now())`.execute(antin.database.db);
  return {
    findingId,
    documentId: open.id,
    recordId: open.record.id,
    turnId: turn.id,
    sessionId: session.id,
    work: rows[0]?.id ?? '',
  };
}

/** Somebody next door who may do everything there, and whose certificate is enrolled there. */
async function neighbour(): Promise<{ key: string; credential: string; pin: string }> {
  const { antin } = running();
  const facility = await antin.parties.registerFacility(
    { name: 'Bệnh viện Đa khoa Bên Cạnh', code: '00002', parentAuthority: 'Sở Y tế tỉnh Minh Hoạ', place: 'Minh Hoạ' },
    ACTOR,
  );
  const person = await antin.parties.registerClinician(
    facility.id,
    {
      staffCode: 'BS002',
      name: 'BS. Lê Thị Bên Cạnh',
      title: 'Bác sĩ',
      department: 'Khoa Nội',
      licence: { number: '000003/MH-CCHN', validFrom: '2020-01-01' },
      roles: ['practitioner', 'unit-representative'],
    },
    ACTOR,
  );
  const identity = antin.authority?.identity('practitioner');
  if (identity === undefined) throw new Error('demo mode has an authority');
  const { id } = await antin.parties.enrolCredential(
    {
      facilityId: facility.id,
      clinicianId: person.id,
      certificate: identity.certificate,
      chain: identity.chain,
      pkcs12: createPkcs12({ ...identity, password: identity.pin }),
      testSign: (scheme, message) => rawSigner(identity.privateKey, scheme)(message),
    },
    ACTOR,
  );
  return { key: await keyOf(running(), facility.id, ROLES, person.id), credential: id, pin: identity.pin };
}

test('whoever may do everything next door sees and changes nothing here', async () => {
  const { hospital } = running();
  const ours = { ...(await everythingOfOurs()), clinicianId: hospital.practitioner.clinician };
  const next = await neighbour();
  const theirs = { credential: next.credential };
  const stolen = { credential: hospital.practitioner.credential };
  const documents = [{ id: ours.documentId }];
  const before = await everythingKept(running());

  for (const [route, code, json] of [
    ['GET /v1/documents/{documentId}', 'DOCUMENT_UNKNOWN', undefined],
    ['GET /v1/documents/{documentId}/pdf', 'DOCUMENT_UNKNOWN', undefined],
    ['GET /v1/documents/{documentId}/content', 'DOCUMENT_UNKNOWN', undefined],
    ['POST /v1/documents/{documentId}/return', 'DOCUMENT_UNKNOWN', { reason: 'Không phải của mình' }],
    ['POST /v1/documents/{documentId}/withdraw', 'DOCUMENT_UNKNOWN', { reason: 'Không phải của mình' }],
    ['POST /v1/documents/{documentId}/turns', 'DOCUMENT_UNKNOWN', theirs],
    ['POST /v1/documents/{documentId}/turns', 'CREDENTIAL_UNKNOWN', stolen],
    ['POST /v1/turns/{turnId}/complete', 'TURN_UNKNOWN', { signature: 'AAAA' }],
    ['DELETE /v1/turns/{turnId}', 'TURN_UNKNOWN', undefined],
    ['POST /v1/sessions', 'CREDENTIAL_UNKNOWN', { ...stolen, pin: hospital.practitioner.pin, documents }],
    ['GET /v1/sessions/{sessionId}', 'SESSION_UNKNOWN', undefined],
    ['GET /v1/records/{recordId}', 'RECORD_UNKNOWN', undefined],
    ['GET /v1/records/{recordId}/retention', 'RECORD_UNKNOWN', undefined],
    ['GET /v1/clinicians/{clinicianId}/credentials', 'PARTY_NOT_FOUND', undefined],
    ['POST /v1/operations/stopped/{work}/restart', 'WORK_NOT_STOPPED', undefined],
    ['POST /v1/operations/findings/{findingId}/decision', 'FINDING_UNKNOWN', { decision: 'let-go', reason: 'Của ai?' }],
  ] as const) {
    const answer = await call(route, next.key, ours, json);
    expect([answer.status, (await answer.json()).code], `${route} ${code}`).toEqual([404, code]);
  }
  // A paper of theirs that would take the place of ours.
  const supersedes = { ...dischargeCertificate(running()), supersedes: ours.documentId };
  expect((await (await call('POST /v1/documents', next.key, {}, supersedes)).json()).mistakes).toMatchObject([
    { path: '/supersedes', code: 'DOCUMENT_UNKNOWN' },
  ]);
  expect(await (await call('GET /v1/documents', next.key)).json()).toEqual({ documents: [], next: null });
  expect(await (await call('GET /v1/operations/stopped', next.key)).json()).toEqual({ stopped: [] });
  expect(await (await call('GET /v1/operations/findings', next.key)).json()).toEqual({ findings: [] });
  const people = (await (await call('GET /v1/clinicians', next.key)).json()).clinicians;
  expect(people.map(({ staffCode }: { staffCode: string }) => staffCode)).toEqual(['BS002']);
  expect(await everythingKept(running())).toEqual(before);

  // Their own session over our document: a line that says it is unknown, and their log alone tells of it.
  const session = await (await call('POST /v1/sessions', next.key, {}, { ...theirs, pin: next.pin, documents })).json();
  expect(session.results).toMatchObject([{ signed: false, code: 'DOCUMENT_UNKNOWN' }]);
  const untouched = await everythingKept(running());
  const changed = Object.keys(untouched).filter((name) => untouched[name] !== before[name]);
  expect(changed.toSorted()).toEqual(['public.audit_entry', 'public.audit_pending', 'public.signing_session']);
});
