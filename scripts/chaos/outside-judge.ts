/** What judges that are not ours say about some of the archived files; a falsified one among them must be rejected. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createJudges, type PyhankoVerdict } from '../../test/judges/support/index.ts';
import type { Finding } from './check.ts';

export interface OutsideVerdict {
  readonly judged: number;
  /** Of these, EU DSS had the last word about so many. */
  readonly byDss: number;
  readonly findings: readonly Finding[];
  /** Why nobody was asked. */
  readonly missing?: string;
}

/** `trust`: folder with the anchors. Asks without a network: everything must lie in the file. */
export async function askOutside(
  sample: readonly { readonly id: string; readonly pdf: Buffer }[],
  trust: string,
  dir: string,
): Promise<OutsideVerdict> {
  const judges = createJudges();
  const findings: Finding[] = [];
  let byDss = 0;
  await mkdir(dir, { recursive: true });
  const isValid = async (name: string, pdf: Buffer): Promise<boolean> => {
    const file = join(dir, `${name}.pdf`);
    await writeFile(file, pdf);
    const verdict = await judges.pyhanko(file, { trust, offline: true });
    if (verdict.ok || !missesOnlyTimestamps(verdict)) return verdict.ok;
    byDss += 1;
    return (await judges.dss(file, { trust, offline: true })).ok;
  };
  try {
    for (const { id, pdf } of sample) {
      if (!(await isValid(id, pdf))) findings.push({ rule: 'outside judges find every signature valid', what: id });
    }
    const [first] = sample;
    if (first !== undefined && (await isValid('falsified', falsified(first.pdf)))) {
      findings.push({ rule: 'outside judges reject a falsified file', what: first.id });
    }
    return { judged: sample.length, byDss, findings };
  } catch (error) {
    return { judged: 0, byDss, findings, missing: error instanceof Error ? error.message : String(error) };
  } finally {
    await judges.close();
  }
}

/**
 * pyHanko wants a time-stamp in every signature before it speaks of long-term validity. One that was made while the authority was away
 * has its time from a document time-stamp (EN 319 142-1 §5.4.3), which EU DSS knows.
 */
function missesOnlyTimestamps({ error, signatures, timestamps }: PyhankoVerdict): boolean {
  if (error !== null || timestamps.some((one) => !one.ok)) return false;
  const rejected = signatures.filter((one) => !one.ok);
  return rejected.every(
    ({ timestamp, subIndication, intact, valid, trusted, docmdpOk }) =>
      timestamp === null && subIndication === 'SIG_CONSTRAINTS_FAILURE' && intact && valid && trusted && docmdpOk,
  );
}

/** A bit in the middle of the rendition is another one. */
function falsified(pdf: Buffer): Buffer {
  const copy = Buffer.from(pdf);
  const at = Math.floor(copy.length / 4);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
