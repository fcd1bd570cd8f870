import { afterAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../src/shared/index.ts';
import { greyPng } from '../engines/render/pictures.ts';
import { testRenderer } from '../engines/render/support.ts';
import { context, forms, NOW, sampleWith } from './support.ts';

const renderer = testRenderer();
afterAll(() => renderer.close());

const ours = forms.list().filter((form) => form.source === 'content');

describe.each(ours.map((form) => [form.id, form] as const))('%s', (_id, form) => {
  const content = form.check(form.sample(), NOW);

  it('gives the same bytes twice, with a box for every signature', async () => {
    const first = await renderer.render(form.job(content, context));
    const second = await renderer.render(form.job(content, context));
    expect(sha256Hex(second.pdf)).toBe(sha256Hex(first.pdf));
    expect(first.slots.map(({ field }) => field)).toEqual(form.slots.map(({ field }) => field));
    for (const { rect, page } of first.slots) {
      expect(page).toBe(first.pages);
      expect(rect[2] - rect[0]).toBeCloseTo(153.07, 1);
      expect(rect[3] - rect[1]).toBeCloseTo(73.7, 1);
    }
  });

  it('attaches the content, with what was printed around it', async () => {
    const { sourceJson } = await renderer.render(form.job(content, context));
    expect(JSON.parse(new TextDecoder().decode(sourceJson))).toMatchObject({
      form: form.id,
      documentNumber: context.documentNumber,
      lookupCode: context.lookupCode,
      issuedAt: NOW.toISOString(),
      demo: false,
      content,
    });
  });

  it('differs when any value differs, and as a trial copy', async () => {
    const real = await renderer.render(form.job(content, context));
    const other = form.check({ ...form.sample(), recordNumber: '26.0260452' }, NOW);
    const changed = await renderer.render(form.job(other, context));
    const trial = await renderer.render(form.job(content, { ...context, demo: true }));
    expect(new Set([real, changed, trial].map(({ pdf }) => sha256Hex(pdf))).size).toBe(3);
  });
});

it('names no patient in the title, which search engines and window bars show', () => {
  for (const form of ours) {
    expect(form.job(form.check(form.sample(), NOW), context).title).not.toMatch(/Ví Dụ/i);
  }
});

it('prints every optional part of a certificate', async () => {
  const form = forms.find('giay-ra-vien', NOW);
  const sent = sampleWith('giay-ra-vien', {
    guardians: [{ relation: 'father', fullName: 'Trần Văn Mẫu' }],
    pregnancy: { terminationReason: 'Thai lưu', terminatedAt: '2026-03-05T09:00:00+07:00', gestationalWeeks: 20 },
  });
  const { pages } = await renderer.render(form.job(form.check(sent, NOW), context));
  expect(pages).toBe(1);
});

it('sets a summary as long as its fields allow, and keeps the signatures with text', async () => {
  const form = forms.find('tom-tat-ho-so-benh-an', NOW);
  const long = 'Người bệnh tỉnh, tiếp xúc tốt, không sốt. '.repeat(185).trim();
  const sent = sampleWith('tom-tat-ho-so-benh-an', { course: long, tests: long });
  const { pages, slots } = await renderer.render(form.job(form.check(sent, NOW), context));
  expect(pages).toBeGreaterThan(3);
  expect(slots.every(({ page }) => page === pages)).toBe(true);
});

it('makes a rendition of scanned pages, with the metadata as source', async () => {
  const form = forms.find('tai-lieu-pdf', NOW);
  const content = form.check(form.sample(), NOW);
  const rendition = await renderer.renderScan(form.scanJob(content, [greyPng(210, 297), greyPng(297, 210)], context));
  expect(rendition.pages).toBe(2);
  expect(JSON.parse(new TextDecoder().decode(rendition.sourceJson))).toMatchObject({ form: 'tai-lieu-pdf', content });
});
