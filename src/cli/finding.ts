/** `antin finding list|decide`: what the sweeps of the archive found, and what becomes of versions that nobody registered. */
import { type Command, Option } from 'commander';
import { ARCHIVE_PROBLEM_WORDS, type FindingDecision } from '../archive/index.ts';
import { facilityOf, OPERATOR, type PartyOptions, registering } from './parties.ts';

interface FindingOptions extends PartyOptions {
  readonly facility: string;
}

interface DecideOptions extends FindingOptions {
  readonly decision: FindingDecision;
  readonly reason: string;
  readonly by: string;
}

export function addFinding(program: Command): void {
  const finding = program.command('finding').description('Phát hiện của các lần quét kho · What the sweeps found');
  const common = (command: Command): Command =>
    command
      .requiredOption('--facility <code>', 'in whose archive, and in whose log')
      .option('--data <dir>', 'data folder')
      .option('--json', 'one JSON line', false);

  common(finding.command('list').description('Liệt kê · List what has not ended')).action(list);
  common(
    finding
      .command('decide')
      .description('Quyết định về phiên bản không ai đăng ký · Decide about a version that nobody registered')
      .argument('<id>'),
  )
    .addOption(
      new Option('--decision <what>', 'keep: it stays locked; let-go: its lock runs out')
        .choices(['keep', 'let-go'])
        .makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'why, for the audit log')
    .requiredOption('--by <name>', 'who decided, for the audit log')
    .action(decide);
}

const list = (options: FindingOptions): Promise<void> =>
  registering(options, async (antin) => {
    const findings = await antin.archive.listFindings((await facilityOf(antin, options.facility)).id);
    const lines = findings.map(({ id, problem, key, versionId, decision }) => {
      const { vi, en } = ARCHIVE_PROBLEM_WORDS[problem].title;
      const decided = decision === undefined ? '' : `  [${decision}]`;
      return `${id}  ${problem}${decided}  ${key} (${versionId})\n  ${vi} (${en})`;
    });
    return { words: lines.join('\n'), fields: { findings } };
  });

const decide = (findingId: string, options: DecideOptions): Promise<void> =>
  registering(options, async (antin) => {
    const { decision, reason, by: decidedBy } = options;
    const facilityId = (await facilityOf(antin, options.facility)).id;
    const decided = { facilityId, findingId, decision, reason, decidedBy, actor: OPERATOR };
    const { key, versionId } = await antin.archive.decideFinding(decided);
    return {
      words: `Đã ghi quyết định (written down): ${decision}  ${key} (${versionId})`,
      fields: { findingId, decision },
    };
  });
