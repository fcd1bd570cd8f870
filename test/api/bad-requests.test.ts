/** Requests that should not have been made: to where, of what, twice, too late. */
import { expect, test } from 'vitest';
import { newId, settableClock } from '../../src/shared/index.ts';
import { buildPdf, ONE_PAGE } from '../engines/pdf/build-pdf.ts';
import { dischargeCertificate, type RunningAntin, useAntin } from '../support/antin.ts';
import { admin, clinician, received } from './certificates.ts';
import { type BadInput, everythingKept, pdfMetadata, post, refusalOf, refuses, type Sent, upload } from './support.ts';

const clock = settableClock(new Date('2026-06-01T02:00:00Z'));
const running = useAntin({ clock, jobs: false });

const ID = newId(new Date('2026-06-01T00:00:00Z'));

const certificate = (headers: Record<string, string>): BadInput['send'] => {
  return (antin): Sent => ({ json: dischargeCertificate(antin), headers });
};

refuses(running, 'addresses and methods', [
  { name: 'no such address', send: () => ({ path: '/v1/patients', json: {} }), status: 404, code: 'ROUTE_UNKNOWN' },
  {
    name: 'an address too long',
    send: () => ({ path: `/v1/documents/${ID}/pdf/pdf` }),
    status: 404,
    code: 'ROUTE_UNKNOWN',
  },
  {
    name: 'a half-written escape',
    send: () => ({ method: 'GET', path: '/v1/documents/%E1%BB' }),
    status: 404,
    code: 'DOCUMENT_UNKNOWN',
  },
  {
    name: 'a way up',
    send: () => ({ method: 'GET', path: '/v1/documents/..%2f..%2fetc' }),
    status: 404,
    code: 'DOCUMENT_UNKNOWN',
  },
  { name: 'PUT on the list', send: () => ({ method: 'PUT', json: {} }), status: 405, code: 'METHOD_NOT_ALLOWED' },
  {
    name: 'DELETE on a document',
    send: () => ({ method: 'DELETE', path: `/v1/documents/${ID}` }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
  },
  {
    name: 'GET on sessions',
    send: () => ({ method: 'GET', path: '/v1/sessions' }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
  },
  {
    name: 'PATCH on health',
    send: () => ({ method: 'PATCH', path: '/healthz' }),
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
  },
]);

test('the refusal of a method says which ones there are', async () => {
  const answer = await post(running(), { method: 'PUT', json: {} });
  expect(answer.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'POST']);
});

refuses(running, 'Idempotency-Key', [
  { name: 'empty', send: certificate({ 'idempotency-key': '' }), status: 422, code: 'IDEMPOTENCY_KEY_INVALID' },
  { name: 'two words', send: certificate({ 'idempotency-key': 'a b' }), status: 422, code: 'IDEMPOTENCY_KEY_INVALID' },
  {
    name: 'not ASCII',
    send: certificate({ 'idempotency-key': 'kh\u00f3a' }),
    status: 422,
    code: 'IDEMPOTENCY_KEY_INVALID',
  },
  {
    name: 'too long',
    send: certificate({ 'idempotency-key': 'k'.repeat(256) }),
    status: 422,
    code: 'IDEMPOTENCY_KEY_INVALID',
  },
  {
    name: 'the same key with another body',
    send: async (antin) => {
      await received(antin, { 'idempotency-key': 'used' });
      return { json: dischargeCertificate(antin), headers: { 'idempotency-key': 'used' } };
    },
    status: 422,
    code: 'IDEMPOTENCY_KEY_REUSED',
  },
  {
    name: 'a refused request leaves its key free',
    send: () => ({ json: {}, headers: { 'idempotency-key': 'free' } }),
    status: 422,
    code: 'CONTENT_INVALID',
  },
]);

test('a key whose request was refused serves the corrected request', async () => {
  const headers = { 'idempotency-key': 'corrected' };
  const wrong = await post(running(), { json: dischargeCertificate(running(), { treatment: '\0' }), headers });
  expect((await refusalOf(wrong)).code).toBe('CHARACTER_FORBIDDEN');
  await received(running(), headers);
});

const list = (query: string): BadInput['send'] => admin('GET', `/v1/documents?${query}`);

refuses(
  running,
  'query parameters',
  (
    [
      ['a limit of words', 'limit=many', [['/limit', 'INVALID']]],
      ['a limit of nothing', 'limit=', [['/limit', 'INVALID']]],
      ['a limit of zero', 'limit=0', [['/limit', 'INVALID']]],
      ['a limit of more than there is', 'limit=101', [['/limit', 'INVALID']]],
      ['a limit below zero', 'limit=-1', [['/limit', 'INVALID']]],
      ['a state that is none', 'state=lost', [['/state', 'NOT_ALLOWED']]],
      ['two states', 'state=rendered&state=sealed', [['/state', 'NOT_ALLOWED']]],
      ['a record that is no id', 'record=26.0000001', [['/record', 'INVALID']]],
      ['a cursor with a quotation mark', 'after=%27%20or%201%3D1', [['/after', 'INVALID']]],
      ['NUL', 'after=%00', [['/after', 'INVALID']]],
      ['a parameter that does not exist', 'recrod=1', [['/recrod', 'UNKNOWN_FIELD']]],
      [
        'all at once',
        'limit=x&state=y&after=z&q=1',
        [
          ['/limit', 'INVALID'],
          ['/state', 'NOT_ALLOWED'],
          ['/after', 'INVALID'],
          ['/q', 'UNKNOWN_FIELD'],
        ],
      ],
    ] as const
  ).map(([name, query, mistakes]) => ({
    name,
    send: list(query),
    status: 422,
    code: 'QUERY_INVALID' as const,
    mistakes,
  })),
);

refuses(running, 'media types', [
  ...['text/plain', 'application/xml', 'application/octet-stream', 'nonsense', 'application/jsonx'].map((type) => ({
    name: `JSON as ${type}`,
    send: (antin: RunningAntin) => ({
      body: JSON.stringify(dischargeCertificate(antin)),
      headers: { 'content-type': type },
    }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED' as const,
  })),
  {
    name: 'a PDF as the body of an intake',
    send: () => ({ body: new Uint8Array(buildPdf(ONE_PAGE)), headers: { 'content-type': 'application/pdf' } }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
  {
    name: 'files where none are taken',
    send: async (antin) => {
      const { id } = await received(antin);
      return {
        ...upload({ reason: 'Sai tên' }, 'x'),
        path: `/v1/documents/${id}/return`,
        key: antin.hospital.keys.admin,
      };
    },
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
  {
    name: 'JSON to the validation',
    send: () => ({ path: '/v1/validations', json: {} }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
]);

refuses(running, 'states', [
  {
    name: 'If-Match of another version',
    send: async (antin) => ({
      path: `/v1/documents/${(await received(antin)).id}/withdraw`,
      key: antin.hospital.keys.admin,
      json: { reason: 'Nhập nhầm' },
      headers: { 'if-match': '"v7"' },
    }),
    status: 412,
    code: 'ETAG_MISMATCH',
  },
  {
    name: 'a withdrawal of what is withdrawn',
    send: async (antin) => {
      const sent = {
        path: `/v1/documents/${(await received(antin)).id}/withdraw`,
        key: antin.hospital.keys.admin,
        json: { reason: 'Nhập nhầm' },
      };
      expect((await post(antin, sent)).status).toBe(200);
      return sent;
    },
    status: 409,
    code: 'STATE_FORBIDS',
  },
  {
    name: 'no reason',
    send: async (antin) => ({
      path: `/v1/documents/${(await received(antin)).id}/withdraw`,
      key: antin.hospital.keys.admin,
      json: { reason: '  ' },
    }),
    status: 422,
    code: 'CONTENT_INVALID',
    mistakes: [['/reason', 'REQUIRED']],
  },
  {
    name: 'another birthday than the other document of the record says',
    send: async (antin) => {
      const intake = dischargeCertificate(antin);
      expect((await post(antin, { json: intake })).status).toBe(201);
      const content = { ...intake.content, dischargedAt: '2026-03-14T11:00:00+07:00' };
      return { json: { ...intake, content } };
    },
    status: 409,
    code: 'FACTS_DISAGREE',
  },
  {
    name: 'a record number that is not the one of the content',
    send: (antin) => ({ json: { ...dischargeCertificate(antin), record: { number: 'KHÁC-1' } } }),
    status: 422,
    code: 'RECORD_MISMATCH',
  },
  {
    name: 'a session without documents, PIN and credential',
    send: clinician('POST', '/v1/sessions', { documents: [], pin: '' }),
    status: 422,
    code: 'CONTENT_INVALID',
    mistakes: [
      ['/credential', 'REQUIRED'],
      ['/pin', 'REQUIRED'],
      ['/documents', 'TOO_FEW'],
    ],
  },
]);

test('answers that change nothing change nothing: reading, validating, looking up', async () => {
  const { id } = await received(running());
  const { keys } = running().hospital;
  const before = await everythingKept(running());
  for (const sent of [
    { method: 'GET', path: `/v1/documents/${id}`, key: keys.admin },
    { method: 'HEAD', path: `/v1/documents/${id}`, key: keys.admin },
    { method: 'GET', path: '/v1/documents?limit=100&state=rendered', key: keys.admin },
    {
      path: '/v1/validations',
      body: new Uint8Array(buildPdf(ONE_PAGE)),
      headers: { 'content-type': 'application/pdf' },
    },
    { method: 'GET', path: '/tra-cuu/khong-co' },
  ]) {
    expect((await post(running(), sent)).status).toBeLessThan(500);
  }
  expect(await everythingKept(running())).toEqual(before);
  expect((await post(running(), upload(pdfMetadata(running()), buildPdf(ONE_PAGE)))).status).toBe(201);
});

test('the description of the interface names every address, and what a problem looks like', async () => {
  const answer = await post(running(), { method: 'GET', path: '/openapi.json', key: null });
  expect(answer.status, await answer.clone().text()).toBe(200);
  const description = (await answer.json()) as { openapi: string; paths: Record<string, Record<string, unknown>> };
  expect(description.openapi).toMatch(/^3\.1\./);
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const served = running()
    .antin.app.routes.filter(({ path, method }) => path.startsWith('/v1/') && method !== 'ALL')
    .map(({ path, method }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual(served.toSorted());
});
