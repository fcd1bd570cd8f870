/**
 * Probes every engine that is on this machine and writes what was seen into docs/object-stores.md:
 * `node scripts/services/object-stores.ts`. Wants all three (`install.ts minio seaweedfs ceph`).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3Client, prepareBuckets } from '../../src/platform/storage/index.ts';
import { runWormProbe } from '../../src/platform/storage/worm-probe/index.ts';
import { systemClock } from '../../src/shared/index.ts';
import { type S3Service, startCeph, startMinio, startSeaweed } from './index.ts';
import { type ProbedEngine, probeTable } from './probe-table.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/object-stores.md');
const [BEGIN, END] = ['<!-- probes: scripts/services/object-stores.ts -->', '<!-- /probes -->'];
const folder = mkdtempSync(join(tmpdir(), 'antin-object-stores-'));

async function probed(title: string, name: string, start: (at: { dir: string }) => Promise<S3Service>) {
  const service = await start({ dir: join(folder, name) });
  try {
    const buckets = { archiveBucket: 'antin-archive', workBucket: 'antin-work' };
    const { endpoint, region, accessKey, secretKey, version } = service;
    const settings = { endpoint, region, accessKey, secretKey, ...buckets };
    const client = createS3Client(settings);
    await prepareBuckets(settings, { fix: true, client });
    const report = await runWormProbe(settings, { client, clock: systemClock });
    client.close();
    console.log(`${title} ${version}: ${report.verdict}`);
    for (const { result, id, seen } of report.checks) console.log(`  ${result} ${id}: ${seen}`);
    return { name: `${title} ${version.replace(/^v[\d.]+-/, '')}`, report };
  } finally {
    await service.stop();
  }
}

try {
  const engines: ProbedEngine[] = [
    await probed('MinIO', 'minio', startMinio),
    await probed('SeaweedFS', 'seaweedfs', startSeaweed),
    await probed('Ceph', 'ceph', startCeph),
  ];
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} lacks its marks`);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${probeTable(engines)}\n\n${END}${after}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
