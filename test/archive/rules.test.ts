import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  explain,
  loadPolicies,
  parseRetentionFacts,
  policyJsonSchema,
  type RetentionPolicy,
} from '../../src/archive/index.ts';
import { AppError } from '../../src/shared/index.ts';

const SHIPPED = join(import.meta.dirname, '../../storage-policies');
const NOW = new Date('2026-11-27T10:00:00+07:00');
const AFTER_2025 = '2026-11-20T09:30:00+07:00';
const BEFORE_2025 = '2025-06-30T23:59:00+07:00';

let policies: readonly RetentionPolicy[];
beforeAll(async () => {
  policies = await loadPolicies(SHIPPED);
});

const decide = (facts: object) => explain(parseRetentionFacts(facts), policies, NOW);

describe('The rules of Circular 33/2025/TT-BYT and Law 75/2006', () => {
  const discharged = (more: object) => ({ dischargedAt: AFTER_2025, ...more });
  it.each([
    ['an ordinary stay', discharged({}), 'ordinary', '31/12/2036', 44],
    ['a labour accident', discharged({ causes: ['labour-accident'] }), 'labour-or-traffic-accident', '31/12/2046', 40],
    [
      'a traffic accident',
      discharged({ causes: ['traffic-accident'] }),
      'labour-or-traffic-accident',
      '31/12/2046',
      40,
    ],
    ['a mental illness', discharged({ causes: ['mental-illness'] }), 'mental-illness', '31/12/2046', 40],
    ['cosmetic surgery', discharged({ causes: ['cosmetic-surgery'] }), 'cosmetic-surgery', '31/12/2046', 43],
    ['a transplant', discharged({ causes: ['transplant'] }), 'transplant', '31/12/2046', 43],
    ['a death in hospital', discharged({ outcome: 'died' }), 'death', '31/12/2056', 39],
    ['a sex re-determination', discharged({ kind: 'sex-redetermination' }), 'sex-redetermination', '31/12/2096', 215],
    [
      'a health check',
      { kind: 'health-check-certificate', issuedAt: AFTER_2025 },
      'health-check-certificate',
      '31/12/2028',
      48,
    ],
    ['a register', { kind: 'health-care-register', closedAt: AFTER_2025 }, 'health-care-register', '31/12/2031', 47],
    [
      'a health book',
      { kind: 'electronic-health-book', diedAt: AFTER_2025 },
      'electronic-health-book',
      '31/12/2036',
      49,
    ],
    [
      'a chronic file',
      { kind: 'chronic-outpatient', closedAt: AFTER_2025 },
      'ordinary-chronic-outpatient',
      '31/12/2036',
      44,
    ],
  ])('%s', (_what, facts, id, shownAs, row) => {
    const found = decide(facts);
    expect(found).toMatchObject({ state: 'dated', permanent: false, policy: { id }, shownAs: { vi: shownAs } });
    expect(found.hold).toBeUndefined();
    expect(found.legalBasis).toEqual({
      vi: `Thông tư 33/2025/TT-BYT, mục ${row}`,
      en: `Circular 33/2025/TT-BYT, row ${row}`,
    });
  });

  it.each([
    ['a donor', ['transplant-donor']],
    ['a recipient, whose episode is a transplant too', ['transplant-recipient', 'transplant']],
  ])('%s: 30 years, resting on the law that we read ourselves', (_what, causes) => {
    const found = decide({ dischargedAt: AFTER_2025, causes });
    expect(found.shownAs.vi).toBe('31/12/2056');
    expect(found.legalBasis.vi).toContain('75/2006/QH11, khoản 4 Điều 38');
  });

  it.each([
    ['a medical incident', { dischargedAt: AFTER_2025, causes: ['medical-incident'] }],
    ['a medical incident while the patient is still here', { causes: ['medical-incident'] }],
    ['a birth by in-vitro fertilization', { kind: 'ivf-birth', dischargedAt: AFTER_2025 }],
    ['a surrogacy', { kind: 'surrogacy', dischargedAt: AFTER_2025 }],
    ['a donation of eggs', { kind: 'gamete-donation', closedAt: AFTER_2025 }],
  ])('%s is kept for good: held, and locked at least 30 years ahead', (_what, facts) => {
    const found = decide(facts);
    expect(found).toMatchObject({
      state: 'permanent',
      permanent: true,
      hold: 'PERMANENT',
      shownAs: { vi: 'Vĩnh viễn' },
    });
    expect(found.retainUntil.toISOString()).toBe('2056-12-31T17:00:00.000Z');
  });

  it('counts a death soon after a discharge in a grave state to the episode, a later one not', () => {
    const grave = { dischargedAt: AFTER_2025, outcome: 'grave-discharge' };
    expect(decide(grave).shownAs.vi).toBe('31/12/2036');
    expect(decide({ ...grave, diedAt: '2026-11-25T02:00:00+07:00' }).shownAs.vi).toBe('31/12/2056');
    expect(decide({ ...grave, diedAt: '2026-12-25T02:00:00+07:00' }).shownAs.vi).toBe('31/12/2036');
  });

  it('says every step in both languages, with the law', () => {
    const { reasoning, considered } = decide({ dischargedAt: AFTER_2025, causes: ['traffic-accident'] });
    const vi = reasoning.map((line) => line.vi).join('\n');
    expect(vi).toContain('tai nạn giao thông: 20 năm (Thông tư 33/2025/TT-BYT, mục 40)');
    expect(vi).toContain('lấy thời hạn dài nhất (khoản 4 Điều 15 Luật Lưu trữ số 33/2024/QH15)');
    expect(vi).toContain('tính từ năm 2026, thêm 20 năm: giữ hết ngày 31/12/2046, giờ Việt Nam');
    expect(vi).toContain('nguồn thứ cấp');
    expect(reasoning.every((line) => line.en.length > 0)).toBe(true);
    expect(considered).toHaveLength(policies.length);
    expect(considered.filter((rule) => rule.applies).map((rule) => rule.policy.id)).toEqual([
      'labour-or-traffic-accident',
      'ordinary',
    ]);
    expect(considered.find((rule) => rule.policy.id === 'ordinary-2009')?.why.vi).toBe(
      'Không có hiệu lực vào ngày 20/11/2026',
    );
  });
});

