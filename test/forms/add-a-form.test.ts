import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadForms, ownFormsDir } from '../../src/forms/index.ts';
import { testRenderer } from '../engines/render/support.ts';
import { context, NOW } from './support.ts';

const renderer = testRenderer();
afterAll(() => renderer.close());

/** The files of docs/add-a-form.md: each heading names one, the fenced block below it is its text. */
async function filesOfTheGuide(root: string): Promise<[string, string][]> {
  const guide = await readFile(join(root, 'docs', 'add-a-form.md'), 'utf8');
  return [...guide.matchAll(/^### `([^`]+)`.*\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, file = '', text = '']) => [
    file,
    text,
  ]);
}

it('a form added by the guide is found, checks its content, and is set', async () => {
  const root = dirname(dirname(ownFormsDir()));
  const files = await filesOfTheGuide(root);
  expect(files.map(([file]) => file)).toEqual(['form.yaml', 'schema.ts', 'rules.ts', 'template.typ', 'sample.json']);

  // A tree as in a checkout, with nothing in its forms folder but the new one.
  const copy = await mkdtemp(join(tmpdir(), 'antin-new-form-'));
  try {
    const formsDir = join(copy, 'src', 'forms');
    await mkdir(join(formsDir, 'giay-hen-kham-lai'), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const part of ['shared', 'engines']) await symlink(join(root, 'src', part), join(copy, 'src', part));
    for (const file of (await readdir(ownFormsDir())).filter((name) => name.endsWith('.ts'))) {
      await symlink(join(ownFormsDir(), file), join(formsDir, file));
    }
    for (const [file, text] of files) await writeFile(join(formsDir, 'giay-hen-kham-lai', file), text);

    const forms = await loadForms(undefined, formsDir);
    expect(forms.list()).toHaveLength(4);
    const form = forms.find('giay-hen-kham-lai', NOW);
    expect(form.mistakes({ ...form.sample(), appointmentDay: '2026-03-14' }, NOW)).toEqual([
      {
        path: '/content/appointmentDay',
        code: 'NOT_AFTER_DISCHARGE',
        vi: 'Ngày hẹn phải sau ngày ra viện',
        en: 'The appointment must lie after discharge',
      },
    ]);
    const content = form.check(form.sample(), NOW);
    expect(form.facts(content)).toMatchObject({
      recordNumber: '26.0260451',
      dischargedAt: '2026-03-14T10:30:00+07:00',
    });
    const { pages, slots } = await renderer.render(form.job(content, context));
    expect(pages).toBe(1);
    expect(slots.map(({ field }) => field)).toEqual(['NguoiHanhNghe', 'DauDonVi']);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});
