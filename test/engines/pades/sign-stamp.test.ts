import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sign } from '../../../src/engines/pades/index.ts';
import { findStampFont, isStream, openPdf, type PdfView, signatureFields } from '../../../src/engines/pdf/index.ts';
import { loadFonts } from '../../../src/forms/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { localSigner, TEST_NOW, testAuthority } from '../../support/authority.ts';
import { buildPdf, withFields } from '../pdf/build-pdf.ts';

const { regular } = await loadFonts();
const { cast } = await testAuthority();
const [doctor, head] = Object.values(cast).map((identity) => localSigner(identity));
if (doctor === undefined || head === undefined) throw new Error('The cast is too small');

const pdf = buildPdf(withFields(['BacSi', 'TruongKhoa']));
const base = { claimedTime: TEST_NOW, field: 'BacSi' } as const;

async function refusal(work: () => unknown): Promise<AppError | undefined> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  return undefined;
}

function stampOf(view: PdfView, name = 'BacSi') {
  const field = signatureFields(view).find((one) => one.name === name);
  const normal = view.resolve(view.dict(field?.dict.get('AP'))?.get('N'));
  if (!isStream(normal)) throw new Error('No appearance');
  return { dict: normal.dict, content: Buffer.from(normal.raw).toString('latin1') };
}

/** The text of a stamp, read back through the font's own ToUnicode. */
function textOf(view: PdfView, content: string): string {
  const face = findStampFont(view)?.face;
  const characters = new Map<number, string>();
  for (let codePoint = 0x20; codePoint < 0x2100; codePoint++) {
    const gid = face?.gid(codePoint);
    if (gid !== undefined) characters.set(gid, String.fromCodePoint(codePoint));
  }
  return [...content.matchAll(/<([0-9a-f]+)> Tj/g)]
    .map(([, hex = '']) => (hex.match(/.{4}/g) ?? []).map((code) => characters.get(Number.parseInt(code, 16))).join(''))
    .join('|');
}

describe('the stamp', () => {
  it('says in Vietnamese what it was given, wrapped and not cut', async () => {
    const lines = ['BS. Trần Văn Mẫu', 'Người hành nghề khám bệnh, chữa bệnh', 'Ký số: 01/06/2026 09:00:00 +07:00'];
    const signed = await sign(pdf, doctor, { ...base, appearance: { lines }, fallbackFont: regular });
    const { latest } = openPdf(signed.pdf);
    const { dict, content } = stampOf(latest);
    expect(textOf(latest, content).replaceAll('|', ' ')).toBe(lines.join(' '));
    expect(latest.dict(latest.dict(dict.get('Resources'))?.get('Font'))?.has('VnStamp')).toBe(true);
    const sizes = [...content.matchAll(/VnStamp ([\d.]+) Tf/g)].map(([, size]) => Number(size));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5);
  });

  it('composes what was typed decomposed', async () => {
    const appearance = { lines: ['Trần Văn Mẫu'.normalize('NFD')] };
    const { latest } = openPdf((await sign(pdf, doctor, { ...base, appearance, fallbackFont: regular })).pdf);
    expect(textOf(latest, stampOf(latest).content)).toBe('Trần Văn Mẫu');
  });

  it('reuses the font of the file, and brings only the letters that it lacks', async () => {
    const first = await sign(pdf, doctor, { ...base, appearance: { lines: ['Mẫu'] }, fallbackFont: regular });
    const second = await sign(first.pdf, head, { ...base, field: 'TruongKhoa', appearance: { lines: ['Khoa'] } });
    expect(second.pdf.length - first.pdf.length).toBeLessThan(14_000);
    const greek = { ...base, field: 'TruongKhoa', appearance: { lines: ['Ωmega'] } } as const;
    expect((await refusal(() => sign(first.pdf, head, greek)))?.detail.en).toContain('U+03A9');
    const { latest } = openPdf((await sign(first.pdf, head, { ...greek, fallbackFont: regular })).pdf);
    const { content, dict } = stampOf(latest, 'TruongKhoa');
    expect(content).toMatch(/VnExtra [\d.]+ Tf <0001> Tj/);
    expect(latest.dict(latest.dict(dict.get('Resources'))?.get('Font'))?.size).toBe(2);
  });

  it('refuses characters that no font has, text that does not fit, and a file without any font', async () => {
    const with_ = (line: string, fallbackFont?: Uint8Array) =>
      refusal(() =>
        sign(pdf, doctor, { ...base, appearance: { lines: [line] }, ...(fallbackFont && { fallbackFont }) }),
      );
    expect((await with_('病院', regular))?.code).toBe('STAMP_FONT_MISSING');
    expect((await with_('Mẫu'))?.code).toBe('STAMP_FONT_MISSING');
    expect((await with_('Mẫu', Uint8Array.of(1, 2, 3)))?.code).toBe('STAMP_FONT_MISSING');
    expect((await with_('dài '.repeat(600), regular))?.code).toBe('STAMP_TOO_SMALL');
    expect((await with_('d'.repeat(200), regular))?.code).toBe('STAMP_TOO_SMALL');
  });
});

