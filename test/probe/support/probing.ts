import { createS3Client, type S3Settings } from '../../../src/platform/storage/index.ts';
import { type LeftBehind, type ProbeReport, runWormProbe } from '../../../src/platform/storage/worm-probe/index.ts';
import { systemClock } from '../../../src/shared/index.ts';
import { type Lie, openStoreDouble, type StoreDouble } from './store-double.ts';

export const settingsOf = (endpoint: string): S3Settings => ({
  endpoint,
  region: 'us-east-1',
  accessKey: 'antin',
  secretKey: 'antin-secret',
  archiveBucket: 'archive',
  workBucket: 'work',
});

/** Probes a store, in some twelve seconds. */
export async function probe(settings: S3Settings, before?: readonly LeftBehind[]): Promise<ProbeReport> {
  const client = createS3Client(settings);
  try {
    return await runWormProbe(settings, { client, clock: systemClock }, before);
  } finally {
    client.close();
  }
}

/** Probes a double that lies as told. */
export async function probeDouble(...lies: Lie[]): Promise<{ report: ProbeReport; double: StoreDouble }> {
  const double = await openStoreDouble({ lies });
  try {
    return { report: await probe(settingsOf(double.endpoint)), double };
  } finally {
    double.close();
  }
}

/** The checks that did not end well. */
export const failures = (report: ProbeReport): string[] =>
  report.checks.filter(({ result }) => result === 'failed' || result === 'unknown').map(({ id }) => id);
