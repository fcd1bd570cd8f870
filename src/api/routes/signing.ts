/** `/v1/turns`, `/v1/sessions`: signing in two steps, and many documents under one PIN. */
import { z } from '@hono/zod-openapi';
import type { Principal } from '../../platform/access/index.ts';
import { AppError } from '../../shared/index.ts';
import type { OpenTurn, SessionRequest, Signing } from '../../signing/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';
import { actorOf } from './documents.ts';

const base64 = z.base64().max(131_072);

const OPEN_TURN = z
  .strictObject({
    credential: z.uuid(),
    field: z.string().max(64).optional().describe('Slot; absent: the first open one this person may sign'),
  })
  .meta({ id: 'OpenTurn' });

const TURN = z
  .object({
    id: z.uuid(),
    document: z.uuid(),
    field: z.string(),
    renditionSha256: z.string(),
    toSign: z.object({
      signedAttributes: z.string().describe('DER, base64: sign these bytes'),
      digest: z.string().describe('Digest of signedAttributes, base64: for signers that take digests'),
      digestAlgorithm: z.string(),
      scheme: z.enum(['rsa-pkcs1', 'rsa-pss', 'ecdsa']),
    }),
    leaseUntil: z.string(),
  })
  .meta({ id: 'Turn' });

const COMPLETE = z.union([z.strictObject({ signature: base64 }), z.strictObject({ cms: base64 })]).meta({
  id: 'SignatureAnswer',
  description: 'The signature value over signedAttributes (ECDSA as DER), or a whole CMS',
});

const SESSION_REQUEST = z
  .strictObject({
    credential: z.uuid(),
    pin: z.string().min(1).max(256),
    documents: z
      .array(z.strictObject({ id: z.uuid(), renditionSha256: z.string().length(64).optional() }))
      .min(1)
      .max(200),
  })
  .meta({ id: 'SessionRequest' });

const SESSION = z
  .object({
    id: z.uuid(),
    openedAt: z.string(),
    closedAt: z.string(),
    results: z.array(z.record(z.string(), z.unknown())),
  })
  .meta({ id: 'Session' });

export function addSigningRoutes(app: App, context: RouteContext, { signing }: { signing: Signing }): void {
  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/documents/:documentId/turns',
      tag: 'signing',
      summary: {
        vi: 'Mở lượt ký: trả về dữ liệu cần ký, giữ tài liệu trong mười phút',
        en: 'Open a signing turn: returns what is to be signed, holds the document for ten minutes',
      },
      roles: ['clinician'],
      body: OPEN_TURN,
      takes: 'json',
      answers: { status: 201, description: 'The turn', schema: TURN },
      idempotent: true,
    },
    async ({ principal, params, body }) => {
      const turn = await signing.openTurn({
        facilityId: principal.facilityId,
        actor: actorOf(principal),
        clinicianId: clinicianOf(principal),
        documentId: params.documentId ?? '',
        credentialId: body.credential,
        field: body.field,
      });
      return Response.json(turnJson(turn), { status: 201 });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/turns/:turnId/complete',
      tag: 'signing',
      summary: {
        vi: 'Gửi chữ ký của lượt ký đang mở; chữ ký được kiểm tra trước khi đưa vào tài liệu',
        en: 'Give the signature of an open turn; it is verified before it is embedded',
      },
      roles: ['clinician'],
      body: COMPLETE,
      takes: 'json',
      answers: {
        status: 200,
        description: 'Signed and durable',
        schema: z.object({
          document: z.uuid(),
          field: z.string(),
          level: z.string(),
          timestampOwed: z.boolean(),
          sha256: z.string(),
        }),
      },
      idempotent: true,
    },
    async ({ principal, params, body }) => {
      const answer =
        'cms' in body
          ? { cms: new Uint8Array(Buffer.from(body.cms, 'base64')) }
          : { signature: new Uint8Array(Buffer.from(body.signature, 'base64')) };
      const { documentId, ...done } = await signing.completeTurn({
        facilityId: principal.facilityId,
        actor: actorOf(principal),
        clinicianId: clinicianOf(principal),
        turnId: params.turnId ?? '',
        answer,
      });
      return Response.json({ document: documentId, ...done });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'delete',
      path: '/v1/turns/:turnId',
      tag: 'signing',
      summary: { vi: 'Trả lại lượt ký mà không ký', en: 'Give the turn back without a signature' },
      roles: ['clinician'],
      answers: { status: 204, description: 'The document is free again' },
    },
    async ({ principal, params }) => {
      await signing.cancelTurn({
        facilityId: principal.facilityId,
        actor: actorOf(principal),
        clinicianId: clinicianOf(principal),
        turnId: params.turnId ?? '',
      });
      return new Response(null, { status: 204 });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/sessions',
      tag: 'signing',
      summary: {
        vi: 'Ký nhiều tài liệu bằng khóa lưu tại đây, nhập PIN một lần; mỗi tài liệu một dòng kết quả',
        en: 'Sign many documents with a key kept here, under one PIN; one result line each',
      },
      roles: ['clinician'],
      body: SESSION_REQUEST,
      takes: 'json',
      answers: { status: 201, description: 'The session with its results', schema: SESSION },
      idempotent: true,
      withoutSecrets: ({ credential, documents }) => ({ credential, documents }),
    },
    async ({ principal, body }) => {
      const request: SessionRequest = {
        facilityId: principal.facilityId,
        actor: actorOf(principal),
        clinicianId: clinicianOf(principal),
        credentialId: body.credential,
        pin: body.pin,
        documents: body.documents,
      };
      return Response.json(await signing.openSession(request), { status: 201 });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/sessions/:sessionId',
      tag: 'signing',
      summary: { vi: 'Một phiên ký và kết quả của phiên', en: 'A signing session and its results' },
      roles: ['clinician'],
      answers: { status: 200, description: 'The session', schema: SESSION },
    },
    async ({ principal, params }) =>
      Response.json(await signing.findSession(principal.facilityId, clinicianOf(principal), params.sessionId ?? '')),
  );
}

/** Signing needs a person behind the key. */
function clinicianOf(principal: Principal): string {
  if (principal.clinicianId === undefined) throw new AppError('ROLE_REQUIRED');
  return principal.clinicianId;
}

function turnJson(turn: OpenTurn): z.infer<typeof TURN> {
  const { prepared } = turn;
  return {
    id: turn.id,
    document: turn.documentId,
    field: turn.field,
    renditionSha256: turn.renditionSha256,
    toSign: {
      signedAttributes: prepared.signedAttributes,
      digest: prepared.toSign,
      digestAlgorithm: prepared.scheme.digest,
      scheme: prepared.scheme.scheme,
    },
    leaseUntil: turn.leaseUntil.toISOString(),
  };
}
