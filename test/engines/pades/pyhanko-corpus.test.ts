/** Files made by another project, with what a judge must say of each. Two figures count: false accepts, which must be 0, and false rejects. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePem } from '../../../src/engines/crypto/index.ts';
import { type SignatureReport, validate } from '../../../src/engines/pades/index.ts';

const root = process.env.ANTIN_CORPORA;
const folder = root !== undefined && existsSync(join(root, 'pyhanko/expected.json')) ? root : undefined;

interface Expected {
  readonly file: string;
  readonly expect: 'clean' | 'not-clean' | 'refuse' | 'signable' | 'no-hang';
  readonly at?: string;
  readonly laterChanges?: readonly string[];
}

/**
 * Sound in itself: whole, unbroken and not forbidden afterwards, whatever may be said of trust and time. Where we cannot verify the
 * algorithm (Ed25519 in two files), the verdict stays open, which is no rejection.
 */
const isClean = ({ intact, signatureValid, byteRangeValid, indication, reasons }: SignatureReport): boolean =>
  intact &&
  (signatureValid || reasons.includes('ALGORITHM_UNSUPPORTED')) &&
  byteRangeValid &&
  indication !== 'TOTAL-FAILED';

describe.skipIf(folder === undefined)('pyHanko’s signed files (needs ANTIN_CORPORA)', () => {
  const path = (file: string): string => join(folder ?? '', file);
  const expected: Expected[] =
    folder === undefined ? [] : JSON.parse(readFileSync(path('pyhanko/expected.json'), 'utf8'));
  const anchors =
    folder === undefined
      ? []
      : parsePem(readFileSync(path('pyhanko/certificates/testing-ca/root/root.cert.pem'), 'utf8'));
  const judge = (file: string, at = '2020-11-01T05:00:00Z') =>
    validate(new Uint8Array(readFileSync(path(file))), { file, anchors, at: new Date(at) });

  it('accepts none that it must not accept', () => {
    const bad = expected.filter(({ expect: wanted }) => wanted === 'not-clean');
    const accepted = bad.filter(({ file, at }) => {
      const { signatures, verdict } = judge(file, at);
      return verdict === 'TOTAL-PASSED' || (signatures.length > 0 && signatures.every(isClean));
    });
    expect(bad.length).toBeGreaterThanOrEqual(10);
    expect(accepted.map(({ file }) => file)).toEqual([]);
  });

  it('rejects none that is sound, and names the later changes', () => {
    const good = expected.filter(({ expect: wanted }) => wanted === 'clean');
    const rejected = good.filter(({ file, at, laterChanges }) => {
      const { signatures } = judge(file, at);
      const [first] = signatures;
      const named = laterChanges === undefined || (first !== undefined && laterChanges.includes(first.laterChanges));
      return signatures.length === 0 || !signatures.every(isClean) || !named;
    });
    expect(good.length).toBeGreaterThanOrEqual(7);
    expect(rejected.map(({ file }) => file)).toEqual([]);
  });

  it('describes every file there is, broken ones too, without throwing', () => {
    const files = (readdirSync(path('pyhanko/pdf'), { recursive: true }) as string[]).filter((file) =>
      file.endsWith('.pdf'),
    );
    const verdicts = files.map((file) => judge(join('pyhanko/pdf', file)).verdict);
    expect(verdicts.length).toBeGreaterThanOrEqual(130);
    for (const { file, expect: wanted } of expected) {
      if (wanted === 'refuse' || wanted === 'no-hang') expect(judge(file).verdict, file).not.toBe('TOTAL-PASSED');
    }
  });
});
