import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginUpdate,
  checkObjects,
  checkPlaces,
  openPdf,
  pageRefs,
  signatureDictionaries,
  signatureFields,
} from '../../../src/engines/pdf/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { appendUpdate, buildPdf, KINDS, withFields } from './build-pdf.ts';

/** Does everything a caller may do; anything but an AppError escapes. */
function useFully(bytes: Uint8Array): 'read' | 'refused' {
  try {
    const file = openPdf(bytes, { maxDecodedBytes: 1_000_000, maxObjects: 10_000 });
    for (let revision = 1; revision <= file.revisions.length; revision++) {
      for (const field of signatureFields(file.view(revision))) void field.page;
    }
    signatureDictionaries(file);
    pageRefs(file.latest);
    checkPlaces(file);
    checkObjects(file);
    const update = beginUpdate(file);
    update.edit(update.rootRef).set('Mark', true);
    openPdf(update.finish().bytes);
    return 'read';
  } catch (thrown) {
    if (thrown instanceof AppError) return 'refused';
    throw thrown;
  }
}

const seeds = KINDS.map((kind) => buildPdf(withFields(['BacSi', 'Khoa'], '/V 5 0 R /Lock << /Action /All >>'), kind));
seeds.push(appendUpdate(buildPdf(withFields(['A'])), { 4: { dict: '', data: 'BT ET' } }, 11));

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('hostile bytes', () => {
  it('the untouched seeds are read', () => {
    expect(seeds.map(useFully)).toEqual(seeds.map(() => 'read'));
  });

  it('changed bytes are read or refused, never a crash or a hang', () => {
    const change = fc.record({ at: place, byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 6 }), (seed, changes) => {
        const bytes = Uint8Array.from(seed);
        for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte;
        expect(['read', 'refused']).toContain(useFully(bytes));
      }),
      { numRuns: 1500 },
    );
  });

  it('tokens put in, taken out and doubled are read or refused', () => {
    const token = fc.constantFrom(
      '<<',
      '>>',
      '[',
      ']',
      '(',
      ')',
      '<',
      '/Kids [2 0 R]',
      '5 0 R',
      'stream\n',
      'endobj',
      '99999999999',
      '%',
      'xref\n',
      '/Prev 9',
      '%%EOF',
      '-',
      '#',
      '\0',
    );
    const edit = fc.record({ at: place, token, cut: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }), (seed, edits) => {
        let text = Buffer.from(seed).toString('latin1');
        for (const { at, token: put, cut } of edits) {
          const offset = Math.floor(at * text.length);
          text = text.slice(0, offset) + put + text.slice(offset + cut);
        }
        expect(['read', 'refused']).toContain(useFully(new Uint8Array(Buffer.from(text, 'latin1'))));
      }),
      { numRuns: 1500 },
    );
  });

  it('every cut-off file is refused, whatever follows the cut', () => {
    for (const seed of seeds) {
      for (let length = 0; length < seed.length - 6; length += 7) {
        const outcome = useFully(seed.subarray(0, length));
        // A cut right behind an earlier revision leaves that revision, whole.
        if (outcome === 'read')
          expect(Buffer.from(seed.subarray(0, length)).toString('latin1')).toMatch(/%%EOF\s*\S{0,40}/);
      }
    }
  });

  it('an update keeps its input as an exact prefix and can be read again', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 5 }),
        (seed, texts) => {
          const file = openPdf(seed);
          const update = beginUpdate(file);
          const refs = texts.map((text) =>
            update.add([
              { kind: 'string', bytes: Buffer.from(text), hex: false },
              { kind: 'name', name: Buffer.from(text).toString('latin1').replace(/\0/g, '') },
            ]),
          );
          const { bytes } = update.finish();
          expect(bytes.subarray(0, seed.length)).toEqual(seed);
          const again = openPdf(bytes);
          expect(again.revisions).toHaveLength(file.revisions.length + 1);
          checkPlaces(again);
          texts.forEach((text, index) => {
            const [string] = again.latest.array(refs[index]) ?? [];
            expect(string).toMatchObject({ kind: 'string', bytes: new Uint8Array(Buffer.from(text)) });
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
