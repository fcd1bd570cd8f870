/**
 * `antin demo`, run as a user runs it, and everything it leaves behind put before the outside judges: signatures, later changes, levels, time-stamps,
 * file structure, and PDF/A-3a with PDF/UA-1 for the unsigned and every signed revision of our forms.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validate } from '../../src/engines/pades/index.ts';
import { openPdf } from '../../src/engines/pdf/index.ts';
import { loadTrust } from '../../src/platform/trust/index.ts';
import { newcomerEnvironment } from '../support/newcomer.ts';
import { createJudges } from './support/index.ts';

const run = promisify(execFile);
const judges = createJudges();

interface Line {
  step?: string;
  ms?: number;
  result?: {
    verdict: string;
    seconds: number;
    trust: string;
    documents: { form: string; file: string; level: string; verdict: string; retainUntil: string; sha256: string }[];
  };
}

let folder = '';
let trust = '';
let lines: Line[] = [];

const ours = ['giay-ra-vien', 'tom-tat-ho-so-benh-an'];
const fileOf = (form: string): string => join(folder, 'out', `${form}.pdf`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antin-demo-'));
  const out = join(folder, 'out');
  const { stdout } = await run(process.execPath, ['scripts/antin.mjs', 'demo', '--json', '--out', out], {
    env: newcomerEnvironment(),
  });
  lines = stdout
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line));
  // Judges take one folder of anchors.
  trust = join(folder, 'anchors');
  await mkdir(trust);
  for (const purpose of ['signers', 'tsa']) {
    for (const name of await readdir(join(out, 'trust', purpose))) {
      await copyFile(join(out, 'trust', purpose, name), join(trust, `${purpose}-${name}`));
    }
  }
}, 180_000);

afterAll(async () => {
  await judges.close();
  await rm(folder, { recursive: true, force: true });
});

test('the demo says each step and ends with a verdict over three archived documents', () => {
  const result = lines.at(-1)?.result;
  expect(lines.slice(0, -1).every((line) => typeof line.step === 'string' && typeof line.ms === 'number')).toBe(true);
  expect(result?.verdict).toBe('TOTAL-PASSED');
  expect(result?.documents.map(({ form }) => form)).toEqual([...ours, 'tai-lieu-pdf']);
  for (const document of result?.documents ?? []) {
    expect(document).toMatchObject({
      level: 'B-LTA',
      verdict: 'TOTAL-PASSED',
      retainUntil: '2036-12-31T17:00:00.000Z',
    });
  }
});

describe.each(ours)('%s', (form) => {
  test('EU DSS: every signature passes at PAdES-BASELINE-LTA, nothing forbidden came later', async () => {
    const verdict = await judges.dss(fileOf(form), { trust, offline: true, visual: true });
    expect(verdict).toMatchObject({ ok: true });
    expect(new Set(verdict.signatures.map(({ level }) => level))).toEqual(new Set(['PAdES-BASELINE-LTA']));
  });

  test('pyHanko: every signature passes, and the later changes are allowed', async () => {
    expect(await judges.pyhanko(fileOf(form), { trust, offline: true })).toMatchObject({ ok: true });
  });

  test('pdfsig and OpenSSL verify each signature and each time-stamp', async () => {
    expect(await judges.pdfsig(fileOf(form), { trust })).toMatchObject({ ok: true });
    expect(await judges.opensslCms(fileOf(form), { trust })).toMatchObject({ ok: true });
    expect(await judges.opensslTs(fileOf(form), { trust })).toMatchObject({ ok: true });
  });

  test('veraPDF: PDF/A-3a and PDF/UA-1, unsigned and after every signature; qpdf finds nothing', async () => {
    const bytes = new Uint8Array(await readFile(fileOf(form)));
    const { revisions } = openPdf(bytes);
    expect(revisions.length).toBeGreaterThanOrEqual(4);
    for (const { index, end } of revisions) {
      const revision = join(folder, `${form}-${index}.pdf`);
      await writeFile(revision, bytes.subarray(0, end));
      const verdict = await judges.verapdf(revision, ['3a', 'ua1']);
      expect(
        verdict.results.flatMap(({ failed }) => Object.keys(failed)),
        basename(revision),
      ).toEqual([]);
      expect(verdict.ok, basename(revision)).toBe(true);
      expect(await judges.qpdfCheck(revision), basename(revision)).toMatchObject({ ok: true });
    }
  });
});

test('no byte of a demo file may change: flips at a stride of 97 never pass, bytes after the end are named', async () => {
  const signed = new Uint8Array(await readFile(fileOf('giay-ra-vien')));
  const { signers, tsa } = await loadTrust(join(folder, 'out', 'trust'));
  const judge = (pdf: Uint8Array) =>
    validate(pdf, { file: 'a.pdf', anchors: signers, timestampAnchors: tsa, at: new Date() });
  expect(judge(signed).verdict).toBe('TOTAL-PASSED');
  const passed: number[] = [];
  let attacks = 0;
  for (let offset = 0; offset < signed.length; offset += 97) {
    const flipped = signed.slice();
    flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (offset % 8));
    attacks += 1;
    if (judge(flipped).verdict === 'TOTAL-PASSED') passed.push(offset);
  }
  expect(attacks).toBeGreaterThan(1000);
  expect(passed).toEqual([]);
  const trailing = judge(Buffer.concat([signed, Buffer.from('more')]));
  expect(trailing).toMatchObject({ verdict: 'INDETERMINATE', trailingBytes: 4 });
  expect(trailing.reasons).toContain('TRAILING_BYTES');
});

describe('the referral that another clinic had signed', () => {
  test('its own signature and ours pass; seal and archive time-stamp are ours', async () => {
    const file = fileOf('tai-lieu-pdf');
    const dss = await judges.dss(file, { trust, offline: true, visual: true });
    expect(dss).toMatchObject({ ok: true });
    expect(dss.signatures.at(-1)).toMatchObject({ level: 'PAdES-BASELINE-LTA', indication: 'TOTAL_PASSED' });
    expect(await judges.pyhanko(file, { trust, offline: true })).toMatchObject({ ok: true });
    expect(await judges.pdfsig(file, { trust })).toMatchObject({ ok: true });
    expect(await judges.opensslCms(file, { trust })).toMatchObject({ ok: true });
    expect(await judges.opensslTs(file, { trust })).toMatchObject({ ok: true });
    expect(await judges.qpdfCheck(file)).toMatchObject({ ok: true });
    const original = new Uint8Array(await readFile('samples/presigned-referral.pdf'));
    const archived = new Uint8Array(await readFile(file));
    expect(Buffer.compare(archived.subarray(0, original.length), original)).toBe(0);
  });
});
