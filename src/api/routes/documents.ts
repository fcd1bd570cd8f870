/** `/v1/documents`: intake and reading. */
import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Archive } from '../../archive/index.ts';
import { says } from '../../forms/index.ts';
import type { Idempotency, Principal, Role } from '../../platform/access/index.ts';
import type { AuditActor } from '../../platform/audit/index.ts';
import { DOCUMENT_STATES, type Document, type Records, type Work } from '../../records/index.ts';
import { AppError, nfc, unprintableCharacters } from '../../shared/index.ts';
import { DOCUMENT_SCHEMA, documentJson, etagOf } from '../documents-json.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';

export interface DocumentRoutesDeps {
  readonly records: Records;
  readonly archive: Archive;
  readonly work: Work;
  readonly idempotency: Idempotency;
  readonly lookupUrl: (code: string) => string;
}

const READERS: readonly Role[] = ['intake', 'clinician', 'records-officer', 'legal-officer', 'admin', 'auditor'];

const INTAKE = z
  .strictObject({
    type: z.string().max(64).describe('Form: giay-ra-vien, tom-tat-ho-so-benh-an, tai-lieu-pdf'),
    record: z.strictObject({
      number: z.string().max(64),
      causes: z
        .array(z.string().max(64))
        .max(20)
        .optional()
        .describe('Facts that documents do not say: traffic-accident …'),
      outcome: z.string().max(64).optional(),
    }),
    number: z.string().max(64).optional().describe('Printed number; given by the system if absent'),
    content: z
      .unknown()
      .refine((sent) => sent !== undefined, says('REQUIRED', 'Thiếu thông tin bắt buộc', 'This field is required'))
      .describe('Content of the form, or the metadata of an upload; see docs/api-guide.md'),
    supersedes: z.uuid().optional(),
  })
  .meta({ id: 'Intake' });

export const REASON = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(3)
      .max(500)
      .refine(
        (text) => unprintableCharacters(text).length === 0,
        says('CHARACTER_FORBIDDEN', 'Có ký tự điều khiển hoặc ký tự ẩn', 'Contains control or invisible characters'),
      )
      .overwrite(nfc),
  })
  .meta({ id: 'Reason' });

const PAGE = z.object({
  record: z.uuid().optional(),
  state: z.enum(DOCUMENT_STATES).optional(),
  after: z.uuid().optional(),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/)
    .optional()
    .describe('1 to 100; 25 if absent'),
});

export const actorOf = (principal: Principal): AuditActor =>
  principal.clinicianId === undefined
    ? { kind: 'api-key', id: principal.keyId }
    : { kind: 'person', id: principal.clinicianId };

