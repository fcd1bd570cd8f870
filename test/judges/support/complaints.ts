import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSignedParts } from './signed-parts.ts';
import type { Flavour, Judges, TrustOptions } from './verdicts.ts';

export interface Expectations extends TrustOptions {
  /** Signatures of people and seals in the file. A signature that a judge does not see is a complaint. */
  signatures: number;
  /** The level that every signature must have according to DSS, e.g. `PAdES-BASELINE-LTA`. */
  level?: string;
  /** What the file, and each of its revisions that a signature closed, must comply with. */
  flavours?: readonly Flavour[];
}

/**
 * Asks every judge about one signed file, offline, and returns what they have against it, one line each; empty when all accept it.
 * pdfsig speaks of integrity only: its word on the chain depends on an OCSP responder that answers.
 */
export async function complaints(judges: Judges, file: string, wanted: Expectations): Promise<string[]> {
  const { trust, extra, at, signatures, level, flavours = [] } = wanted;
  const options = { trust, ...(extra === undefined ? {} : { extra }), ...(at === undefined ? {} : { at }) };
  const offline = { ...options, offline: true };
  const [dss, pyhanko, pdfsig, cms, ts, qpdf, vera] = await Promise.all([
    judges.dss(file, { ...offline, visual: true }),
    judges.pyhanko(file, offline),
    judges.pdfsig(file, { trust }),
    judges.opensslCms(file, options),
    judges.opensslTs(file, options),
    judges.qpdfCheck(file),
    conformanceComplaints(judges, file, flavours),
  ]);
  const wrongLevel = dss.signatures.filter((signature) => level !== undefined && signature.level !== level);
  const bad = (ok: boolean, judge: string, why: unknown) => (ok ? [] : [`${judge}: ${JSON.stringify(why)}`]);
  const notOk = <Row extends { ok: boolean }>(rows: Row[]) => rows.filter((row) => !row.ok);
  return [
    ...bad(
      dss.ok,
      'EU DSS',
      dss.error ?? { rows: notOk([...dss.signatures, ...dss.timestamps]), found: dss.dictionaries, log: dss.log },
    ),
    ...bad(dss.signatures.length === signatures, 'EU DSS', `sees ${dss.signatures.length} signatures of ${signatures}`),
    ...wrongLevel.map(
      ({ signedBy, level: found }) => `EU DSS: the signature of ${signedBy} is ${found}: ${dss.log.join('; ')}`,
    ),
    ...bad(pyhanko.ok, 'pyHanko', pyhanko.error ?? notOk([...pyhanko.signatures, ...pyhanko.timestamps])),
    ...bad(
      pyhanko.signatures.length === signatures,
      'pyHanko',
      `sees ${pyhanko.signatures.length} signatures of ${signatures}`,
    ),
    ...bad(pdfsig.ok, 'pdfsig', pdfsig.text),
    ...bad(cms.ok, 'openssl cms', cms.error ?? notOk(cms.checks)),
    ...bad(cms.checks.length === signatures, 'openssl cms', `sees ${cms.checks.length} signatures of ${signatures}`),
    // A file without any time-stamp gives `openssl ts` nothing to judge.
    ...bad(
      ts.ok || (ts.error === null && ts.checks.length === 0 && dss.timestamps.length === 0),
      'openssl ts',
      ts.error ?? notOk(ts.checks),
    ),
    ...bad(qpdf.ok, 'qpdf', qpdf.text),
    ...vera,
  ];
}

/** veraPDF about the file and about each signed revision of it, cut where its signature's ByteRange ends. */
async function conformanceComplaints(judges: Judges, file: string, flavours: readonly Flavour[]): Promise<string[]> {
  if (flavours.length === 0) return [];
  const pdf = await readFile(file);
  const ends = new Set([...readSignedParts(pdf).map((part) => part.end), pdf.length]);
  const folder = await mkdtemp(join(tmpdir(), 'antin-revisions-'));
  try {
    const found: string[] = [];
    for (const end of ends) {
      const revision = join(folder, `${end}.pdf`);
      await writeFile(revision, pdf.subarray(0, end));
      const verdict = await judges.verapdf(revision, flavours);
      if (!verdict.ok)
        found.push(`veraPDF: the first ${end} bytes: ${JSON.stringify(verdict.error ?? verdict.results)}`);
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