function png(color: 0 | 2 | 4 | 6, width: number, height: number): Uint8Array {
  const channels = { 0: 1, 2: 3, 4: 2, 6: 4 }[color];
  const rows = Buffer.alloc((width * channels + 1) * height, 128);
  for (let row = 0; row < height; row++) rows[row * (width * channels + 1)] = 0;
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length, 0);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, color, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a picture in the stamp', () => {
  const drawn = async (picture: Uint8Array) => {
    const { latest } = openPdf((await sign(pdf, doctor, { ...base, appearance: { lines: [], picture } })).pdf);
    const { dict, content } = stampOf(latest);
    const image = latest.resolve(latest.dict(latest.dict(dict.get('Resources'))?.get('XObject'))?.get('Picture'));
    if (!isStream(image)) throw new Error('No picture');
    return { image, pixels: latest.streamBytes(image), mask: latest.streamBytes(image.dict.get('SMask')), content };
  };

  it.each([
    [0, 1],
    [2, 3],
    [4, 1],
    [6, 3],
  ] as const)('PNG of colour type %i keeps %i colour channels, alpha as a soft mask', async (color, channels) => {
    const { image, pixels, mask } = await drawn(png(color, 20, 10));
    expect(image.dict.get('ColorSpace')).toMatchObject({ name: channels === 1 ? 'DeviceGray' : 'DeviceRGB' });
    expect(pixels).toHaveLength(200 * channels);
    expect(mask?.length).toBe(color >= 4 ? 200 : undefined);
    expect(image.dict.has('Interpolate')).toBe(false);
  });

  it('keeps its proportions inside the field', async () => {
    const { content } = await drawn(png(2, 20, 10));
    const [, width = 0, height = 0] = /q ([\d.]+) 0 0 ([\d.]+) /.exec(content)?.map(Number) ?? [];
    expect(width / height).toBeCloseTo(2, 1);
    expect(width).toBeLessThanOrEqual(160);
    expect(height).toBeLessThanOrEqual(60);
  });

  it('refuses what is no such picture', async () => {
    const huge = png(0, 10, 10);
    Buffer.from(huge.buffer, huge.byteOffset).writeUInt32BE(100_000, 16);
    const cmyk = Uint8Array.from([0xff, 0xd8, 0xff, 0xc0, 0, 20, 8, 0, 1, 0, 1, 4]);
    for (const picture of [new Uint8Array(), Uint8Array.of(1, 2, 3, 4, 5), huge, png(2, 9, 9).subarray(0, 48), cmyk]) {
      expect((await refusal(() => drawn(picture)))?.code).toBe('PICTURE_UNREADABLE');
    }
  });
});
