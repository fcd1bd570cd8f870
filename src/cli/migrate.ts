/** `antin migrate`: brings schema, buckets and keys to what this version needs; in demo mode also the demo authority and hospital. */
import type { Command } from 'commander';
import { compose } from '../compose/index.ts';
import { assertBucketsFit, prepareBuckets, prepareMinioAccount } from '../platform/storage/index.ts';
import { createLog } from '../shared/index.ts';
import { openDemoHospital } from './demo-hospital.ts';
import { sharedConfig } from './production.ts';
import { composeOptions, s3Administrator, s3Settings } from './with-antin.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Nâng cấp cơ sở dữ liệu, chuẩn bị kho và khóa · Bring schema, buckets and keys up to date')
    .option('--json', 'one JSON line', false)
    .action(migrate);
}

/** May run again at any time, and at the same time as another one. */
async function migrate(options: { readonly json: boolean }): Promise<void> {
  const config = sharedConfig();
  const log = createLog('error');
  const s3 = s3Settings(config);
  const admin = s3Administrator(config);
  if (s3 !== undefined && admin !== undefined) await prepareMinioAccount(s3, admin);
  const mended = s3 === undefined ? [] : await prepareBuckets(s3, { fix: true });
  if (s3 !== undefined) await assertBucketsFit(s3);
  const demo = config.MODE === 'demo';
  // The conditions of legal mode are for those who serve; some of them can only be met when this has been done.
  const antin = await compose({ ...composeOptions(config, log), redis: undefined, administration: !demo });
  try {
    const hospital = demo ? await openDemoHospital(antin) : undefined;
    if (options.json) {
      const buckets = mended.map(({ bucket, problem }) => ({ bucket, problem }));
      console.log(JSON.stringify({ migrated: true, buckets, hospital: hospital?.name }));
      return;
    }
    for (const { bucket, detail } of mended) console.log(`${bucket}: ${detail.vi} (${detail.en})`);
    console.log('Cơ sở dữ liệu, kho và khóa đã sẵn sàng (schema, stores and keys are ready)');
  } finally {
    await antin.close();
  }
}
