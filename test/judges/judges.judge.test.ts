import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaints, createJudges } from './support/index.ts';
import { createTools } from './support/tools.ts';
import { createVerapdf } from './support/verapdf.ts';

/**
 * A judge that says yes to everything proves nothing. Here each outside judge accepts a good file and rejects a bad one of the
 * kind it is asked about. The files are made by other people's tools (Typst, pyHanko), so nothing of ours is in play.
 */
const judges = createJudges();
const run = promisify(execFile);
let folder = '';
let trust = '';
const file = (name: string) => join(folder, `${name}.pdf`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-judges-'));
  trust = join(folder, 'trust');
  await writeFile(file('unsigned'), makePdf('a-3a'));
  await writeFile(file('accessible'), makePdf('ua-1'));
  await writeFile(file('plain'), makePdf('1.7'));
  const { python, scripts } = (await createTools().manifest()).pyhanko;
  await run(python, [join(scripts, 'make_judge_samples.py'), file('unsigned'), folder]);
});

afterAll(async () => {
  await judges.close();
  await rm(folder, { recursive: true, force: true });
});

/** One page by Typst. Typst ends a file without a line end, and an update that starts right after `%%EOF` is not PDF/A: add one. */
function makePdf(standard: 'a-3a' | 'ua-1' | '1.7'): Buffer {
  const compiler = NodeCompiler.create({ workspace: folder });
  const source = `#set document(title: "A letter", date: datetime(year: 2026, month: 1, day: 15))
#set text(lang: "en")
= A letter
#lorem(120)`;
  const pdf = compiler.pdf({ mainFileContent: source }, { pdfStandard: standard });
  return Buffer.concat([pdf, Buffer.from('\n')]);
}

describe('veraPDF', () => {
  test('accepts PDF/A-3a and PDF/UA-1, also after pyHanko signed it', async () => {
    expect(await judges.verapdf(file('unsigned'), ['3a'])).toMatchObject({ ok: true });
    expect(await judges.verapdf(file('lta'), ['3a'])).toMatchObject({ ok: true });
    expect(await judges.verapdf(file('accessible'), ['ua1'])).toMatchObject({ ok: true });
  });

  test('rejects what only looks like it, and says which clause', async () => {
    const verdict = await judges.verapdf(file('plain'), ['3a', 'ua1']);
    expect(verdict.ok).toBe(false);
    expect(verdict.results.map(({ compliant }) => compliant)).toEqual([false, false]);
    expect(Object.keys(verdict.results[0]?.failed ?? {})).toContain('6.6.4-1');
    expect(await judges.verapdf(file('cut'), ['3a'])).toMatchObject({ ok: false });
  });
});

describe('EU DSS', () => {
  const judge = (name: string) => judges.dss(file(name), { trust, offline: true, visual: true });

  test('accepts an archived signature and names its level', async () => {
    const verdict = await judge('lta');
    expect(verdict).toMatchObject({ ok: true, dictionaries: 2 });
    expect(verdict.signatures).toMatchObject([{ level: 'PAdES-BASELINE-LTA', indication: 'TOTAL_PASSED' }]);
    expect(verdict.timestamps.map(({ type }) => type)).toEqual(['SIGNATURE_TIMESTAMP', 'DOCUMENT_TIMESTAMP']);
  });

  test('tells lower levels apart', async () => {
    expect((await judge('bb')).signatures).toMatchObject([{ level: 'PAdES-BASELINE-B' }]);
    expect((await judge('bt')).signatures).toMatchObject([{ level: 'PAdES-BASELINE-T' }]);
  });

  test('rejects changed bytes, changed pages, and a signer nobody vouches for', async () => {
    expect((await judge('flipped')).signatures).toMatchObject([{ ok: false, subIndication: 'HASH_FAILURE' }]);
    expect((await judge('new-content')).signatures).toMatchObject([{ ok: false, subIndication: 'FORMAT_FAILURE' }]);
    expect((await judge('new-annotation')).ok).toBe(false);
    expect((await judge('stranger')).signatures).toMatchObject([{ ok: false, trusted: false }]);
  });

  test('a signature that it cannot parse is missed by it, not by us', async () => {
    expect(await judge('broken-cms')).toMatchObject({ ok: false });
    expect(await judge('cut')).toMatchObject({ ok: false });
  });
});

describe('pyHanko', () => {
  const judge = (name: string) => judges.pyhanko(file(name), { trust, offline: true });

  test('accepts an archived signature', async () => {
    const verdict = await judge('lta');
    expect(verdict.ok).toBe(true);
    expect(verdict.signatures).toMatchObject([{ process: 'lta', laterChanges: 'LTA_UPDATES', docmdpOk: true }]);
    expect(verdict.timestamps).toMatchObject([{ ok: true, kind: 'document-timestamp' }]);
  });

  test('rejects changed bytes, later changes, a damaged container and a stranger', async () => {
    expect((await judge('flipped')).signatures).toMatchObject([{ ok: false, intact: false, indication: 'FAILED' }]);
    // "PASSED" of pyHanko is silent about later changes: the strict reading is not.
    expect((await judge('new-content')).signatures).toMatchObject([{ ok: false, laterChanges: 'OTHER' }]);
    expect((await judge('new-annotation')).signatures).toMatchObject([{ ok: false, docmdpOk: false }]);
    expect((await judge('broken-cms')).ok).toBe(false);
    expect((await judge('cut')).ok).toBe(false);
    expect((await judge('stranger')).signatures).toMatchObject([{ ok: false, trusted: false }]);
  });
});

