import { inflateSync } from 'node:zlib';
import { PDFArray, PDFDict, PDFDocument, PDFHexString, PDFName, PDFRawStream, PDFString } from 'pdf-lib';
import { afterAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/shared/index.ts';
import { job, testRenderer } from './support.ts';

const renderer = testRenderer();
afterAll(() => renderer.close());

const name = PDFName.of;

/** Typst itself stops `while true` and endless recursion; nested loops it runs for as long as they last. */
const ENDLESS =
  '#import "/antin.typ": *\n#show: rendition\n#for a in range(100000) { for b in range(100000) { let c = calc.sqrt(a * b) } }';

/** The bytes of a stream, decoded if they are deflated. */
function streamBytes(object: unknown): Buffer {
  if (!(object instanceof PDFRawStream)) throw new Error('no stream');
  const deflated = object.dict.get(name('Filter')) === name('FlateDecode');
  return deflated ? inflateSync(object.contents) : Buffer.from(object.contents);
}

describe('a rendition', () => {
  it('is the same bytes again: later, and from another process', async () => {
    const other = testRenderer();
    const first = await renderer.render(job());
    await renderer.render(job({ data: { text: 'Một văn bản khác ở giữa' } }));
    const second = await renderer.render(job());
    const third = await other.render(job());
    await other.close();
    expect(sha256Hex(second.pdf)).toBe(sha256Hex(first.pdf));
    expect(sha256Hex(third.pdf)).toBe(sha256Hex(first.pdf));
  });

  it('ends with a line end, so that a signature can be appended', async () => {
    const { pdf } = await renderer.render(job());
    expect(Buffer.from(pdf.subarray(-7)).toString('latin1')).toBe('\n%%EOF\n');
  });

  it('is the same for decomposed and composed letters', async () => {
    const text = 'Nguyễn Thị Ẩn Danh, Đắk Lắk';
    const composed = await renderer.render(job({ data: { text: text.normalize('NFC') } }));
    const decomposed = await renderer.render(job({ data: { text: text.normalize('NFD') } }));
    expect(sha256Hex(decomposed.pdf)).toBe(sha256Hex(composed.pdf));
  });

  it('carries its source, byte for byte, as the file the document was made from', async () => {
    const { pdf, sourceJson } = await renderer.render(job());
    const { catalog } = await PDFDocument.load(pdf, { updateMetadata: false });
    const specification = catalog.lookup(name('AF'), PDFArray).lookup(0, PDFDict);
    expect(specification.get(name('AFRelationship'))).toBe(name('Source'));
    const file = specification.lookup(name('EF'), PDFDict).lookup(name('F'));
    expect(streamBytes(file)).toEqual(Buffer.from(sourceJson));
    expect(file instanceof PDFRawStream && file.dict.get(name('Subtype'))).toBe(name('application/json'));
  });

  it('has one empty signature field where the template put it, inside the tag tree', async () => {
    const { pdf, slots, pages } = await renderer.render(job());
    expect(pages).toBe(1);
    expect(slots.map((slot) => [slot.field, slot.page])).toEqual([['DauDonVi', 1]]);
    const [left, bottom, right, top] = slots[0]?.rect ?? [0, 0, 0, 0];
    expect(right - left).toBeCloseTo((54 / 25.4) * 72, 1);
    expect(top - bottom).toBeCloseTo((26 / 25.4) * 72, 1);

    const document = await PDFDocument.load(pdf, { updateMetadata: false });
    const form = document.catalog.lookup(name('AcroForm'), PDFDict);
    const field = form.lookup(name('Fields'), PDFArray).lookup(0, PDFDict);
    expect(field.lookup(name('T'), PDFHexString).decodeText()).toBe('DauDonVi');
    expect(field.lookup(name('TU'), PDFHexString).decodeText()).toBe('Dấu của đơn vị');
    expect(field.has(name('V'))).toBe(false);
    const elements = document.context
      .enumerateIndirectObjects()
      .map(([, object]) => object)
      .filter((object) => object instanceof PDFDict && object.get(name('S')) === name('Form'));
    expect(elements).toHaveLength(1);
  });

  it('brings the stamp font in /DR, with widths and a way back to text', async () => {
    const { pdf } = await renderer.render(job());
    const { catalog } = await PDFDocument.load(pdf, { updateMetadata: false });
    const resources = catalog.lookup(name('AcroForm'), PDFDict).lookup(name('DR'), PDFDict);
    const font = resources.lookup(name('Font'), PDFDict).lookup(name('VnStamp'), PDFDict);
    expect(font.get(name('Encoding'))).toBe(name('Identity-H'));
    const unicode = streamBytes(font.lookup(name('ToUnicode'))).toString('latin1');
    expect(unicode).toContain(`<${'Ễ'.charCodeAt(0).toString(16)}>`);
    const descendant = font.lookup(name('DescendantFonts'), PDFArray).lookup(0, PDFDict);
    expect(descendant.lookup(name('W'), PDFArray).lookup(1, PDFArray).size()).toBeGreaterThan(300);
  });

  it('says the same in its two places for metadata, and no clock was read', async () => {
    const { pdf } = await renderer.render(job());
    const { catalog, context } = await PDFDocument.load(pdf, { updateMetadata: false });
    const information = context.lookup(context.trailerInfo.Info, PDFDict);
    const text = (key: string): string => {
      const value = information.lookup(name(key));
      return value instanceof PDFHexString || value instanceof PDFString ? value.decodeText() : '';
    };
    const xmp = streamBytes(catalog.lookup(name('Metadata'))).toString('utf8');
    expect(xmp).toContain(`<rdf:li xml:lang="x-default">${text('Title')}</rdf:li>`);
    expect(xmp).toContain(`<dc:creator><rdf:Seq><rdf:li>${text('Author')}</rdf:li>`);
    expect(text('CreationDate')).toBe('D:20260314033000Z');
    expect(xmp).toContain('<xmp:CreateDate>2026-03-14T03:30:00Z</xmp:CreateDate>');
    expect(xmp).toContain('<pdfuaid:part xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">1</pdfuaid:part>');
  });

  it('marks trial copies on every page, and only those', async () => {
    const template =
      '#import "/antin.typ": *\n#show: rendition\n= Một\n#signature-box("DauDonVi")\n#pagebreak()\n= Hai';
    const real = await renderer.render(job({ template }));
    const trial = await renderer.render(job({ template, demo: true }));
    const contents = async (pdf: Uint8Array): Promise<number[]> =>
      (await PDFDocument.load(pdf, { updateMetadata: false }))
        .getPages()
        .map((page) => page.node.Contents()?.sizeInBytes() ?? 0);
    const [realSizes, trialSizes] = [await contents(real.pdf), await contents(trial.pdf)];
    expect(trialSizes).toHaveLength(2);
    trialSizes.forEach((size, page) => {
      expect(size).toBeGreaterThan(realSizes[page] ?? 0);
    });
  });

  it('is smaller with object streams, for long records', async () => {
    const plain = await renderer.render(job());
    const packed = await renderer.render(job({ useObjectStreams: true }));
    expect(packed.pdf.length).toBeLessThan(plain.pdf.length);
  });
});

describe('the guards', () => {
  const refusal = (text: string) =>
    renderer.render(job({ data: { patient: { name: text } } })).catch((error: unknown) => error);

  it('name the character that the font lacks, and its place', async () => {
    expect(await refusal('Lý 明 Mẫu')).toMatchObject({
      code: 'GLYPH_UNKNOWN',
      mistakes: [{ path: '/data/patient/name', vi: 'Phông chữ không có ký tự “明” (U+660E)' }],
    });
  });

  it.each([
    ['NUL', 'a\u0000b', 'U+0000'],
    ['a change of direction', 'a\u202eb', 'U+202E'],
    ['a zero-width blank', 'a\u200bb', 'U+200B'],
    ['a soft hyphen', 'a\u00adb', 'U+00AD'],
    ['the replacement character', 'a\ufffdb', 'U+FFFD'],
    ['a tab', 'a\tb', 'U+0009'],
    ['half a surrogate pair', 'a\ud83db', 'U+D800'],
    ['a private character', 'a\ue000b', 'U+E000'],
  ])('refuse %s', async (_what, text, codePoint) => {
    const error = await refusal(text);
    expect(error).toMatchObject({ code: 'CHARACTER_FORBIDDEN', mistakes: [{ path: '/data/patient/name' }] });
    expect(String(error)).toContain(codePoint);
  });

  it('leave code in a value what it is: text', async () => {
    const hostile = [
      '#panic("run")',
      '#eval("1/0")',
      '*đậm* $x$ @ref <script>alert(1)</script>',
      '\\ #import "/main.typ": *',
      '"]})#',
    ];
    for (const text of hostile) {
      const { pages } = await renderer.render(job({ data: { text } }));
      expect(pages).toBe(1);
    }
  });
});

describe('a template', () => {
  const failing = (template: string, change = {}) =>
    renderer
      .render(job({ template: `#import "/antin.typ": *\n#show: rendition\n${template}`, ...change }))
      .catch((error: unknown) => error);
  const BOX = '#signature-box("DauDonVi")';

  it('fails on a mere warning: Typst leaves text in an unknown font out without an error', async () => {
    const error = await failing(`#text(font: "Không Có Phông", "mất chữ")${BOX}`);
    expect(error).toMatchObject({ code: 'RENDER_FAILED' });
    expect(String((error as Error).cause)).toContain('unknown font family');
  });

  it('fails on an error, and without the box of a slot, with two, or with one too many', async () => {
    for (const template of ['#panic()', '= Không có ô ký', BOX + BOX, `${BOX}#signature-box("NguoiLa")`]) {
      expect(await failing(template)).toMatchObject({ code: 'RENDER_FAILED' });
    }
  });

  it('may use neither packages from the network, nor today, nor files, nor the fonts of the system', async () => {
    for (const template of [
      '#import "@preview/tiaoma:0.2.0": qrcode',
      '#datetime.today().display()',
      '#read("/etc/passwd")',
      '#read("../fonts.conf")',
      '#text(font: "DejaVu Sans", "chữ")',
    ]) {
      expect(await failing(template + BOX)).toMatchObject({ code: 'RENDER_FAILED' });
    }
  });

  it('that never ends is stopped, and the next document is set as if nothing had been', async () => {
    const impatient = testRenderer({ timeLimitMs: 1_500 });
    await expect(impatient.render(job({ template: ENDLESS }))).rejects.toMatchObject({ code: 'RENDER_TIMEOUT' });
    const after = await impatient.render(job());
    await impatient.close();
    expect(sha256Hex(after.pdf)).toBe(sha256Hex((await renderer.render(job())).pdf));
  });
});

describe('the processes', () => {
  it('share the work and give every caller its own document', async () => {
    const pair = testRenderer({ processes: 2, recycleAfter: 3 });
    const texts = Array.from({ length: 10 }, (_, index) => `Văn bản ${index}`);
    const documents = await Promise.all(texts.map((text) => pair.render(job({ data: { text } }))));
    await pair.close();
    const alone = await Promise.all(texts.map((text) => renderer.render(job({ data: { text } }))));
    expect(documents.map(({ pdf }) => sha256Hex(pdf))).toEqual(alone.map(({ pdf }) => sha256Hex(pdf)));
  });

  it('end when the renderer is closed; their work is refused', async () => {
    const closing = testRenderer();
    await closing.render(job());
    const underWay = closing.render(job({ template: ENDLESS }));
    const waiting = [underWay, closing.render(job())].map((each) => each.catch((error: unknown) => error));
    await closing.close();
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ code: 'RENDER_FAILED' });
    await expect(closing.render(job())).rejects.toMatchObject({ code: 'RENDER_FAILED' });
  });
});
