/** Printed numbers: each is given once; a document that is refused may use one up. */
import { expect, test } from 'vitest';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { receive } from '../support/journey.ts';

const running = useAntin({ jobs: false });

async function numberOf(id: string): Promise<string> {
  return (await running().antin.records.find(undefined, id)).number;
}

test('documents taken in at once get different numbers, nobody waits for another’s pages', async () => {
  const taken = await Promise.all(
    Array.from({ length: 12 }, () => receive(running(), dischargeCertificate(running()))),
  );
  const numbers = await Promise.all(taken.map(({ id }) => numberOf(id)));
  expect(new Set(numbers).size).toBe(12);
  expect(numbers.every((number) => /^0000\d\d\/GRV\/\d{4}$/.test(number))).toBe(true);
});

test('after a refusal the next document has another number than the last one', async () => {
  const { request, hospital } = running();
  const before = await receive(running(), dischargeCertificate(running()));
  const unprintable = dischargeCertificate(running(), { treatment: 'Một chữ không có trong bộ chữ: \u{1F600}' });
  const refused = await request('POST', '/v1/documents', { key: hospital.keys.intake, json: unprintable });
  expect(refused.status).toBe(422);
  const after = await receive(running(), dischargeCertificate(running()));
  expect(Number.parseInt(await numberOf(after.id), 10)).toBeGreaterThan(Number.parseInt(await numberOf(before.id), 10));
});

test('documents of one new record sent at once are all kept, and compared with each other', async () => {
  const { request, hospital } = running();
  const first = dischargeCertificate(running());
  const others = ['Nguyễn Thị Thử', 'Nguyễn Thị Thử', 'Lê Thị Khác'].map((fullName) => {
    const patient = { ...((first.content as Record<string, unknown>).patient as object), fullName };
    return { ...first, content: { ...first.content, patient } };
  });
  const answers = await Promise.all(
    others.map((json) => request('POST', '/v1/documents', { key: hospital.keys.intake, json })),
  );
  const bodies = await Promise.all(answers.map((answer) => answer.json()));
  // Two say the same and one contradicts them: whoever comes first decides who is refused.
  const kept = bodies.filter(({ id }) => id !== undefined);
  const refused = bodies.filter(({ code }) => code === 'FACTS_DISAGREE');
  expect(kept.length + refused.length).toBe(3);
  expect([1, 2]).toContain(kept.length);
  expect(new Set(kept.map(({ record }) => record.id)).size).toBe(1);
});
