import { expect, it } from 'vitest';
import { findStampFont, openPdf, signatureFields } from '../../../src/engines/pdf/index.ts';
import { createStampFont, loadStampFont, STAMP_CHARACTERS } from '../../../src/engines/render/index.ts';
import { sha256Hex } from '../../../src/shared/index.ts';
import { job, regularFace, testRenderer } from './support.ts';

it('shows every character of its repertoire, each with a width', async () => {
  const font = await loadStampFont(regularFace);
  for (const character of STAMP_CHARACTERS) {
    const gid = font.gid(character.codePointAt(0) ?? 0);
    expect(gid, character).toBeGreaterThan(0);
    expect(font.width(gid ?? 0), character).toBeGreaterThan(0);
  }
  // Tinos has the widths of Times New Roman: A is 722, i is 278 thousandths of the size.
  expect(font.width(font.gid(0x41) ?? 0)).toBe(722);
  expect(font.width(font.gid(0x69) ?? 0)).toBe(278);
});

it('is the same subset every time', async () => {
  const [first, second] = [await loadStampFont(regularFace), await loadStampFont(regularFace)];
  expect(sha256Hex(second.bytes)).toBe(sha256Hex(first.bytes));
});

it('has no glyph for what it does not hold; a fallback subset has', async () => {
  const font = await loadStampFont(regularFace);
  expect(font.gid(0x03b2)).toBeUndefined();
  const greek = await createStampFont(regularFace, 'βμ明');
  expect(greek.name).toBe('VNEXTR+Tinos-Regular');
  expect(greek.gid(0x03b2)).toBeGreaterThan(0);
  expect(greek.gid(0x660e)).toBeUndefined();
  expect(greek.bytes.length).toBeLessThan(font.bytes.length / 3);
});

it('is found in a rendition by the engine that signs, with the same glyphs and widths', async () => {
  const renderer = testRenderer();
  const { pdf, slots } = await renderer.render(job());
  await renderer.close();
  const { latest } = openPdf(pdf);
  const font = await loadStampFont(regularFace);
  const face = findStampFont(latest)?.face;
  for (const character of STAMP_CHARACTERS) {
    const codePoint = character.codePointAt(0) ?? 0;
    const gid = face?.gid(codePoint) ?? 0;
    expect(gid, character).toBeGreaterThan(0);
    expect(face?.width(gid), character).toBe(font.width(font.gid(codePoint) ?? 0));
  }
  expect(signatureFields(latest).map((field) => field.name)).toEqual(slots.map((slot) => slot.field));
});
