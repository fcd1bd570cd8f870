import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, YAMLError } from 'yaml';
import { AppError, type InputMistake } from '../../shared/index.ts';
import { parseOrMistakes } from './mistakes.ts';
import { type RetentionPolicy, RULE, withHash } from './rule.ts';

/**
 * Reads every `<id>.v<version>.yaml` in `dir`, sorted by id and version. Where a rule has several versions, the highest counts.
 * @throws POLICY_INVALID with all mistakes of all files at once (paths begin with the file's name).
 */
export async function loadPolicies(dir: string): Promise<readonly RetentionPolicy[]> {
  const names = await policyFiles(dir);
  const mistakes: InputMistake[] = [];
  const policies: RetentionPolicy[] = [];
  for (const name of names) {
    const read = readPolicy(name, await readFile(join(dir, name), 'utf8'));
    if ('mistakes' in read) mistakes.push(...read.mistakes);
    else policies.push(read.policy);
  }
  // Gaps between rules mean something only once every rule can be read.
  if (mistakes.length === 0) mistakes.push(...coverageMistakes(newestVersions(policies)));
  if (mistakes.length > 0) throw new AppError('POLICY_INVALID', { mistakes });
  return policies.sort((a, b) => (a.id === b.id ? a.version - b.version : a.id < b.id ? -1 : 1));
}

/** The rules that count: of each id the highest version. */
export function newestVersions(policies: readonly RetentionPolicy[]): readonly RetentionPolicy[] {
  const newest = new Map<string, RetentionPolicy>();
  for (const policy of policies) {
    if (policy.version > (newest.get(policy.id)?.version ?? 0)) newest.set(policy.id, policy);
  }
  return [...newest.values()];
}

async function policyFiles(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (cause) {
    throw new AppError('POLICY_INVALID', {
      cause,
      mistakes: [mistake('', 'Không đọc được thư mục quy tắc lưu trữ', 'The policies directory cannot be read')],
    });
  }
}

function readPolicy(
  name: string,
  yaml: string,
): { readonly policy: RetentionPolicy } | { readonly mistakes: readonly InputMistake[] } {
  let content: unknown;
  try {
    content = parse(yaml);
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    return { mistakes: [mistake(name, `Không phải là YAML: ${error.message}`, `Not YAML: ${error.message}`)] };
  }
  const parsed = parseOrMistakes(RULE, content, 'POLICY_INVALID', `/${name}`);
  if ('mistakes' in parsed) return parsed;
  const policy = withHash(parsed.value);
  const { inForce, legalBasis } = policy;
  const mistakes: InputMistake[] = [];
  const expected = `${policy.id}.v${policy.version}.yaml`;
  if (name !== expected) {
    mistakes.push(mistake(name, `Tệp phải có tên ${expected}`, `The file must be called ${expected}`));
  }
  if (inForce.from !== undefined && inForce.to !== undefined && inForce.to < inForce.from) {
    mistakes.push(mistake(`${name}/inForce`, 'Ngày kết thúc trước ngày bắt đầu', 'It ends before it begins'));
  }
  if (policy.confidence === 'source-read' && legalBasis.article === undefined && legalBasis.row === undefined) {
    mistakes.push(
      mistake(
        `${name}/legalBasis`,
        'Đã đọc văn bản gốc thì phải ghi article hoặc row',
        'Who read the instrument names the article or the row',
      ),
    );
  }
  return mistakes.length > 0 ? { mistakes } : { policy };
}

/** Every day must have a rule for records that no rule names: no record may fall through. */
function coverageMistakes(policies: readonly RetentionPolicy[]): InputMistake[] {
  const spans = policies
    .filter((policy) => policy.equivalentFor?.unlistedKinds === true)
    .map(({ inForce }) => ({ from: inForce.from ?? '0000-01-01', to: inForce.to ?? '9999-12-31' }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let next = '0000-01-01';
  for (const span of spans) {
    if (span.from > next) break;
    if (span.to >= next) next = dayAfter(span.to);
  }
  if (next > '9999-12-31' || next === END) return [];
  return [
    mistake(
      '',
      `Từ ngày ${next} không có quy tắc nào nhận loại hồ sơ chưa liệt kê (equivalentFor.unlistedKinds)`,
      `From ${next} on no rule takes in unlisted kinds of record (equivalentFor.unlistedKinds)`,
    ),
  ];
}

const END = 'end of time';

function dayAfter(day: string): string {
  if (day === '9999-12-31') return END;
  return new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
}

const mistake = (path: string, vi: string, en: string): InputMistake => ({
  path: `/${path}`,
  code: 'POLICY_INVALID',
  vi,
  en,
});