describe('pdfsig', () => {
  test('accepts a valid signature of a trusted signer', async () => {
    expect(await judges.pdfsig(file('bb'), { trust })).toMatchObject({
      ok: true,
      signatures: [{ valid: true, trusted: true, signer: 'Dr. Example Signer', coversWholeFile: true }],
    });
  });

  test('rejects a changed file, and does not trust a stranger', async () => {
    const flipped = await judges.pdfsig(file('flipped'), { trust });
    expect(flipped.ok).toBe(false);
    expect(flipped.signatures[0]?.signature).toBe('Digest Mismatch.');
    const stranger = await judges.pdfsig(file('stranger'), { trust });
    expect(stranger.signatures[0]).toMatchObject({ valid: true, trusted: false });
    expect((await judges.pdfsig(file('unsigned'), { trust })).ok).toBe(false);
  });
});

describe('OpenSSL', () => {
  test('accepts a CAdES signature and both time-stamps', async () => {
    expect(await judges.opensslCms(file('lta'), { trust })).toMatchObject({
      ok: true,
      checks: [{ kind: 'signature' }],
    });
    expect(await judges.opensslTs(file('lta'), { trust })).toMatchObject({
      ok: true,
      checks: [{ kind: 'signature-timestamp' }, { kind: 'document-timestamp' }],
    });
  });

  test('rejects changed bytes, a stranger, and a time long past the certificate', async () => {
    expect(await judges.opensslCms(file('flipped'), { trust })).toMatchObject({ ok: false, checks: [{ ok: false }] });
    expect((await judges.opensslCms(file('stranger'), { trust })).ok).toBe(false);
    expect((await judges.opensslCms(file('lta'), { trust, at: '2060-01-01T00:00:00Z' })).ok).toBe(false);
    expect((await judges.opensslCms(file('unsigned'), { trust })).ok).toBe(false);
  });

  test('rejects an archive time-stamp over other bytes, but not the signature under it', async () => {
    expect((await judges.opensslTs(file('wrong-timestamp'), { trust })).checks.map(({ ok }) => ok)).toEqual([
      true,
      false,
    ]);
    expect((await judges.opensslCms(file('wrong-timestamp'), { trust })).ok).toBe(true);
    expect((await judges.opensslTs(file('stranger'), { trust })).ok).toBe(false);
  });
});

describe('qpdf', () => {
  test('accepts a clean file and rejects a cut one', async () => {
    expect(await judges.qpdfCheck(file('lta'))).toMatchObject({ ok: true, exitCode: 0 });
    expect(await judges.qpdfCheck(file('cut'))).toMatchObject({ ok: false });
  });
});

describe('the shipped sample that another system signed', () => {
  const sample = fileURLToPath(new URL('../../samples/presigned-referral.pdf', import.meta.url));
  let anchors = '';
  beforeAll(async () => {
    anchors = join(folder, 'sample-trust');
    await mkdir(anchors);
    await copyFile(sample.replace(/\.pdf$/, '.root.pem'), join(anchors, 'root.pem'));
  });

  test('holds all that is needed to judge it offline, now and in some years', async () => {
    for (const when of [{}, { at: '2031-01-01T00:00:00Z' }]) {
      const dss = await judges.dss(sample, { trust: anchors, offline: true, ...when });
      expect(dss).toMatchObject({ ok: true, signatures: [{ level: 'PAdES-BASELINE-LT' }] });
      expect(await judges.pyhanko(sample, { trust: anchors, offline: true, ...when })).toMatchObject({ ok: true });
    }
    expect(await judges.verapdf(sample, ['2a'])).toMatchObject({ ok: true });
    expect(await judges.opensslTs(sample, { trust: anchors })).toMatchObject({ ok: true });
  });

  test('is nothing without its root', async () => {
    expect(await judges.dss(sample, { trust, offline: true })).toMatchObject({
      ok: false,
      signatures: [{ trusted: false }],
    });
    expect(await judges.pyhanko(sample, { trust, offline: true })).toMatchObject({ ok: false });
  });
});

describe('all judges together', () => {
  const wanted = { signatures: 1, level: 'PAdES-BASELINE-LTA', flavours: ['3a'] } as const;

  test('have nothing against a good file, whole and cut at each signature', async () => {
    expect(await complaints(judges, file('lta'), { ...wanted, trust })).toEqual([]);
  });

  test('name themselves when something is wrong', async () => {
    const named = async (name: string) => {
      const lines = await complaints(judges, file(name), { ...wanted, trust });
      return [...new Set(lines.map((line) => line.split(':')[0]))];
    };
    expect(await named('flipped')).toEqual(['EU DSS', 'pyHanko', 'pdfsig', 'openssl cms', 'openssl ts']);
    expect(await named('new-annotation')).toEqual(['EU DSS', 'pyHanko', 'veraPDF']);
    expect(await named('bt')).toEqual(['EU DSS', 'pyHanko']);
    expect(await complaints(judges, file('lta'), { ...wanted, signatures: 2, trust })).toHaveLength(3);
  });
});

test('a judge that is not installed fails the test that asks it, and says how to get it', async () => {
  const verapdf = createVerapdf(createTools(folder));
  await expect(verapdf.check(file('unsigned'), ['3a'])).rejects.toThrow(/No outside judges in .*install\.mjs/);
  await expect(createTools(folder).run('no-such-judge', [])).rejects.toThrow(/not on this machine.*install\.mjs/);
});
