/** What pyHanko, which is not ours, says about some of the archived files; a falsified one among them must be rejected. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createJudges } from '../../test/judges/support/index.ts';
import type { Finding } from './check.ts';

export interface OutsideVerdict {
  readonly judged: number;
  readonly findings: readonly Finding[];
  /** Why nobody was asked. */
  readonly missing?: string;
}

const RULE = 'pyHanko finds every signature valid';

/** `trust`: folder with the anchors. Asks without a network: everything must lie in the file. */
export async function askPyhanko(
  sample: readonly { readonly id: string; readonly pdf: Buffer }[],
  trust: string,
  dir: string,
): Promise<OutsideVerdict> {
  const judges = createJudges();
  const findings: Finding[] = [];
  await mkdir(dir, { recursive: true });
  const ask = async (name: string, pdf: Buffer): Promise<boolean> => {
    const file = join(dir, `${name}.pdf`);
    await writeFile(file, pdf);
    return (await judges.pyhanko(file, { trust, offline: true })).ok;
  };
  try {
    for (const { id, pdf } of sample) if (!(await ask(id, pdf))) findings.push({ rule: RULE, what: id });
    const [first] = sample;
    if (first !== undefined && (await ask('falsified', falsified(first.pdf)))) {
      findings.push({ rule: RULE, what: 'and a falsified one, too' });
    }
    return { judged: sample.length, findings };
  } catch (error) {
    return { judged: 0, findings, missing: error instanceof Error ? error.message : String(error) };
  } finally {
    await judges.close();
  }
}

/** A bit in the middle of the rendition is another one. */
function falsified(pdf: Buffer): Buffer {
  const copy = Buffer.from(pdf);
  const at = Math.floor(copy.length / 4);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
