/** A file that is sound and tedious: an honest reader needs long for it. */

/** One page, and so many objects that nothing refers to; each one costs a reader some microseconds and the file 52 bytes. */
export function heavyPdf(objects: number): Uint8Array {
  const texts = [
    '1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n',
    '2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n',
    '3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>\nendobj\n',
    ...Array.from({ length: objects }, (_, index) => `${index + 4} 0 obj\n[[[[[[]]]]]]\nendobj\n`),
  ];
  const header = '%PDF-1.7\n';
  let end = header.length;
  const entries = texts.map((text) => {
    const entry = `${String(end).padStart(10, '0')} 00000 n \n`;
    end += text.length;
    return entry;
  });
  const count = texts.length + 1;
  const xref = `xref\n0 ${count}\n0000000000 65535 f \n${entries.join('')}`;
  const trailer = `trailer\n<</Size ${count}/Root 1 0 R>>\nstartxref\n${end}\n%%EOF\n`;
  return new Uint8Array(Buffer.from([header, ...texts, xref, trailer].join(''), 'latin1'));
}
