/** Small PDFs put together by hand, with every kind of cross-reference. */
import { deflateSync } from 'node:zlib';

/** Object number → its text; `{ dict, data }` for streams (the /Length is added). */
export type Objects = Readonly<Record<number, string | { readonly dict: string; readonly data: Uint8Array | string }>>;

export const KINDS = ['table', 'stream', 'object streams', 'hybrid', 'linearized'] as const;
export type Kind = (typeof KINDS)[number];

/** One page, no form. */
export const ONE_PAGE: Objects = {
  1: '<< /Type /Catalog /Pages 2 0 R >>',
  2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
  3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>',
  4: { dict: '', data: '0 0 1 RG 10 10 100 100 re S' },
};

/** One page with an AcroForm holding empty signature fields of these names, 160 × 60 points each. */
export function withFields(names: readonly string[], extra = ''): Objects {
  const refs = names.map((_, index) => `${10 + index} 0 R`).join(' ');
  const fields = names.map((name, index) => {
    const top = 800 - index * 80;
    const rect = `[50 ${top - 60} 210 ${top}]`;
    return [
      10 + index,
      `<< /Type /Annot /Subtype /Widget /FT /Sig /T (${name}) /Rect ${rect} /F 132 /P 3 0 R ${extra} >>`,
    ] as const;
  });
  return {
    ...ONE_PAGE,
    1: '<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R >>',
    3: `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> /Annots [${refs}] >>`,
    5: `<< /Fields [${refs}] >>`,
    ...Object.fromEntries(fields),
  };
}

const ID = '/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]';

/** The file; object 1 is the catalog. `trailer` is added to the trailer dictionary. */
export function buildPdf(objects: Objects, kind: Kind = 'table', trailer = ''): Uint8Array {
  const out = new Writer('%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n');
  const numbers = Object.keys(objects).map(Number);
  const size = Math.max(...numbers) + 1;
  const write = (num: number): void => out.object(num, objects[num] ?? 'null');
  const common = `/Root 1 0 R ${ID} ${trailer}`;
  switch (kind) {
    case 'table':
      numbers.forEach(write);
      out.table(size, numbers, common);
      break;
    case 'stream':
      numbers.forEach(write);
      out.xrefStream(size, numbers, new Map(), common);
      break;
    case 'object streams': {
      const packed = numbers.filter((num) => typeof objects[num] === 'string');
      for (const num of numbers) if (!packed.includes(num)) write(num);
      out.objectStream(size, packed, objects);
      out.xrefStream(size + 1, [...numbers.filter((num) => !packed.includes(num)), size], placed(size, packed), common);
      break;
    }
    case 'hybrid': {
      // The catalog stays visible; everything else that may be hidden is.
      const packed = numbers.filter((num) => typeof objects[num] === 'string' && num > 4);
      const shown = numbers.filter((num) => !packed.includes(num));
      shown.forEach(write);
      out.objectStream(size, packed, objects);
      const hidden = out.length;
      out.xrefStreamObject(size + 1, [size], placed(size, packed), '');
      out.table(size + 2, shown, `${common} /XRefStm ${hidden}`);
      break;
    }
    case 'linearized':
      return linearized(objects, size, numbers, common);
  }
  return out.bytes();
}

function placed(container: number, packed: readonly number[]): Map<number, [number, number]> {
  return new Map(packed.map((num, index) => [num, [container, index]]));
}

/** First-page section before the main one, as annex F of ISO 32000-2 lays it out. */
function linearized(objects: Objects, size: number, numbers: readonly number[], common: string): Uint8Array {
  const layOut = (mainAt: number, length: number): { bytes: Uint8Array; mainAt: number } => {
    const out = new Writer('%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n');
    const pad = (value: number): string => String(value).padStart(6, '0');
    out.object(size, `<< /Linearized 1 /L ${pad(length)} /O 3 /E ${pad(length)} /N 1 /T ${pad(mainAt)} /H [0 0] >>`);
    const [first, rest] = [numbers.filter((num) => num <= 2), numbers.filter((num) => num > 2)];
    const firstAt = out.length;
    const reserved = firstAt + 20 * (first.length + 1) + 400;
    const firstWriter = new Writer(' '.repeat(reserved));
    for (const num of first) firstWriter.object(num, objects[num] ?? 'null');
    const table = new Writer(' '.repeat(firstAt));
    for (const [num, offset] of firstWriter.places) table.places.set(num, offset);
    table.places.set(size, out.places.get(size) ?? 0);
    table.table(size + 1, [...first, size], `${common} /Prev ${pad(mainAt)}`, 0);
    out.text(
      table
        .string()
        .slice(firstAt)
        .padEnd(reserved - firstAt, '\n'),
    );
    out.text(firstWriter.string().slice(reserved));
    for (const num of rest) out.object(num, objects[num] ?? 'null');
    const at = out.length;
    out.table(size, rest, '', firstAt);
    return { bytes: out.bytes(), mainAt: at };
  };
  const first = layOut(0, 0);
  return layOut(first.mainAt, first.bytes.length).bytes;
}

