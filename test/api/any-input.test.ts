/** Whatever comes in, the door holds: no answer is a 500, and what is refused leaves nothing behind. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settableClock } from '../../src/shared/index.ts';
import { buildPdf, KINDS, ONE_PAGE } from '../engines/pdf/build-pdf.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { everythingKept, pdfMetadata, post, refusalOf, type Sent, upload } from './support.ts';

const running = useAntin({ clock: settableClock(new Date('2026-06-01T02:00:00Z')), jobs: false });

/** Sends each of many inputs; compares what is kept once at the end, and the refusals one by one. */
async function holds<T>(inputs: fc.Arbitrary<T>, numRuns: number, send: (input: T) => Sent): Promise<void> {
  const before = await everythingKept(running());
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const answer = await post(running(), send(input));
      if (answer.status === 201) accepted += 1;
      else await refusalOf(answer);
    }),
    { numRuns },
  );
  if (accepted === 0) expect(await everythingKept(running())).toEqual(before);
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('\0', '\ud800', '\udfff', '\u202e', '漢', '\n', '#', '"', 'ệ', '̣', ' ') }),
);
const anyJson = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 });

test('any JSON as a request', () => holds(anyJson, 300, (json) => ({ json })), 120_000);

test('any JSON as content of each form', () => {
  const types = fc.constantFrom('giay-ra-vien', 'tom-tat-ho-so-benh-an', 'tai-lieu-pdf');
  return holds(fc.tuple(types, anyJson), 300, ([type, content]) => ({
    json: { type, record: { number: '1' }, content },
  }));
}, 120_000);

test('any bytes as a body, under any media type', () => {
  const types = fc.constantFrom(
    'application/json',
    'multipart/form-data; boundary=x',
    'application/pdf',
    'text/plain',
    '',
  );
  return holds(fc.tuple(types, fc.uint8Array({ maxLength: 2000 })), 300, ([type, body]) => ({
    body: new Uint8Array(body),
    headers: { 'content-type': type },
  }));
}, 120_000);

test('a right certificate with one value replaced by any other', () => {
  const content = dischargeCertificate(running()).content as Record<string, unknown>;
  const paths = placesIn(content);
  return holds(fc.tuple(fc.constantFrom(...paths), fc.oneof(anyJson, anyText)), 300, ([path, value]) => {
    const intake = dischargeCertificate(running());
    return { json: { ...intake, content: replaced(intake.content, path, value) } };
  });
}, 120_000);

/** Letters the fonts have: whatever is made of them must be printed, however unlikely. */
const printableText = fc.string({
  unit: fc.constantFrom(...'aWiệỮđ0 #$*_\\`"\'<>@~=/-–…()[]{}.,;:\n\u0301'),
  minLength: 1,
  maxLength: 1500,
});

test('any printable text in the fields of running text, and any number, is printed or refused', () => {
  const number = fc.string({ unit: fc.constantFrom(...'WĐỮ0 ./_-'), minLength: 1, maxLength: 64 });
  return holds(
    fc.tuple(printableText, printableText, fc.option(number, { nil: undefined })),
    100,
    ([treatment, note, id]) => ({
      json: { ...dischargeCertificate(running(), { treatment, note }), ...(id === undefined ? {} : { number: id }) },
    }),
  );
}, 240_000);

test('any file, and any damage to a sound PDF', () => {
  const damage = fc.record({
    kind: fc.constantFrom(...KINDS),
    at: fc.nat(2000),
    bytes: fc.uint8Array({ maxLength: 40 }),
    drop: fc.nat(40),
  });
  const damaged = damage.map(({ kind, at, bytes, drop }) => {
    const pdf = buildPdf({ ...ONE_PAGE, 4: { dict: '/Filter /FlateDecode', data: deflateSync('0 0 m') } }, kind);
    const place = at % pdf.length;
    return Buffer.concat([pdf.subarray(0, place), bytes, pdf.subarray(place + drop)]);
  });
  const heads = fc.constantFrom('', '%PDF-1.7\n', '\xff\xd8\xff', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR');
  const random = fc
    .tuple(heads, fc.uint8Array({ maxLength: 3000 }))
    .map(([head, rest]) => Buffer.concat([Buffer.from(head, 'latin1'), rest]));
  return holds(fc.oneof(damaged, random), 300, (file) => upload(pdfMetadata(running()), file));
}, 240_000);

test('any query, any id, any key', () => {
  const inputs = fc.record({ query: anyText, id: anyText, key: fc.string({ maxLength: 300 }) });
  return holds(inputs, 200, ({ query, id, key }) => ({
    method: 'GET',
    path: `/v1/documents/${encodeURIComponent(id.toWellFormed())}?${encodeURIComponent(query.toWellFormed())}`,
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': key },
    key: null,
  }));
}, 120_000);

type Path = readonly (string | number)[];

/** Every place in a JSON value, the leaves and what holds them. */
function placesIn(value: unknown, path: Path = []): Path[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [...(path.length > 0 ? [path] : []), ...inner.flatMap(([key, member]) => placesIn(member, [...path, key]))];
}

function replaced(whole: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(whole);
  let holder = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[String(path.at(-1))] = value;
  return copy;
}
