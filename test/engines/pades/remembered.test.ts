/** What the engine remembers of files makes it quicker and changes no word of a report. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { validate } from '../../../src/engines/pades/index.ts';
import { beginUpdate, openPdf, type PdfObject, ref } from '../../../src/engines/pdf/index.ts';
import { testAuthority } from '../../support/authority.ts';
import type { Kind } from '../pdf/build-pdf.ts';
import { extendTo, record, signRecord, type Tester, verdictOn } from './record.ts';

const ends = (pdf: Uint8Array): number[] => openPdf(pdf, {}).revisions.map(({ end }) => end);

let tester: Tester;
const files = new Map<string, Uint8Array>();

/** Appended after everything: a forged page, a note, and nothing at all. */
const LATER: Record<string, (set: (num: number, object: PdfObject) => void) => void> = {
  'forged contents': (set) => set(6, { kind: 'stream', dict: new Map(), raw: Buffer.from('BT ET', 'latin1') }),
  'a filled field': (set) =>
    set(13, new Map<string, PdfObject>([['T', { kind: 'string', bytes: Buffer.from('GhiChu'), hex: false }]])),
  nothing: () => undefined,
};

beforeAll(async () => {
  tester = await testAuthority();
  for (const kind of ['table', 'stream', 'hybrid'] satisfies Kind[]) {
    const archived = await extendTo(tester, await signRecord(tester, record(kind)), 'B-LTA');
    files.set(kind, archived);
    for (const [name, change] of Object.entries(LATER)) {
      const update = beginUpdate(openPdf(archived));
      change((num, object) => update.set(ref(num), object));
      files.set(`${kind}, then ${name}`, update.finish().bytes);
    }
    for (const part of [0.2, 0.5, 0.8, 0.97]) {
      const flipped = new Uint8Array(archived);
      const place = Math.floor(archived.length * part);
      flipped[place] = (flipped[place] ?? 0) ^ 1;
      files.set(`${kind}, one bit changed at ${part}`, flipped);
    }
  }
});

describe('a memory of files', () => {
  it('changes no report, whatever was judged before', async () => {
    let compared = 0;
    for (const [name, pdf] of files) {
      // Once among its own beginnings, shortest first; once by an engine that has never seen any of them.
      const cuts = name.includes('bit') ? [] : ends(pdf).slice(0, -1);
      for (const end of cuts) verdictOn(tester, pdf.subarray(0, end));
      const warm = verdictOn(tester, pdf);
      vi.resetModules();
      const cold: typeof import('./record.ts') = await import('./record.ts');
      expect(warm, name).toEqual(cold.verdictOn(tester, pdf));
      expect(verdictOn(tester, pdf), `${name}, again`).toEqual(warm);
      compared += 1;
    }
    expect(compared).toBe(24);
  });

  it('does not hold on to a verdict when the array is changed after it', () => {
    const pdf = new Uint8Array(files.get('table') ?? []);
    expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
    const place = Math.floor(pdf.length / 2);
    const byte = pdf[place] ?? 0;
    pdf[place] = byte ^ 1;
    expect(verdictOn(tester, pdf).verdict).not.toBe('TOTAL-PASSED');
    pdf[place] = byte;
    expect(verdictOn(tester, pdf).verdict).toBe('TOTAL-PASSED');
  });

  it('asks anew whom to trust', () => {
    const pdf = files.get('table') ?? new Uint8Array();
    const trusting = (anchors: Tester['anchors'] | readonly []) =>
      validate(pdf, { file: 'ho-so.pdf', anchors, at: tester.clock.now() }).verdict;
    expect([trusting(tester.anchors), trusting([]), trusting(tester.anchors)]).toEqual([
      'TOTAL-PASSED',
      'INDETERMINATE',
      'TOTAL-PASSED',
    ]);
  });

  it('asks anew as of another moment', () => {
    const pdf = files.get('table') ?? new Uint8Array();
    const now = tester.clock.now();
    const asOf = (at: Date) => validate(pdf, { file: 'ho-so.pdf', anchors: tester.anchors, at }).verdict;
    const anHourBefore = new Date(now.getTime() - 3_600_000);
    expect([asOf(now), asOf(anHourBefore), asOf(now)]).toEqual(['TOTAL-PASSED', 'INDETERMINATE', 'TOTAL-PASSED']);
  });
});
