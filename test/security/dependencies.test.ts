/** What we are made of, and the gate against known weaknesses in it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { advisoriesOf, judgeAudit, judgeList } from '../../scripts/audit.ts';
import { billOfMaterials } from '../../scripts/sbom.ts';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('the bill of materials', () => {
  const bill = billOfMaterials(read('package-lock.json'), '24.0.0') as {
    components: {
      name: string;
      version: string;
      'bom-ref': string;
      hashes?: { content: string }[];
      licenses?: unknown[];
    }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  const listed = new Set(bill.components.map(({ name, version }) => `${name} ${version}`));

  /** What is really installed, walked as Node would look for it: not read from the lock file that the bill is made of. */
  function installed(): Set<string> {
    const found = new Set<string>();
    const walk = (from: string, names: Record<string, string> = {}, mayLack = false): void => {
      for (const name of Object.keys(names)) {
        let base = from;
        while (!existsSync(join(base, 'node_modules', name, 'package.json')) && base !== dirname(base))
          base = dirname(base);
        const place = join(base, 'node_modules', name);
        if (!existsSync(join(place, 'package.json'))) {
          expect(mayLack, `${name} is not installed`).toBe(true);
          continue;
        }
        const own = read(join(place, 'package.json'));
        const key = `${own.name} ${own.version}`;
        if (found.has(key)) continue;
        found.add(key);
        walk(place, own.dependencies);
        walk(place, own.optionalDependencies, true);
      }
    };
    walk(process.cwd(), read('package.json').dependencies);
    return found;
  }

  test('lists every package that production needs, with its version', () => {
    const needed = installed();
    expect(needed.size).toBeGreaterThan(100);
    expect([...needed].filter((one) => !listed.has(one))).toEqual([]);
    expect(listed).toContain('@cantoo/pdf-lib 2.11.1');
    expect(listed).toContain('node 24.0.0');
  });

  test('lists no tool of development', () => {
    const tools = Object.keys(read('package.json').devDependencies).filter((name) => name !== 'node');
    expect(bill.components.map(({ name }) => name).filter((name) => tools.includes(name))).toEqual([]);
  });

  test('says of each package whose it is and what its bytes are, and names only what it lists', () => {
    const references = new Set(bill.components.map((component) => component['bom-ref']));
    expect(references.size).toBe(bill.components.length);
    const packages = bill.components.filter(({ name }) => name !== 'node');
    for (const { name, hashes, licenses } of packages) {
      expect(hashes?.[0]?.content, name).toMatch(/^[0-9a-f]{128}$/);
      expect(licenses, name).toHaveLength(1);
    }
    for (const { dependsOn } of bill.dependencies) for (const one of dependsOn) expect(references).toContain(one);
  });
});

describe('the audit', () => {
  /** As npm reports it. */
  const report = {
    auditReportVersion: 2,
    vulnerabilities: {
      'left-pad': {
        name: 'left-pad',
        via: [
          {
            source: 1,
            name: 'left-pad',
            title: 'Pads too much',
            url: 'https://github.com/advisories/GHSA-2222-3333-4444',
            severity: 'high',
          },
        ],
      },
      user: { name: 'user', via: ['left-pad'] },
    },
  };
  const allowed = {
    advisory: 'GHSA-2222-3333-4444',
    until: '2026-12-31',
    reason: 'We pad nothing; the next version mends it.',
  };
  const today = '2026-11-27';

  test('a weakness fails, until it is allowed, until its day has passed', () => {
    const advisories = advisoriesOf(report) ?? [];
    expect(advisories).toMatchObject([{ advisory: 'GHSA-2222-3333-4444', package: 'left-pad' }]);
    expect(judgeAudit(advisories, { allowed: [] }, today)).toEqual([
      'left-pad: Pads too much (high, GHSA-2222-3333-4444)',
    ]);
    expect(judgeAudit(advisories, { allowed: [allowed] }, today)).toEqual([]);
    expect(judgeAudit(advisories, { allowed: [allowed] }, '2027-01-01').join()).toContain(
      'allowed only until 2026-12-31',
    );
    expect(judgeAudit([], { allowed: [allowed] }, today).join()).toContain('nothing needs this entry');
  });

  test('the list takes no entry without reason, without end, or for ever', () => {
    for (const wrong of [{ reason: 'later' }, { until: 'never' }, { until: '2030-01-01' }, { advisory: 'CVE-1' }]) {
      expect(judgeList({ allowed: [{ ...allowed, ...wrong }] }, today), JSON.stringify(wrong)).toHaveLength(1);
    }
  });

  test('what is no report is not taken for one without findings', () => {
    for (const answer of [{}, { message: '405 Method Not Allowed', error: {} }, undefined, { vulnerabilities: {} }]) {
      expect(advisoriesOf(answer)).toBeUndefined();
    }
  });

  test('our own list holds today', () => {
    expect(judgeList(read('audit-allow.json'), new Date().toISOString().slice(0, 10))).toEqual([]);
  });
});
