/** Pages that somebody else made: sealed and archived as they came, byte for byte, with our part appended. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { shipped } from '../../src/cli/with-antin.ts';
import { pdfMetadata, upload } from '../api/support.ts';
import { buildPdf, ONE_PAGE } from '../engines/pdf/build-pdf.ts';
import { greyPng, twoToneJpeg } from '../engines/render/pictures.ts';
import { settle, useAntin } from '../support/antin.ts';
import { expectArchivedOnce, fetchPdf, judge, look, receive } from '../support/journey.ts';

const running = useAntin({ extraAnchors: [shipped('samples', 'presigned-referral.root.pem')] });

let counter = 0;
function parcel(...files: readonly Uint8Array[]): { body: FormData } {
  counter += 1;
  return upload(pdfMetadata(running(), { recordNumber: `26.7${counter}` }), ...files);
}

function expectPrefix(whole: Uint8Array, start: Uint8Array): void {
  expect(whole.length).toBeGreaterThan(start.length);
  expect(Buffer.compare(whole.subarray(0, start.length), start)).toBe(0);
}

test.each(['table', 'stream', 'object streams', 'hybrid', 'linearized'] as const)(
  'an unsigned PDF (%s) is sealed as it came',
  async (kind) => {
    const pdf = buildPdf(ONE_PAGE, kind);
    const { id, state } = await receive(running(), parcel(pdf));
    expect(state).toBe('signed');
    await settle(running());
    await expectArchivedOnce(running(), [id]);
    expectPrefix(await fetchPdf(running(), id), pdf);
  },
);

test('a referral that another clinic had signed keeps its signature, with the worth that it has', async () => {
  const pdf = new Uint8Array(await readFile(shipped('samples', 'presigned-referral.pdf')));
  const { signatures: before } = judge(running(), pdf);
  const { id } = await receive(running(), parcel(pdf));
  await settle(running());
  expect(await look(running(), id)).toMatchObject({ state: 'archived', level: 'B-LTA' });
  const final = await fetchPdf(running(), id);
  expectPrefix(final, pdf);
  const report = judge(running(), final);
  expect(report.signatures.every((one) => one.intact && one.signatureValid)).toBe(true);
  const fields = report.signatures.filter((one) => one.kind === 'signature').map((one) => one.field);
  expect(fields.toSorted()).toEqual([...before.map((one) => one.field), 'DauDonVi'].toSorted());
  const seal = report.signatures.find((one) => one.field === 'DauDonVi');
  expect(seal).toMatchObject({ indication: 'TOTAL-PASSED', level: 'B-LTA' });
});

test('scanned pages, PNG and JPEG, become one sealed PDF', async () => {
  const scan = await receive(running(), parcel(greyPng(200, 280), twoToneJpeg(280, 200)));
  expect(scan).toMatchObject({ state: 'signed', pages: 2 });
  const rendition = await running().antin.records.find(undefined, scan.id);
  const pages = await running().antin.records.bytes(rendition, 1);
  await settle(running());
  await expectArchivedOnce(running(), [scan.id]);
  expectPrefix(await fetchPdf(running(), scan.id), pages);
});
