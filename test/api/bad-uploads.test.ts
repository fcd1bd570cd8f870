/** Pictures that are none, parcels badly packed, and signatures that an upload brings along. */
import { expect, test } from 'vitest';
import { rawSigner } from '../../src/engines/crypto/index.ts';
import { sign } from '../../src/engines/pades/index.ts';
import { settableClock } from '../../src/shared/index.ts';
import { buildPdf, ONE_PAGE } from '../engines/pdf/build-pdf.ts';
import { dischargeCertificate, settle, useAntin } from '../support/antin.ts';
import { type BadInput, pdfMetadata, post, refuses, type Sent, upload } from './support.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock, jobs: false });

type File = Uint8Array | string;

const uploaded = (...files: File[]): BadInput['send'] => {
  return (antin): Sent => upload(pdfMetadata(antin), ...files);
};

/** The bytes as text, changed, as bytes: offsets after the change are then wrong, as they are in a damaged file. */
function edited(pdf: Uint8Array, change: (text: string) => string): Uint8Array {
  return new Uint8Array(Buffer.from(change(Buffer.from(pdf).toString('latin1')), 'latin1'));
}

const PNG_HEAD = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR';
const size = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
const jpegFrame = (components: number): string =>
  `\xff\xd8\xff\xc0\0${String.fromCharCode(8 + 3 * components)}\x08\x04\0\x04\0${String.fromCharCode(components)}${'\x01\x11\0'.repeat(components)}\xff\xd9`;

refuses(running, 'pictures that are not', [
  { name: 'only the signature of a PNG', send: uploaded('\x89PNG'), status: 422, code: 'SCAN_UNREADABLE' },
  {
    name: 'a PNG whose header is followed by nothing',
    send: uploaded(`${PNG_HEAD}${size(100)}${size(100)}\x08\x02\0\0\0`),
    status: 422,
    code: 'SCAN_UNREADABLE',
  },
  {
    name: 'a PNG that says it is of 40,000 by 40,000 points',
    send: uploaded(`${PNG_HEAD}${size(40_000)}${size(40_000)}\x08\x02\0\0\0${'\0'.repeat(64)}`),
    status: 422,
    code: 'SCAN_UNREADABLE',
  },
  { name: 'a JPEG that ends at once', send: uploaded('\xff\xd8\xff\xe0'), status: 422, code: 'SCAN_UNREADABLE' },
  { name: 'a JPEG of a frame and no picture', send: uploaded(jpegFrame(3)), status: 422, code: 'SCAN_UNREADABLE' },
  { name: 'a JPEG in CMYK', send: uploaded(jpegFrame(4)), status: 422, code: 'SCAN_CMYK' },
  { name: 'GIF', send: uploaded('GIF89a'), status: 422, code: 'PDF_NOT_A_PDF' },
]);

refuses(running, 'multipart', [
  {
    name: 'no metadata',
    send: () => upload(undefined, buildPdf(ONE_PAGE)),
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  {
    name: 'two metadata',
    send: (antin) => {
      const sent = upload(pdfMetadata(antin), buildPdf(ONE_PAGE));
      sent.body.append('metadata', JSON.stringify(pdfMetadata(antin, { title: 'Một phiếu khác' })));
      return sent;
    },
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  { name: 'no file', send: uploaded(), status: 400, code: 'REQUEST_MALFORMED' },
  {
    name: 'two PDFs',
    send: uploaded(buildPdf(ONE_PAGE), buildPdf(ONE_PAGE)),
    status: 422,
    code: 'PDF_NOT_ACCEPTED',
  },
  {
    name: 'a PDF and a picture',
    send: uploaded(buildPdf(ONE_PAGE), jpegFrame(3)),
    status: 422,
    code: 'PDF_NOT_ACCEPTED',
  },
  {
    name: 'a file for a form that is printed from its content',
    send: (antin) => upload(dischargeCertificate(antin), buildPdf(ONE_PAGE)),
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  {
    name: 'JSON alone for a form that needs a file',
    send: (antin) => ({ json: pdfMetadata(antin) }),
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  {
    name: 'a boundary that never comes',
    send: () => ({ body: 'xin chào', headers: { 'content-type': 'multipart/form-data; boundary=x' } }),
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  {
    name: 'no boundary',
    send: () => ({ body: 'xin chào', headers: { 'content-type': 'multipart/form-data' } }),
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
  {
    name: 'metadata that is no UTF-8',
    send: () => {
      const part = Buffer.from(
        '--x\r\ncontent-disposition: form-data; name="metadata"; filename="m.json"\r\n\r\n"\xc3("\r\n--x--\r\n',
        'latin1',
      );
      return { body: part, headers: { 'content-type': 'multipart/form-data; boundary=x' } };
    },
    status: 400,
    code: 'REQUEST_MALFORMED',
  },
]);

/** A PDF with one signature of the demo practitioner, whose words and field are chosen here. */
async function signedPdf(field: string, words: { signerName: string; reason: string }): Promise<Uint8Array> {
  const identity = running().antin.authority?.identity('practitioner');
  if (identity === undefined) throw new Error('demo mode has an authority');
  const { certificate, chain, scheme, privateKey } = identity;
  const signer = { certificate, chain, scheme, sign: rawSigner(privateKey, scheme) };
  return (await sign(buildPdf(ONE_PAGE), signer, { field, claimedTime: clock.now(), ...words })).pdf;
}

refuses(running, 'uploads whose own signature is bad', [
  {
    name: 'one byte of the page changed after signing',
    send: async (antin) => {
      const pdf = await signedPdf('ChuKy1', { signerName: 'Trần Văn Mẫu', reason: 'Duyệt' });
      return upload(
        pdfMetadata(antin),
        edited(pdf, (text) => text.replace('100 100 re', '100 900 re')),
      );
    },
    status: 422,
    code: 'UPLOAD_SIGNATURE_BAD',
  },
  {
    name: 'the signature value itself changed',
    send: async (antin) => {
      const pdf = await signedPdf('ChuKy1', { signerName: 'Trần Văn Mẫu', reason: 'Duyệt' });
      return upload(
        pdfMetadata(antin),
        edited(pdf, (text) => text.replace(/\/Contents\s*<30../, '/Contents <3099')),
      );
    },
    status: 422,
    code: 'UPLOAD_SIGNATURE_BAD',
  },
]);

test('a sound signature of strange names and words is kept, and goes all the way', async () => {
  const pdf = await signedPdf('Chu\0Ky', { signerName: 'Trần\0Mẫu', reason: 'Duyệt \u202e\ud800' });
  const answer = await post(running(), upload(pdfMetadata(running()), pdf));
  expect(answer.status, await answer.clone().text()).toBe(201);
  const { id } = (await answer.json()) as { id: string };
  await running().antin.runner.start();
  await settle(running());
  const kept = await post(running(), { method: 'GET', path: `/v1/documents/${id}` });
  expect(await kept.json()).toMatchObject({ state: 'archived' });
});
