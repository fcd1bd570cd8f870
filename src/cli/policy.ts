/** `antin policy check | explain`: the retention rules, and what they say about a record. */
import type { Command } from 'commander';
import { policyCheck, policyExplain } from '../archive/index.ts';
import { systemClock } from '../shared/index.ts';
import { readJsonInput } from './files.ts';
import { shipped } from './with-antin.ts';

export function addPolicy(program: Command): void {
  const policy = program.command('policy').description('Quy tắc lưu trữ · Retention rules');
  policy
    .command('check')
    .description('Kiểm tra mọi quy tắc · Check every rule')
    .option('--policies <dir>', 'folder of rules')
    .option('--json', 'one JSON line', false)
    .action(async (options: PolicyOptions) => {
      const rules = await policyCheck(options.policies ?? shipped('storage-policies'));
      if (options.json) {
        console.log(JSON.stringify({ ok: true, rules: rules.map(({ id, version, hash }) => ({ id, version, hash })) }));
        return;
      }
      for (const { id, version, title } of rules) console.log(`${id} v${version}: ${title.vi}`);
      console.log(`${rules.length} quy tắc hợp lệ (${rules.length} rules are valid)`);
    });
  policy
    .command('explain')
    .description('Lưu đến khi nào, theo căn cứ nào, vì sao · How long, on which basis, and why')
    .argument('<facts>', 'JSON file: { "dischargedAt": "…+07:00", "outcome": "died", "causes": [] }')
    .option('--policies <dir>', 'folder of rules')
    .option('--json', 'one JSON line', false)
    .action(async (factsFile: string, options: PolicyOptions) => {
      const rules = await policyCheck(options.policies ?? shipped('storage-policies'));
      const explained = policyExplain(await readJsonInput(factsFile), rules, systemClock.now());
      if (options.json) {
        console.log(JSON.stringify(explained));
        return;
      }
      console.log(`Lưu đến: ${explained.shownAs.vi} (${explained.class})`);
      console.log(`Căn cứ: ${explained.legalBasis.vi}`);
      for (const line of explained.reasoning) console.log(`  - ${line.vi}\n    ${line.en}`);
    });
}

interface PolicyOptions {
  readonly policies?: string;
  readonly json: boolean;
}
