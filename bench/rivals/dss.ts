import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orMissing, type Rate } from './measure.ts';
import { checkout, readTools, run } from './place.ts';
import type { SigningKeys } from './raw.ts';

const source = join(checkout, 'bench', 'rivals', 'dss', 'DssRates.java');

async function askDss(args: readonly string[], classPath: string): Promise<Rate[]> {
  const folder = await mkdtemp(join(tmpdir(), 'antin-dss-rates-'));
  try {
    await run('javac', ['-proc:none', '-encoding', 'UTF-8', '-cp', classPath, '-d', folder, source]);
    const output = await run('java', [
      '-Djava.awt.headless=true',
      '-Xmx1g',
      '-cp',
      `${classPath}:${folder}`,
      'DssRates',
      ...args,
    ]);
    return output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Rate);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** EU DSS signing B-B in a warm virtual machine. */
export function rateDss(file: string, keys: SigningKeys, seconds: number): Promise<Rate[]> {
  return orMissing('EU DSS 6.3', async () => {
    const named = Object.entries(keys).flatMap(([algorithm, { p12, passphrase }]) => [algorithm, p12, passphrase]);
    return askDss(['sign', file, String(seconds), ...named], (await readTools()).dss.classPath);
  });
}

/** EU DSS validating a file, offline and without comparing pages as pictures (which would make it ten times slower). */
export function rateDssValidation(file: string, trust: string, seconds: number): Promise<Rate[]> {
  return orMissing('EU DSS 6.3 validate', async () => {
    const { classPath, policy } = (await readTools()).dss;
    return askDss(['validate', file, String(seconds), trust, policy], classPath);
  });
}
