/** What we extend, outside judges accept at the level that we claim, offline; and what we call broken, they call broken. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPem } from '../../../src/engines/crypto/index.ts';
import { addDocumentTimestamp, type ExtendOptions, extend, sign, validate } from '../../../src/engines/pades/index.ts';
import { createJudges, type PyhankoVerdict } from '../../judges/support/index.ts';
import { liveAuthority, localSigner, type TestAuthority } from '../../support/authority.ts';

describe('outside judges on extended files', () => {
  const judges = createJudges();
  let folder: string;
  let trust: string;
  let tester: TestAuthority;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'antin-extend-'));
    tester = await liveAuthority();
    trust = await mkdtemp(join(folder, 'trust-'));
    await writeFile(join(trust, 'root.pem'), toPem(tester.authority.root));
  });
  afterAll(async () => {
    await judges.close();
    await rm(folder, { recursive: true, force: true });
  });

  const paper = (standard: 'a-3a' | 'ua-1' = 'a-3a'): Uint8Array => {
    const source =
      '#set document(title: "Giấy ra viện", date: datetime(year: 2026, month: 1, day: 15))\n#set text(lang: "vi")\n= Giấy ra viện\n#lorem(60)';
    const pdf = NodeCompiler.create({ workspace: folder }).pdf({ mainFileContent: source }, { pdfStandard: standard });
    return new Uint8Array(Buffer.concat([pdf, Buffer.from('\n')]));
  };
  const signedBy = async (
    people: readonly (keyof TestAuthority['cast'])[],
    timestamps: boolean,
  ): Promise<Uint8Array> => {
    let pdf = paper();
    for (const who of people) {
      const done = await sign(pdf, localSigner(tester.cast[who]), {
        field: who,
        newField: 'invisible',
        claimedTime: tester.clock.now(),
        ...(timestamps ? { timestamp: tester.timestamp } : {}),
      });
      pdf = done.pdf;
    }
    return pdf;
  };
  const options = (more: Partial<ExtendOptions> = {}): ExtendOptions => ({
    anchors: tester.anchors,
    at: tester.clock.now(),
    timestamp: tester.timestamp,
    material: tester.material,
    ...more,
  });
  const judged = async (name: string, pdf: Uint8Array) => {
    const file = join(folder, `${name}.pdf`);
    await writeFile(file, pdf);
    const ask = { trust, offline: true };
    const [dss, pyhanko, tokens, structure] = [
      await judges.dss(file, ask),
      await judges.pyhanko(file, ask),
      await judges.opensslTs(file, { trust }),
      await judges.qpdfCheck(file),
    ];
    return {
      ok: { dss: dss.ok, pyhanko: pyhanko.ok || onlyMissesAStamp(pyhanko), opensslTs: tokens.ok, qpdf: structure.ok },
      levels: dss.signatures.map(({ level }) => level.replace('PAdES-BASELINE-', 'B-')),
      changes: dss.signatures.flatMap(({ revision }) => revision?.undefinedChanges ?? []),
    };
  };
  /**
   * pyHanko's long-term process knows only time-stamps inside a signature (EN 319 142-1 §6.3 accepts one over the document too) and then
   * says SIG_CONSTRAINTS_FAILURE; everything else must be as good as ever.
   */
  const onlyMissesAStamp = ({ signatures, timestamps }: PyhankoVerdict): boolean =>
    timestamps.length > 0 &&
    timestamps.every(({ ok }) => ok) &&
    signatures.every(
      ({ timestamp, subIndication, intact, valid, trusted, docmdpOk, coverage }) =>
        timestamp === null &&
        subIndication === 'SIG_CONSTRAINTS_FAILURE' &&
        [intact, valid, trusted, docmdpOk].every(Boolean) &&
        (coverage === 'ENTIRE_FILE' || coverage === 'ENTIRE_REVISION'),
    );
  const accepted = { dss: true, pyhanko: true, opensslTs: true, qpdf: true };

  it('accept three signatures with time-stamps at B-LTA, still PDF/A-3a', async () => {
    const { pdf } = await extend(await signedBy(['practitioner', 'head', 'seal'], true), 'B-LTA', options());
    expect(await judged('three', pdf)).toEqual({ ok: accepted, levels: ['B-LTA', 'B-LTA', 'B-LTA'], changes: [] });
    expect(await judges.verapdf(join(folder, 'three.pdf'), ['3a'])).toMatchObject({ ok: true });
  });

  it('accept a debt paid by a document time-stamp at B-LTA', async () => {
    const { pdf } = await extend(await signedBy(['practitioner', 'seal'], false), 'B-LTA', options());
    expect(await judged('debt', pdf)).toEqual({ ok: accepted, levels: ['B-LTA', 'B-LTA'], changes: [] });
  });

  it('accept one time-stamp for everything at the level that we claim', async () => {
    const { tsa, issuing } = tester.authority;
    const one = options({ oneTimestamp: true, timestampChain: [tsa, issuing] });
    const { pdf, reached } = await extend(await signedBy(['practitioner', 'seal'], false), 'B-LTA', one);
    expect(reached).toBe('B-LTA');
    expect(await judged('one', pdf)).toEqual({ ok: accepted, levels: ['B-LTA', 'B-LTA'], changes: [] });
  });

  it('accept a renewed archive time-stamp', async () => {
    const once = await extend(await signedBy(['practitioner'], true), 'B-LTA', options());
    const { pdf } = await extend(once.pdf, 'B-LTA', options({ renew: true }));
    expect(await judged('renewed', pdf)).toEqual({ ok: accepted, levels: ['B-LTA'], changes: [] });
  });

  it('accept a document time-stamp on an accessible file as PDF/UA-1', async () => {
    const file = join(folder, 'accessible.pdf');
    await writeFile(file, await addDocumentTimestamp(paper('ua-1'), tester.timestamp));
    expect((await judges.verapdf(file, ['ua1'])).results).toMatchObject([{ compliant: true, failed: {} }]);
  });

  it('reject, as we do, a flipped byte', async () => {
    const { pdf } = await extend(await signedBy(['practitioner'], true), 'B-LTA', options());
    const broken = Uint8Array.from(pdf);
    broken[600] = (broken[600] ?? 0) ^ 1;
    const ours = validate(broken, { file: 'broken.pdf', anchors: tester.anchors, at: tester.clock.now() });
    expect(ours.verdict).not.toBe('TOTAL-PASSED');
    expect((await judged('broken', broken)).ok).toMatchObject({ dss: false, pyhanko: false });
  });
});
