/** `antin validate FILE…`: one verdict a file, many files in one process. A bad signature is an answer, not an error. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import type { SignatureReport, ValidationReport } from '../engines/pades/index.ts';
import { validate, wordsOf } from '../engines/pades/index.ts';
import { softwareKeyStatement } from '../legal-mode/index.ts';
import { loadTrust } from '../platform/trust/index.ts';
import { AppError, systemClock, vnDateTime } from '../shared/index.ts';
import { readInput } from './files.ts';

interface CliValidateOptions {
  readonly trust?: string;
  readonly at?: string;
  readonly json: boolean;
}

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('Kiểm tra chữ ký số · Validate signatures (offline: what the file itself proves)')
    .argument('<pdf...>')
    .option('--trust <dir>', 'anchors: signers/*.pem, tsa/*.pem')
    .option('--at <time>', 'moment of validation, ISO 8601 with offset')
    .option('--offline', 'ask nobody (always so in this version)', true)
    .option('--json', 'one JSON line a file', false)
    .action(async (files: string[], options: CliValidateOptions) => {
      const trust = options.trust === undefined ? { signers: [], tsa: [] } : await loadTrust(options.trust);
      const at = momentOf(options.at);
      const statement = statementOfInstallation();
      let worst = 0;
      for (const file of files) {
        const report = validate(await readInput(file), {
          file,
          anchors: trust.signers,
          timestampAnchors: trust.tsa,
          at,
        });
        worst = Math.max(worst, exitCodeOf(report));
        const words = [inWords(report), statement.softwareKeys?.vi].filter((line) => line !== undefined).join('\n  ');
        console.log(options.json ? JSON.stringify({ ...report, ...statement }) : words);
      }
      process.exitCode = worst;
    });
}

/** What the installation that this command is run in says of its keys. Without one, or with settings that are wrong, nothing. */
function statementOfInstallation(): ReturnType<typeof softwareKeyStatement> {
  try {
    const { MODE, SOFTWARE_KEYS_ACCEPTED_BY } = loadConfig();
    return softwareKeyStatement(MODE, SOFTWARE_KEYS_ACCEPTED_BY);
  } catch {
    return {};
  }
}

/** 0 passed · 1 the answer is no · 4 there was nothing to judge. */
function exitCodeOf({ verdict }: ValidationReport): number {
  if (verdict === 'TOTAL-PASSED') return 0;
  return verdict === 'UNREADABLE' || verdict === 'NOT-A-PDF' ? 4 : 1;
}

function momentOf(text: string | undefined): Date {
  if (text === undefined) return systemClock.now();
  const moment = new Date(text);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new AppError('USAGE', { detail: { vi: '--at phải theo ISO 8601', en: '--at must be ISO 8601' } });
}

const VERDICT_WORDS: Readonly<Record<ValidationReport['verdict'], string>> = {
  'TOTAL-PASSED': 'Hợp lệ',
  INDETERMINATE: 'Chưa kết luận được',
  'TOTAL-FAILED': 'Không hợp lệ',
  'NO-SIGNATURE': 'Không có chữ ký',
  'NOT-A-PDF': 'Không phải tệp PDF',
  UNREADABLE: 'Không đọc được',
};

function inWords(report: ValidationReport): string {
  const head = `${report.file}: ${VERDICT_WORDS[report.verdict]} (${report.verdict})`;
  return [head, ...report.reasons.map(reason), ...report.signatures.map(signature)].join('\n');
}

function signature(one: SignatureReport): string {
  const who = one.kind === 'document-timestamp' ? 'Dấu thời gian' : (one.signer?.commonName ?? '?');
  const time = one.bestSignatureTime === null ? '' : `, ${vnDateTime(new Date(one.bestSignatureTime))}`;
  const head = `  ${one.field}: ${who}: ${VERDICT_WORDS[one.indication]} (${one.level ?? '-'}${time})`;
  return [head, ...one.reasons.map(reason), ...one.notices.map(reason)].join('\n');
}

function reason(code: string): string {
  const words = wordsOf(code);
  return words === undefined ? `    ${code}` : `    ${code}: ${words.vi} (${words.en})`;
}
