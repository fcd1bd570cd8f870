/** `antin doctor`: looks whether this machine and configuration can do the work, and says how to mend what is wrong. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { AppError, PROBLEMS, toAppError } from '../shared/index.ts';
import { withAntin } from './with-antin.ts';

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Kiểm tra cấu hình và dịch vụ · Check configuration and services')
    .option('--data <dir>', 'data folder')
    .option('--json', 'one JSON line', false)
    .action(async (options: { data?: string; json: boolean }) => {
      const checks = await examine(options.data);
      if (options.json) console.log(JSON.stringify({ ok: checks.every((one) => one.ok), checks }));
      else for (const { check, ok, detail } of checks) console.log(`${ok ? '✔' : '✖'} ${check}: ${detail}`);
      if (!checks.every((one) => one.ok)) process.exitCode = 1;
    });
}

async function examine(data: string | undefined): Promise<Check[]> {
  const checks: Check[] = [];
  const look = async (check: string, work: () => Promise<string>): Promise<boolean> => {
    try {
      checks.push({ check, ok: true, detail: await work() });
      return true;
    } catch (thrown) {
      const error = toAppError(thrown);
      const { mend } = PROBLEMS[error.code];
      checks.push({ check, ok: false, detail: `${error.code}: ${error.detail.vi} (${error.detail.en}) → ${mend.vi}` });
      return false;
    }
  };
  await look('node', async () => {
    if (Number.parseInt(process.versions.node, 10) < 24) throw new AppError('CONFIG_INVALID');
    return process.version;
  });
  const readable = await look(
    'config',
    async () => `${loadConfig({ DATA_DIR: data }).MODE}, ${resolve(loadConfig({ DATA_DIR: data }).DATA_DIR)}`,
  );
  if (!readable) return checks;
  await look('database and stores', () =>
    withAntin({ data }, async ({ policies, forms, anchors, authority, timestamp }) => {
      const say = (check: string, detail: string, ok = true): number => checks.push({ check, ok, detail });
      say('policies', `${policies.length}`);
      say('forms', [...new Set(forms.list().map((form) => form.id))].join(', '));
      const count = `${anchors.signers.length} signer anchors, ${anchors.tsa.length} TSA anchors`;
      say('trust', count, anchors.signers.length > 0 && anchors.tsa.length > 0);
      say('authority', authority === undefined ? 'external' : 'demo (no legal value)');
      await look('time-stamp', async () => `${(await timestamp(new Uint8Array(32), 'SHA-256')).length} bytes`);
      return 'open';
    }),
  );
  return checks;
}
