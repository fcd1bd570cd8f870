/**
 * Real PDFs made by others. They are not part of the project: ANTIN_CORPORA names the folder that holds `realism` and `pyhanko`
 * with their expectations. Figures are exact, so that a shrinking corpus is noticed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sign } from '../../../src/engines/pades/index.ts';
import {
  checkObjects,
  checkPlaces,
  openPdf,
  pageRefs,
  signatureDictionaries,
  signatureFields,
} from '../../../src/engines/pdf/index.ts';
import { loadFonts } from '../../../src/forms/index.ts';
import { AppError } from '../../../src/shared/index.ts';
import { localSigner, TEST_NOW, testAuthority } from '../../support/authority.ts';

const corpora = process.env.ANTIN_CORPORA;

interface Case {
  readonly file: string;
  readonly expected: string;
}

function casesOf(corpus: string, key: 'class' | 'expect'): Case[] {
  if (corpora === undefined) return [];
  const listed = JSON.parse(readFileSync(join(corpora, corpus, 'expected.json'), 'utf8')) as Record<string, string>[];
  return listed.map((entry) => ({ file: entry.file ?? '', expected: entry[key] ?? '' }));
}

describe.skipIf(corpora === undefined)('PDFs of others (set ANTIN_CORPORA)', async () => {
  const { regular } = await loadFonts();
  const { cast } = await testAuthority();
  const [signer] = Object.values(cast).map((identity) => localSigner(identity));
  if (signer === undefined) throw new Error('The cast is empty');

  /** Signs as intake and signing would: `signed` if the result is right in every respect that needs no outside judge, else the code. */
  async function outcome(file: string): Promise<string> {
    const pdf = new Uint8Array(readFileSync(join(corpora ?? '', file)));
    try {
      const before = openPdf(pdf);
      if (!before.encrypted) checkObjects(before);
      const pages = before.encrypted ? 0 : pageRefs(before.latest).length;
      const signed = await sign(pdf, signer as NonNullable<typeof signer>, {
        field: 'ChuKyThu',
        claimedTime: TEST_NOW,
        fallbackFont: regular,
        newField: pages > 0 ? { page: pages, rect: [0, 0, 2, 2] } : 'invisible',
        newFieldAfterSignature: true,
      });
      const after = openPdf(signed.pdf);
      checkPlaces(after);
      expect(Buffer.compare(signed.pdf.subarray(0, pdf.length), pdf)).toBe(0);
      expect(signatureDictionaries(after).at(-1)).toMatchObject({ byteRangeProblems: [], coversWholeFile: true });
      expect(signatureFields(after.latest)).toHaveLength(signatureFields(before.latest).length + 1);
      expect(pageRefs(after.latest)).toEqual(pageRefs(before.latest));
      return 'signed';
    } catch (thrown) {
      if (thrown instanceof AppError) return thrown.code;
      throw thrown;
    }
  }

  it('realism: what can be signed is signed, the rest is refused with a reason', async () => {
    const counts: Record<string, number> = {};
    for (const { file, expected } of casesOf('realism', 'class')) {
      const got = await outcome(file);
      const key = `${expected}: ${got === 'signed' ? 'signed' : 'refused'}`;
      counts[key] = (counts[key] ?? 0) + 1;
      if (expected === 'signable') expect([file, got]).toEqual([file, 'signed']);
      if (expected === 'refuse') expect([file, got]).not.toEqual([file, 'signed']);
    }
    expect(counts).toEqual({
      'signable: signed': 172,
      'refuse: refused': 12,
      'either: signed': expect.any(Number),
      'either: refused': expect.any(Number),
    });
    expect((counts['either: signed'] ?? 0) + (counts['either: refused'] ?? 0)).toBe(59);
  }, 120_000);

  it('pyHanko: a strict reader refuses, the signable is signed, nothing hangs', async () => {
    const counts: Record<string, number> = {};
    for (const { file, expected } of casesOf('pyhanko', 'expect')) {
      if (expected !== 'refuse' && expected !== 'signable' && expected !== 'no-hang') continue;
      const started = performance.now();
      const got = await outcome(file);
      expect(performance.now() - started).toBeLessThan(5_000);
      if (expected === 'signable') expect([file, got]).toEqual([file, 'signed']);
      if (expected === 'refuse') expect([file, got]).not.toEqual([file, 'signed']);
      counts[expected] = (counts[expected] ?? 0) + 1;
    }
    expect(counts).toEqual({ refuse: 10, signable: 1, 'no-hang': 3 });
  }, 60_000);
});