/** An incremental update with a table: changed objects, a trailer that names the previous section. */
export function appendUpdate(pdf: Uint8Array, objects: Objects, size: number, trailer = '/Root 1 0 R'): Uint8Array {
  const text = Buffer.from(pdf).toString('latin1');
  const previous = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1]);
  const out = new Writer(text);
  const numbers = Object.keys(objects).map(Number);
  for (const num of numbers) out.object(num, objects[num] ?? 'null');
  out.table(size, numbers, `${trailer} ${ID} /Prev ${previous}`);
  return out.bytes();
}

class Writer {
  readonly places = new Map<number, number>();
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  text(text: string): void {
    this.#text += text;
  }

  string(): string {
    return this.#text;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.from(this.#text, 'latin1'));
  }

  object(num: number, body: Objects[number]): void {
    this.places.set(num, this.length);
    const text =
      typeof body === 'string'
        ? body
        : `<< ${body.dict} /Length ${body.data.length} >>\nstream\n${Buffer.from(body.data as string, 'latin1').toString('latin1')}\nendstream`;
    this.text(`${num} 0 obj\n${text}\nendobj\n`);
  }

  objectStream(num: number, packed: readonly number[], objects: Objects): void {
    let header = '';
    let body = '';
    for (const member of packed) {
      header += `${member} ${body.length} `;
      body += `${objects[member] as string}\n`;
    }
    const data = deflateSync(Buffer.from(header + body, 'latin1'));
    this.object(num, {
      dict: `/Type /ObjStm /N ${packed.length} /First ${header.length} /Filter /FlateDecode`,
      data,
    });
  }

  table(size: number, numbers: readonly number[], trailer: string, startXref = this.length): void {
    const free = numbers.includes(0) ? '' : '0 1\n0000000000 65535 f \n';
    const lines = numbers.map((num) => `${num} 1\n${String(this.places.get(num) ?? 0).padStart(10, '0')} 00000 n \n`);
    this.text(`xref\n${free}${lines.join('')}trailer\n<< /Size ${size} ${trailer} >>\n`);
    this.text(`startxref\n${startXref}\n%%EOF\n`);
  }

  xrefStream(size: number, offsets: readonly number[], packed: Map<number, [number, number]>, trailer: string): void {
    const at = this.length;
    this.xrefStreamObject(size, offsets, packed, trailer);
    this.text(`startxref\n${at}\n%%EOF\n`);
  }

  /** With the PNG "up" predictor, as most producers write it. */
  xrefStreamObject(
    num: number,
    offsets: readonly number[],
    packed: Map<number, [number, number]>,
    trailer: string,
  ): void {
    this.places.set(num, this.length);
    const rows: number[][] = [];
    const index: number[] = [];
    for (const member of [...offsets, ...packed.keys(), num].sort((left, right) => left - right)) {
      const [stream, place] = packed.get(member) ?? [];
      const second = stream ?? this.places.get(member) ?? 0;
      rows.push([stream === undefined ? 1 : 2, second >> 16, (second >> 8) & 255, second & 255, place ?? 0]);
      index.push(member, 1);
    }
    const predicted = rows.flatMap((row, line) => [
      2,
      ...row.map((byte, at) => (byte - (rows[line - 1]?.[at] ?? 0)) & 255),
    ]);
    this.object(num, {
      dict: `/Type /XRef /Size ${num + 1} /W [1 3 1] /Index [${index.join(' ')}] /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 5 >> ${trailer}`,
      data: deflateSync(Uint8Array.from(predicted)),
    });
  }
}