describe('Records closed before 01/07/2025 keep the older periods', () => {
  const closed = (more: object) => ({ dischargedAt: BEFORE_2025, ...more });
  it.each([
    ['an ordinary stay', closed({}), 'ordinary-2009', '31/12/2035'],
    ['a labour accident', closed({ causes: ['labour-accident'] }), 'accident-2009', '31/12/2040'],
    ['a daily-life accident', closed({ causes: ['daily-life-accident'] }), 'accident-2009', '31/12/2040'],
    ['a traffic accident', closed({ causes: ['traffic-accident'] }), 'accident-2009', '31/12/2040'],
    ['a mental illness', closed({ causes: ['mental-illness'] }), 'mental-illness-2009', '31/12/2045'],
    ['a death: the longer of two rules', closed({ outcome: 'died' }), 'death-2017', '31/12/2055'],
    ['a donor', closed({ causes: ['transplant-donor'] }), 'transplant-donor-recipient-law-75-2006', '31/12/2055'],
  ])('%s', (_what, facts, id, shownAs) => {
    expect(decide(facts)).toMatchObject({ state: 'dated', policy: { id }, shownAs: { vi: shownAs } });
  });

  it('changes over at midnight in Vietnam, not in Greenwich', () => {
    const accident = (dischargedAt: string) => decide({ dischargedAt, causes: ['labour-accident'] }).shownAs.vi;
    expect(accident('2025-06-30T23:59:59+07:00')).toBe('31/12/2040');
    expect(accident('2025-06-30T17:00:00Z')).toBe('31/12/2045');
  });

  it('locks nothing whose period ran out before it came', () => {
    const found = decide({ dischargedAt: '2012-03-05T08:00:00+07:00' });
    expect(found).toMatchObject({ state: 'expired-on-arrival', hold: undefined, shownAs: { vi: '31/12/2022' } });
    expect(found.retainUntil < NOW).toBe(true);
  });
});

describe('The law’s calendar', () => {
  it('gives a discharge on 31 December at 23:30 and one an hour later different years', () => {
    expect(decide({ dischargedAt: '2025-12-31T23:30:00+07:00' }).retainUntil.toISOString()).toBe(
      '2035-12-31T17:00:00.000Z',
    );
    expect(decide({ dischargedAt: '2026-01-01T00:30:00+07:00' }).retainUntil.toISOString()).toBe(
      '2036-12-31T17:00:00.000Z',
    );
    // The same hour, written in universal time.
    expect(decide({ dischargedAt: '2025-12-31T16:30:00Z' }).shownAs.vi).toBe('31/12/2035');
  });

  it('holds an open episode under a short lock', () => {
    const found = decide({ admittedAt: AFTER_2025 });
    expect(found).toMatchObject({ state: 'open-episode', hold: 'OPEN_EPISODE', floorDays: 14 });
    expect(found.retainUntil.toISOString()).toBe('2026-12-12T00:00:00.000Z');
  });

  it('knows that a death ends the episode even if nobody entered the discharge', () => {
    expect(decide({ admittedAt: AFTER_2025, diedAt: '2026-11-21T04:00:00+07:00', outcome: 'died' })).toMatchObject({
      state: 'dated',
      shownAs: { vi: '31/12/2056' },
    });
  });
});

describe('What no rule lists', () => {
  it('takes the period of the equivalent group and says so', () => {
    const found = decide({ kind: 'prescription-sheet', issuedAt: AFTER_2025 });
    expect(found).toMatchObject({ state: 'dated', policy: { id: 'ordinary' }, shownAs: { vi: '31/12/2036' } });
    expect(found.reasoning.map((line) => line.vi).join()).toContain(
      'nhóm tương đương, không thấp hơn (khoản 2 Điều 1)',
    );
  });

  it('notes an unlisted cause of a listed kind', () => {
    const found = decide({ dischargedAt: AFTER_2025, causes: ['clinical-trial'] });
    expect(found.shownAs.vi).toBe('31/12/2036');
    expect(found.reasoning.map((line) => line.en).join()).toContain('not listed in Circular 33/2025/TT-BYT');
  });
});