export function addDocumentRoutes(app: App, context: RouteContext, deps: DocumentRoutesDeps): void {
  const { records, archive, work, lookupUrl } = deps;
  const shown = async (document: Document) =>
    documentJson(document, {
      archived: await archive.findArchived(place(document)),
      work: await work.about(document.facilityId, document.id),
      lookupUrl,
    });
  const answer = async (document: Document): Promise<Response> =>
    Response.json(await shown(document), { headers: { etag: etagOf(document) } });

  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/documents',
      tag: 'documents',
      summary: {
        vi: 'Tiếp nhận tài liệu đã hoàn tất: nội dung biểu mẫu (JSON), hoặc PDF, bản quét (multipart: metadata, file)',
        en: 'Take in a finalized document: form content (JSON), or a PDF or scans (multipart: metadata, file)',
      },
      roles: ['intake', 'admin'],
      body: INTAKE,
      takes: 'json-or-files',
      answers: { status: 201, description: 'Durable: rendered and waiting for its signers', schema: DOCUMENT_SCHEMA },
      idempotent: true,
    },
    async ({ principal, body, files, idempotencyKey }) => {
      const document = await records.receive({
        ...body,
        facilityId: principal.facilityId,
        actor: actorOf(principal),
        files,
        alongside: async (tx, received) => {
          if (idempotencyKey === undefined) return;
          const text = JSON.stringify(documentJson(received, { lookupUrl }));
          const headers = { 'content-type': 'application/json', etag: etagOf(received) };
          await deps.idempotency.answerWith(tx, idempotencyKey, { status: 201, headers, body: text });
        },
      });
      // Nothing lies around a new document but the seal that some ask for.
      const headers = { etag: etagOf(document) };
      return Response.json(documentJson(document, { lookupUrl }), { status: 201, headers });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/documents',
      tag: 'documents',
      summary: {
        vi: 'Liệt kê tài liệu, mới nhất trước; `after` là mã tài liệu cuối của trang trước',
        en: 'List documents, newest first; `after` is the last id of the page before',
      },
      roles: READERS,
      query: PAGE,
      answers: {
        status: 200,
        description: 'One page',
        schema: z.object({ documents: z.array(DOCUMENT_SCHEMA), next: z.string().nullable() }),
      },
    },
    async ({ principal, query }) => {
      const { record, state, after, limit: asked } = PAGE.parse(query);
      const limit = Number(asked ?? 25);
      const documents = await records.list(principal.facilityId, {
        limit,
        ...(record && { recordId: record }),
        ...(after && { after }),
        ...(state && { state }),
      });
      const next = documents.length === limit ? (documents.at(-1)?.id ?? null) : null;
      return Response.json({ documents: await Promise.all(documents.map(shown)), next });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/documents/:documentId',
      tag: 'documents',
      summary: {
        vi: 'Một tài liệu: trạng thái, các ô ký, mức chữ ký, nơi lưu giữ',
        en: 'One document: state, slots, level, custody',
      },
      roles: READERS,
      answers: { status: 200, description: 'The document', schema: DOCUMENT_SCHEMA },
    },
    async ({ principal, params }) => answer(await records.find(principal.facilityId, params.documentId ?? '')),
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/documents/:documentId/pdf',
      tag: 'documents',
      summary: {
        vi: 'Bản PDF mới nhất; tài liệu đã lưu trữ được lấy từ kho khóa. Mỗi lần đọc đều tính lại mã băm',
        en: 'The newest bytes; archived ones come from the locked store. Re-hashed on every read',
      },
      roles: READERS,
      answers: { status: 200, description: 'The PDF', mediaType: 'application/pdf' },
    },
    async ({ principal, params }) => {
      const document = await records.find(principal.facilityId, params.documentId ?? '');
      const fetchArchived = async () =>
        (await archive.fetchArchived({ ...place(document), actor: actorOf(principal) })).bytes;
      if (document.state === 'archived' || document.state === 'superseded') {
        return pdfResponse(await fetchArchived(), document);
      }
      try {
        const pdf = await records.bytes(document);
        await records.noteReading(document, 'pdf', actorOf(principal));
        return pdfResponse(pdf, document);
      } catch (thrown) {
        // Archived since it was read a moment ago: the work copies are gone, the archive has it.
        if (!(thrown instanceof AppError) || thrown.code !== 'OBJECT_NOT_FOUND') throw thrown;
        return pdfResponse(await fetchArchived(), document);
      }
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/documents/:documentId/content',
      tag: 'documents',
      summary: { vi: 'Nội dung đã in, dạng JSON', en: 'The content that was printed, as JSON' },
      roles: READERS,
      answers: { status: 200, description: 'The content', schema: z.record(z.string(), z.unknown()) },
    },
    async ({ principal, params }) => {
      const document = await records.find(principal.facilityId, params.documentId ?? '');
      await records.noteReading(document, 'content', actorOf(principal));
      return Response.json(document.content);
    },
  );

  for (const verb of ['return', 'withdraw'] as const) {
    addRoute(
      app,
      context,
      {
        method: 'post',
        path: `/v1/documents/:documentId/${verb}`,
        tag: 'documents',
        summary:
          verb === 'return'
            ? { vi: 'Trả lại cho người lập, kèm lý do', en: 'Send back to its author, with a reason' }
            : { vi: 'Thu hồi, kèm lý do', en: 'Withdraw, with a reason' },
        ifMatch: true,
        roles: verb === 'return' ? ['clinician', 'records-officer', 'admin'] : ['intake', 'records-officer', 'admin'],
        body: REASON,
        takes: 'json',
        answers: { status: 200, description: 'The document', schema: DOCUMENT_SCHEMA },
      },
      async ({ principal, params, body, headers }) => {
        const id = params.documentId ?? '';
        const before = await records.find(principal.facilityId, id);
        const expected = headers.get('if-match');
        if (expected !== null && expected !== etagOf(before)) throw new AppError('ETAG_MISMATCH');
        const by = {
          actor: actorOf(principal),
          reason: body.reason,
          ...(expected === null ? {} : { version: before.version }),
        };
        const act = verb === 'return' ? records.returnDocument : records.withdraw;
        return answer(await act(principal.facilityId, id, by));
      },
    );
  }
}

const place = ({ facilityId, id }: Document) => ({ facilityId, documentId: id });

/** RFC 9530 Content-Digest; the ETag of bytes is their digest. */
function pdfResponse(pdf: Uint8Array, document: Document): Response {
  const digest = createHash('sha256').update(pdf).digest();
  return new Response(new Uint8Array(pdf), {
    headers: {
      'content-type': 'application/pdf',
      'content-length': String(pdf.length),
      'content-digest': `sha-256=:${digest.toString('base64')}:`,
      etag: `"${digest.toString('hex')}"`,
      'content-disposition': `attachment; filename="${document.form}-${document.id}.pdf"`,
    },
  });
}
