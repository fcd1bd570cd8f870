/** Heavy files beside ordinary requests: whoever hands in a tedious PDF keeps nobody else waiting. */
import { expect, test } from 'vitest';
import { heavyPdf } from '../engines/pdf/heavy-pdf.ts';
import { useAntin } from '../support/antin.ts';
import { pdfMetadata, upload } from './support.ts';

const running = useAntin({ jobs: false });

test('forty small questions are answered while one upload is read', async () => {
  const { request, hospital } = running();
  const events: string[] = [];
  const parcel = upload(pdfMetadata(running(), { recordNumber: '26.8001' }), heavyPdf(150_000));
  const heavy = request('POST', '/v1/documents', { key: hospital.keys.intake, ...parcel }).then((answer) => {
    events.push('heavy');
    return answer;
  });
  for (let asked = 0; asked < 40; asked += 1) {
    expect((await request('GET', '/v1/documents', { key: hospital.keys.admin })).status).toBe(200);
    events.push('small');
  }
  expect((await heavy).status).toBe(201);
  expect(events.indexOf('heavy')).toBeGreaterThanOrEqual(40);
});
