/** The pages and documents that anybody may open. */
import { expect, test } from 'vitest';
import { PROBLEMS } from '../../src/shared/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';

const running = useAntin({ jobs: false });
const page = async (path: string) => {
  const answer = await running().request('GET', path);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

test('the OpenAPI document lists every route with its body and answers', async () => {
  const { paths } = JSON.parse((await page('/openapi.json')).text);
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/v1/documents',
      '/v1/documents/{documentId}',
      '/v1/documents/{documentId}/pdf',
      '/v1/documents/{documentId}/turns',
      '/v1/turns/{turnId}/complete',
      '/v1/sessions',
      '/v1/validations',
      '/v1/records/{recordId}/retention',
    ]),
  );
  expect(Object.keys(paths['/v1/documents'].post.requestBody.content)).toEqual([
    'application/json',
    'multipart/form-data',
  ]);
});

test('the reference shows every operation of that document', async () => {
  const { paths } = JSON.parse((await page('/openapi.json')).text);
  const { status, text } = await page('/docs');
  expect(status).toBe(200);
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods as object)) expect(text).toContain(`${method.toUpperCase()} ${path}`);
  }
});

test('every operation says what it is for in both languages, and every part has a Vietnamese heading', async () => {
  const { paths } = JSON.parse((await page('/openapi.json')).text);
  const { text } = await page('/docs');
  const operations = Object.values<Record<string, { summary: string; description: string; tags: string[] }>>(paths);
  for (const { summary, description, tags } of operations.flatMap((methods) => Object.values(methods))) {
    expect(summary.normalize('NFC')).toBe(summary);
    expect(summary, description).toMatch(/[\u00c0-\u1ef9]/);
    expect(description, summary).toMatch(/^[ -~]+\. Roles: [a-z, -]+$/);
    expect(text).toContain(`<span lang="en">${tags[0]}</span>`);
    expect(text).not.toContain(`<h2>${tags[0]} `);
  }
});

test('the description of the interface tells of every header that a request may carry, and what a problem holds', async () => {
  const { paths, components } = JSON.parse((await page('/openapi.json')).text);
  const headers = (operation: { parameters?: { in: string; name: string }[] }) =>
    (operation.parameters ?? []).filter((one) => one.in === 'header').map(({ name }) => name);
  expect(headers(paths['/v1/documents'].post)).toEqual(['idempotency-key']);
  expect(headers(paths['/v1/documents/{documentId}/withdraw'].post)).toEqual(['if-match']);
  expect(components.schemas.Problem.required).toEqual(
    expect.arrayContaining(['code', 'vi', 'en', 'mend', 'requestId', 'status', 'type']),
  );
});

test('every problem has a page in both languages; an unknown code has none', async () => {
  for (const [code, { title }] of Object.entries(PROBLEMS)) {
    const { status, text } = await page(`/docs/problems/${code}`);
    expect(status, code).toBe(200);
    expect(text).toContain(code);
    expect(title.vi.normalize('NFC'), code).toBe(title.vi);
  }
  expect((await page('/docs/problems/NO_SUCH_CODE')).status).toBe(404);
});

test('lookup: typed loosely, said plainly, nothing of the patient', async () => {
  const { hospital, request } = running();
  const json = dischargeCertificate(running());
  const received = await (await request('POST', '/v1/documents', { key: hospital.keys.intake, json })).json();
  const typed = received.lookup.code.toLowerCase().replace(/(.{4})/g, '$1-');
  const found = await page(`/tra-cuu/${encodeURIComponent(typed)}`);
  expect(found.status).toBe(200);
  expect(found.text).toContain('Chưa ký xong, chưa có giá trị');
  expect(found.text).toContain(received.number);
  for (const secret of ['Ví Dụ', '066158000123', 'J18.9', 'Viêm phổi']) expect(found.text).not.toContain(secret);
  expect(found.headers.get('content-security-policy')).toContain("default-src 'none'");

  const unknown = await page('/tra-cuu/AAAAAAAAAAAAAAAAAAAAAAAAAA');
  expect(unknown.status).toBe(404);
  expect(unknown.text).toContain('Không có giấy tờ nào mang mã này');
  expect((await page('/tra-cuu/%3Cscript%3Ealert(1)%3C%2Fscript%3E')).text).not.toContain('<script>');
});

test('a code that nobody has stands in the field again, as text', async () => {
  const { text } = await page(`/tra-cuu/${encodeURIComponent('ABC"><b>')}`);
  expect(text).toContain('value="ABC&quot;&gt;&lt;b&gt;"');
  expect(text).toContain('Hãy so lại từng ký tự với giấy');
});

test('a withdrawn document says so to whoever holds the paper', async () => {
  const { hospital, request } = running();
  const json = dischargeCertificate(running());
  const received = await (await request('POST', '/v1/documents', { key: hospital.keys.intake, json })).json();
  const key = hospital.keys.recordsOfficer;
  const answer = await request('POST', `/v1/documents/${received.id}/withdraw`, {
    key,
    json: { reason: 'Cấp nhầm người' },
  });
  expect(answer.status).toBe(200);
  expect((await page(`/tra-cuu/${received.lookup.code}`)).text).toContain('Đã thu hồi, không còn giá trị');
});

test('too many lookups from one address have to wait', async () => {
  let status = 0;
  for (let count = 0; count < 70 && status !== 429; count += 1)
    ({ status } = await page('/tra-cuu/AAAAAAAAAAAAAAAAAAAAAAAAAA'));
  expect(status).toBe(429);
});

test('who opens an address that is not there gets a page, a program gets a problem', async () => {
  const open = (path: string, accept: string) => running().request('GET', path, { headers: { accept } });
  const browser = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';
  const shown = await open('/khong-co', browser);
  expect([shown.status, shown.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await shown.text()).toContain('Không có trang này');
  for (const [path, accept] of [
    ['/khong-co', 'application/json'],
    ['/v1/khong-co', browser],
  ] as const) {
    const told = await open(path, accept);
    expect(told.headers.get('content-type'), path).toMatch(/^application\/problem\+json/);
    expect((await told.json()).code).toBe('ROUTE_UNKNOWN');
  }
});

test('what is code in a text is shown as code', async () => {
  expect((await page('/docs')).text).toContain('<code>after</code>');
  expect((await page('/docs/problems/RATE_LIMITED')).text).toContain('<code>Retry-After</code>');
});
