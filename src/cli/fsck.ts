/** `antin fsck`: every archived byte re-hashed, database against store. Exit 3 if something is not what it was. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ARCHIVE_PROBLEM_WORDS } from '../archive/index.ts';
import { withAntin } from './with-antin.ts';

export function addFsck(program: Command): void {
  program
    .command('fsck')
    .description(
      'Băm lại toàn bộ kho lưu trữ và đối chiếu với cơ sở dữ liệu · Re-hash the archive and compare it with the database',
    )
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action(async (options: { data?: string; json: boolean }) => {
      await withAntin({ data: options.data }, async ({ archive, options: { dataDir } }) => {
        const report = await archive.fsck();
        if (options.json) console.log(JSON.stringify({ data: resolve(dataDir), ...report }));
        else {
          console.log(`Đã kiểm tra ${report.registered} đối tượng (objects), khớp ${report.ok}: ${report.verdict}`);
          for (const { problem, key, versionId } of report.findings) {
            console.log(`  ${problem}: ${key} (${versionId})`);
          }
          for (const problem of new Set(report.findings.map((finding) => finding.problem))) {
            const { title, mend } = ARCHIVE_PROBLEM_WORDS[problem];
            console.log(`${problem}: ${title.vi}. ${mend.vi}\n  ${title.en}. ${mend.en}`);
          }
        }
        if (report.verdict !== 'sound') process.exitCode = report.verdict === 'alarm' ? 3 : 4;
      });
    });
}