describe('Facts from outside', () => {
  it('are refused with all mistakes at once, in both languages', () => {
    const mistakes = mistakesOf(() =>
      parseRetentionFacts({ dischargedAt: '31/12/2026', causes: ['Tai nạn'], patient: {} }),
    );
    expect(mistakes.map(({ path }) => path).sort()).toEqual(['', '/causes/0', '/dischargedAt']);
    expect(mistakes.every(({ vi, en }) => vi !== en)).toBe(true);
    expect(mistakesOf(() => parseRetentionFacts({ admittedAt: AFTER_2025, dischargedAt: BEFORE_2025 }))).toHaveLength(
      1,
    );
  });
});

describe('A directory of rules', () => {
  const made: string[] = [];
  afterAll(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

  /** A copy of the shipped rules, changed. */
  async function edited(changes: Record<string, (yaml: string) => string>): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'antin-rules-'));
    made.push(dir);
    await cp(SHIPPED, dir, { recursive: true });
    for (const [name, change] of Object.entries(changes)) {
      const before = await readFile(join(SHIPPED, name), 'utf8').catch(() => '');
      await writeFile(join(dir, name), change(before));
    }
    return dir;
  }

  it('is refused with every mistake of every file at once', async () => {
    const dir = await edited({
      'death.v1.yaml': (yaml) => yaml.replace('equals: died', 'matches: died').replace('years: 30', 'years: 3000'),
      'ordinary.v1.yaml': (yaml) => yaml.replace('version: 1', 'version: 2'),
      'transplant.v1.yaml': () => 'id: [unclosed',
      'mental-illness-2009.v1.yaml': (yaml) => yaml.replace(/ {2}article.*\n/, ''),
      'cosmetic-surgery.v1.yaml': (yaml) => yaml.replace('from: "2025-07-01"', 'from: "2025-07-01", to: "2024-01-01"'),
      'health-care-register.v1.yaml': (yaml) => `${yaml}colour: red\n`,
    });
    const error = await loadPolicies(dir).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'POLICY_INVALID' });
    const paths = error instanceof AppError ? error.mistakes.map(({ path }) => path).sort() : [];
    expect(paths).toEqual([
      '/cosmetic-surgery.v1.yaml/inForce',
      '/death.v1.yaml/appliesWhen',
      '/death.v1.yaml/period/years',
      '/health-care-register.v1.yaml',
      '/mental-illness-2009.v1.yaml/legalBasis',
      '/ordinary.v1.yaml',
      '/transplant.v1.yaml',
    ]);
  });

  it('must not leave a day without a rule for unlisted records', async () => {
    const dir = await edited({
      'ordinary.v1.yaml': (yaml) => yaml.replace('from: "2025-07-01"', 'from: "2025-07-02"'),
    });
    await expect(loadPolicies(dir)).rejects.toMatchObject({
      mistakes: [{ en: 'From 2025-07-01 on no rule takes in unlisted kinds of record (equivalentFor.unlistedKinds)' }],
    });
    await expect(loadPolicies(join(dir, 'absent'))).rejects.toMatchObject({ code: 'POLICY_INVALID' });
  });

  it('decides by the highest version and keeps the hash apart from comments', async () => {
    const dir = await edited({
      'cosmetic-surgery.v2.yaml': () => '',
      'transplant.v1.yaml': (yaml) => `# A remark.\n${yaml}`,
    });
    const v1 = await readFile(join(SHIPPED, 'cosmetic-surgery.v1.yaml'), 'utf8');
    await writeFile(
      join(dir, 'cosmetic-surgery.v2.yaml'),
      v1.replace('version: 1', 'version: 2').replace('years: 20', 'years: 25'),
    );
    const changed = await loadPolicies(dir);
    const facts = parseRetentionFacts({ dischargedAt: AFTER_2025, causes: ['cosmetic-surgery'] });
    expect(explain(facts, changed, NOW)).toMatchObject({
      policy: { id: 'cosmetic-surgery', version: 2 },
      shownAs: { vi: '31/12/2051' },
    });
    const hash = (all: readonly RetentionPolicy[], id: string, version: number) =>
      all.find((rule) => rule.id === id && rule.version === version)?.hash;
    expect(hash(changed, 'transplant', 1)).toBe(hash(policies, 'transplant', 1));
    expect(hash(changed, 'cosmetic-surgery', 2)).not.toBe(hash(policies, 'cosmetic-surgery', 1));
  });

  it('is described by the schema that lies beside it', async () => {
    const shipped: unknown = JSON.parse(await readFile(join(SHIPPED, 'policy.schema.json'), 'utf8'));
    expect(shipped).toEqual(policyJsonSchema());
  });
});

function mistakesOf(attempt: () => unknown): AppError['mistakes'] {
  try {
    attempt();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.mistakes;
    throw thrown;
  }
  return [];
}
