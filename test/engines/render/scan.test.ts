import { PDFDocument } from 'pdf-lib';
import { afterAll, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/shared/index.ts';
import { greyPng, twoToneJpeg } from './pictures.ts';
import { job, testRenderer } from './support.ts';

const renderer = testRenderer();
afterAll(() => renderer.close());

const scan = (...pages: Uint8Array[]) => {
  const { title, author, createdAt, sourceJson } = job();
  return renderer.renderScan({ title, author, createdAt, sourceJson, demo: false, pages });
};
const orientations = async (pdf: Uint8Array): Promise<string[]> => {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  return document.getPages().map((page) => (page.getWidth() > page.getHeight() ? 'across' : 'upright'));
};

it('puts every picture on an A4 page of its own, upright or across as the picture is', async () => {
  const { pdf, pages, slots } = await scan(greyPng(60, 80), twoToneJpeg(160, 96), twoToneJpeg(96, 160));
  expect(pages).toBe(3);
  expect(slots).toEqual([]);
  expect(await orientations(pdf)).toEqual(['upright', 'across', 'upright']);
  expect(Buffer.from(pdf.subarray(-6)).toString('latin1')).toBe('%%EOF\n');
});

it('turns the page as the scanner said in EXIF', async () => {
  const { pdf } = await scan(twoToneJpeg(160, 96, { orientation: 1 }), twoToneJpeg(160, 96, { orientation: 6 }));
  expect(await orientations(pdf)).toEqual(['across', 'upright']);
});

it('gives the same bytes for the same pages', async () => {
  const [first, second] = [await scan(greyPng(60, 80)), await scan(greyPng(60, 80))];
  expect(sha256Hex(second.pdf)).toBe(sha256Hex(first.pdf));
});

it('refuses CMYK, and says which page', async () => {
  await expect(scan(greyPng(8, 8), twoToneJpeg(160, 96, { components: 4 }))).rejects.toMatchObject({
    code: 'SCAN_CMYK',
    detail: { vi: 'Trang quét 2 dùng hệ màu CMYK' },
  });
});

it.each([
  ['a PDF', new TextEncoder().encode('%PDF-1.7\n')],
  ['nothing', new Uint8Array()],
  ['a cut PNG', greyPng(60, 80).subarray(0, 60)],
  ['a cut JPEG', twoToneJpeg(160, 96).subarray(0, 30)],
  ['a picture with a million times more pixels than bytes', greyPng(60, 80).with(16, 0x70)],
])('refuses %s', async (_what, bytes) => {
  await expect(scan(bytes)).rejects.toMatchObject({ code: 'SCAN_UNREADABLE' });
});

it('refuses a scan without pages', async () => {
  await expect(scan()).rejects.toMatchObject({ code: 'SCAN_UNREADABLE' });
});
