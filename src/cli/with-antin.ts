/** Opens the parts on a data folder for a one-shot command, and closes them whatever happens. */
import { resolve } from 'node:path';
import { type Antin, compose } from '../compose.ts';
import { readConfig } from '../config.ts';
import { silentLog, systemClock } from '../shared/index.ts';
import { ownPoliciesDir } from './policy.ts';

export async function withAntin<T>(
  where: { data?: string | undefined },
  work: (antin: Antin) => Promise<T>,
): Promise<T> {
  const config = readConfig({ DATA_DIR: where.data });
  const antin = await compose({
    mode: config.MODE,
    dataDir: resolve(config.DATA_DIR),
    databaseUrl: config.DATABASE_URL,
    publicBaseUrl: config.PUBLIC_BASE_URL ?? `http://${config.HOST}:${config.PORT}`,
    policiesDir: config.POLICIES_DIR ?? ownPoliciesDir(),
    hospitalFormsDir: config.FORMS_DIR,
    trustDir: config.TRUST_DIR,
    tsaUrls: config.TSA_URLS,
    maxPdfBytes: config.MAX_PDF_BYTES,
    clock: systemClock,
    log: silentLog,
  });
  try {
    return await work(antin);
  } finally {
    await antin.close();
  }
}
