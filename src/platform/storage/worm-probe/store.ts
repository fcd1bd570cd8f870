/** SQL of the probes' certificates. */
import type { Db } from '../../db/index.ts';
import type { ProbeCertificate } from './certificate.ts';

export async function insertProbe(db: Db, certificate: ProbeCertificate): Promise<void> {
  const { id, verdict, ended, store } = certificate.report;
  await db
    .insertInto('worm_probe')
    .values({
      id,
      at: new Date(ended),
      host: store.host,
      bucket: store.bucket,
      passed: verdict === 'passed',
      certificate: JSON.stringify(certificate),
    })
    .execute();
}

export async function newestProbe(db: Db, host: string, bucket: string): Promise<ProbeCertificate | undefined> {
  const row = await db
    .selectFrom('worm_probe')
    .select('certificate')
    .where('host', '=', host)
    .where('bucket', '=', bucket)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.certificate as ProbeCertificate | undefined;
}
