/** `antin worm-probe`: tries whether the archive store keeps its locks. Exit 0 it does, 1 it does not, 4 it could not be told. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { loadLogKey } from '../platform/audit/index.ts';
import { openDatabase, reachDatabase } from '../platform/db/index.ts';
import { createS3Client } from '../platform/storage/index.ts';
import { type CheckReport, type ProbeCertificate, probeNow } from '../platform/storage/worm-probe/index.ts';
import { AppError, silentLog, systemClock } from '../shared/index.ts';
import { installation } from './installation.ts';
import { s3Settings } from './with-antin.ts';

export function addWormProbe(program: Command): void {
  program
    .command('worm-probe')
    .description(
      'Thử xem kho lưu trữ có giữ đúng khóa hay không, và ký chứng nhận · Try whether the archive store keeps its locks, and certify it',
    )
    .option('--data <dir>', 'data folder (DATA_DIR)')
    .option('--json', 'the signed certificate as one JSON line', false)
    .action(async (options: { data?: string; json: boolean }) => {
      const certificate = await probe(options.data);
      if (options.json) console.log(JSON.stringify(certificate));
      else print(certificate);
      process.exitCode = { passed: 0, refused: 1, undecided: 4 }[certificate.report.verdict];
    });
}

/** Not by way of the composition: legal mode does not start without a probe. */
async function probe(data: string | undefined): Promise<ProbeCertificate> {
  const config = loadConfig({ DATA_DIR: data });
  const settings = s3Settings(config);
  if (settings === undefined) throw new AppError('PROBE_WITHOUT_STORE');
  const at = installation(config);
  const server = await reachDatabase(at.database);
  try {
    const database = await openDatabase({ url: server.url }, { schema: server.shared ? 'require' : 'migrate' });
    const client = createS3Client(settings);
    try {
      const key = await loadLogKey(at.keysDir);
      return await probeNow({ client, settings, database, key, clock: systemClock, log: silentLog });
    } finally {
      client.close();
      await database.close();
    }
  } finally {
    await server.release();
  }
}

const SIGN = { ok: '✔', failed: '✖', note: '·', unknown: '?' } as const;
const VERDICT = {
  passed: 'ĐẠT: kho giữ khóa (the store keeps its locks)',
  refused: 'KHÔNG ĐẠT: không dùng kho này để lưu trữ (do not archive in this store)',
  undecided: 'CHƯA KẾT LUẬN: kho không trả lời đủ (the store did not answer everything)',
} as const;

function print({ report }: ProbeCertificate): void {
  const { host, bucket, engine } = report.store;
  console.log(`${host}/${bucket}${engine === '' ? '' : ` (${engine})`}`);
  for (const check of report.checks) for (const line of linesOf(check)) console.log(line);
  console.log(VERDICT[report.verdict]);
}

function linesOf({ result, severity, id, title, seen }: CheckReport): string[] {
  const sign = result === 'failed' && severity === 'capability' ? '–' : SIGN[result];
  const unused = sign === '–' ? ' [không dùng · not used]' : '';
  return [`${sign} ${title.vi} (${title.en})${unused}`, `    ${id}: ${seen}`];
}
