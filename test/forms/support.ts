import { type FormContent, loadForms, type PrintContext } from '../../src/forms/index.ts';

export const forms = await loadForms();

/** Shortly after the samples' discharge. */
export const NOW = new Date('2026-03-14T11:00:00+07:00');

export const context: PrintContext = {
  facility: { name: 'Bệnh viện Đa khoa Minh Hoạ', parentAuthority: 'Sở Y tế tỉnh Minh Hoạ', place: 'Minh Hoạ' },
  documentNumber: '0451/GRV-2026',
  lookupCode: '7K3M9QXTA1B2C3D4E5F6G7H8JK',
  lookupUrl: 'https://benhvien.example.vn/tra-cuu/7K3M9QXTA1B2C3D4E5F6G7H8JK',
  issuedAt: NOW,
  demo: false,
};

/** The sample of a form with some members replaced; `undefined` removes. */
export function sampleWith(id: string, changes: Record<string, unknown> = {}): FormContent {
  return JSON.parse(JSON.stringify({ ...forms.find(id, NOW).sample(), ...changes }));
}

/** `path code` of every mistake, without the leading `/content`. */
export function mistakesOf(id: string, content: unknown, now: Date = NOW): string[] {
  return forms
    .find(id, NOW)
    .mistakes(content, now)
    .map(({ path, code }) => `${path.replace(/^\/content/, '')} ${code}`);
}
