/** A signature that had no time-stamp when it was made, paid by a document time-stamp: outside judges on what that is worth. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toPem } from '../../src/engines/crypto/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { createJudges } from './support/index.ts';

const running = useAntin({ jobs: false });
const judges = createJudges();
let folder = '';
let trust = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-debt-'));
  trust = join(folder, 'trust');
  await mkdir(trust);
  const { antin } = running();
  for (const [index, anchor] of antin.anchors.signers.entries())
    await writeFile(join(trust, `${index}.pem`), toPem(anchor));
});

afterAll(async () => {
  await judges.close();
  await rm(folder, { recursive: true, force: true });
});

test('EU DSS: level B while the time-stamp is owed, level T once it is paid, the old bytes an exact prefix', async () => {
  const { antin, hospital } = running();
  const received = await antin.records.receive({
    facilityId: hospital.facility,
    actor: { kind: 'system', id: 'test' },
    ...dischargeCertificate(running()),
  });
  const bytes = async () => antin.records.bytes(await antin.records.find(undefined, received.id));
  const judge = async (name: string, pdf: Uint8Array) => {
    const file = join(folder, `${name}.pdf`);
    await writeFile(file, pdf);
    return judges.dss(file, { trust, offline: true });
  };

  antin.authority?.setFaults({ tsa: 'down' });
  const { clinician, credential, pin } = hospital.practitioner;
  const session = await antin.signing.openSession({
    facilityId: hospital.facility,
    actor: { kind: 'person', id: clinician },
    clinicianId: clinician,
    credentialId: credential,
    pin,
    documents: [{ id: received.id }],
  });
  expect(session.results).toMatchObject([{ signed: true, level: 'B-B', timestampOwed: true }]);
  const owed = await bytes();
  expect((await judge('owed', owed)).signatures).toMatchObject([
    { level: 'PAdES-BASELINE-B', intact: true, valid: true },
  ]);

  antin.authority?.setFaults({});
  await antin.signing.payTimestamp(received.id, async () => undefined);
  const paid = await bytes();
  expect(Buffer.compare(paid.subarray(0, owed.length), owed)).toBe(0);
  const verdict = await judge('paid', paid);
  expect(verdict.signatures).toMatchObject([{ level: 'PAdES-BASELINE-T', intact: true, valid: true }]);
  // Whether its authority was revoked is answered by the validation data that the extension adds.
  expect(verdict.timestamps).toMatchObject([{ type: 'DOCUMENT_TIMESTAMP', imprintIntact: true }]);
});
