import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadForms, ownFormsDir } from '../../src/forms/index.ts';
import { forms, NOW } from './support.ts';

describe('the forms', () => {
  it('are the three of this release, each in force since 1 July 2025', () => {
    expect(forms.list().map(({ id, inForce }) => [id, inForce.from])).toEqual([
      ['giay-ra-vien', '2025-07-01'],
      ['tai-lieu-pdf', '2025-07-01'],
      ['tom-tat-ho-so-benh-an', '2025-07-01'],
    ]);
  });

  it('ask for signatures in the order of the law, the seal last', () => {
    const signers = (id: string) => forms.find(id, NOW).slots.map(({ field, role, kind }) => [field, role, kind]);
    expect(signers('giay-ra-vien')).toEqual([
      ['NguoiHanhNghe', 'practitioner', 'person'],
      ['DaiDienDonVi', 'unit-representative', 'person'],
      ['DauDonVi', 'seal', 'seal'],
    ]);
    expect(signers('tom-tat-ho-so-benh-an').map(([field]) => field)).toEqual(['DaiDienDonVi', 'DauDonVi']);
    expect(signers('tai-lieu-pdf').map(([field]) => field)).toEqual(['DauDonVi']);
  });

  it('are found by the Vietnamese day of the event', () => {
    expect(forms.find('giay-ra-vien', new Date('2025-07-01T00:00:00+07:00')).id).toBe('giay-ra-vien');
    expect(() => forms.find('giay-ra-vien', new Date('2025-06-30T23:59:59+07:00'))).toThrow(
      expect.objectContaining({ code: 'FORM_UNKNOWN' }),
    );
    expect(() => forms.find('giay-bao-tu', NOW)).toThrow(expect.objectContaining({ code: 'FORM_UNKNOWN' }));
  });

  it('are found by the content itself; a date that is none is left to the check', () => {
    const found = (content: unknown) => forms.findFor('giay-ra-vien', content, NOW).id;
    expect(found({ dischargedAt: '2026-03-14T10:30:00+07:00' })).toBe('giay-ra-vien');
    expect(found({ dischargedAt: 'hôm qua' })).toBe('giay-ra-vien');
    expect(found(null)).toBe('giay-ra-vien');
    expect(() => found({ dischargedAt: '2024-01-01T00:00:00+07:00' })).toThrow(
      expect.objectContaining({ code: 'FORM_UNKNOWN' }),
    );
  });
});

describe('a folder with a slip', () => {
  let dir: string;
  const folder = () => join(dir, 'tai-lieu-pdf');
  const change = async (file: string, from: string | RegExp, to: string) => {
    const path = join(folder(), file);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(from);
    await writeFile(path, text.replace(from, to));
  };
  const refusal = async (): Promise<string> => {
    const error: unknown = await loadForms(undefined, dir).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FORM_INVALID' });
    return String(error);
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'antin-forms-'));
    await cp(join(ownFormsDir(), 'tai-lieu-pdf'), folder(), { recursive: true });
    await change('form.yaml', 'id: tai-lieu-pdf', 'id: tai-lieu-moi');
    await writeFile(join(folder(), 'schema.js'), 'export default {};');
    await writeFile(join(folder(), 'rules.js'), 'export const rules = () => []; export const facts = () => ({});');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is told every mistake of its declaration', async () => {
    await change('form.yaml', 'kind: seal', 'kind: stamp');
    await change('form.yaml', 'certify: none', 'certify: 3');
    const message = await refusal();
    expect(message).toContain('form.yaml/slots/0/kind');
    expect(message).toContain('form.yaml/certify');
  });

  it('is told when its YAML is none, when a file is missing, when a module is not what it should be', async () => {
    expect(await refusal()).toContain('the default export must be a zod schema');
    await rm(join(folder(), 'sample.json'));
    // All that is wrong at once, whichever was read first.
    expect(await refusal()).toMatch(/sample\.json: .*schema\.js\/default: the default export must be a zod schema/);
    await writeFile(join(folder(), 'form.yaml'), 'id: [');
    expect(await refusal()).toContain('form.yaml');
  });

  it('may not put the seal before a person', async () => {
    await change(
      'form.yaml',
      'slots:\n',
      'slots:\n  - { field: NguoiKy, role: practitioner, kind: person, title: { vi: A, en: A }, hint: { vi: A, en: A }, order: 2 }\n',
    );
    expect(await refusal()).toContain('the seal must come after every person');
  });

  it('may not be in force together with another of its id', async () => {
    await change('form.yaml', 'id: tai-lieu-moi', 'id: tai-lieu-pdf');
    await writeFile(
      join(folder(), 'schema.js'),
      `export { default } from ${JSON.stringify(join(ownFormsDir(), 'tai-lieu-pdf', 'schema.ts'))};`,
    );
    expect(await refusal()).toContain('two forms are in force');
  });
});
