/** `/v1/operations`: jobs that gave up and their new start; what the sweeps of the archive found and what people decide about it. */
import { z } from '@hono/zod-openapi';
import type { Archive, ArchiveFinding } from '../../archive/index.ts';
import { ARCHIVE_PROBLEM_WORDS } from '../../archive/index.ts';
import type { StoppedWork, Work } from '../../records/index.ts';
import { AppError } from '../../shared/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';
import { actorOf, REASON } from './documents.ts';

export const STOPPED_SCHEMA = z.object({
  id: z.int(),
  job: z.string(),
  document: z.uuid(),
  attempts: z.int(),
  cause: z.string(),
  stoppedAt: z.string(),
});

export const stoppedJson = ({ id, job, documentId, attempts, causeCode, stoppedAt }: StoppedWork) => ({
  id,
  job,
  document: documentId,
  attempts,
  cause: causeCode,
  stoppedAt: stoppedAt.toISOString(),
});

const FINDING_SCHEMA = z
  .object({
    id: z.uuid(),
    problem: z.string(),
    title: z.object({ vi: z.string(), en: z.string() }),
    mend: z.object({ vi: z.string(), en: z.string() }),
    objectKey: z.string(),
    objectVersion: z.string(),
    document: z.uuid().nullable(),
    n: z.int().nullable(),
    code: z.string().nullable().describe('Of the error, where there was one'),
    firstSeenAt: z.string(),
    lastSeenAt: z.string(),
    decision: z.enum(['keep', 'let-go']).nullable(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'Finding' });

const DECISION = REASON.extend({
  decision: z
    .enum(['keep', 'let-go'])
    .describe('`keep`: it stays, and stays locked. `let-go`: its lock runs out. Nothing is ever shortened or removed'),
}).meta({ id: 'Decision' });

const findingJson = (finding: ArchiveFinding) => ({
  id: finding.id,
  problem: finding.problem,
  ...ARCHIVE_PROBLEM_WORDS[finding.problem],
  objectKey: finding.key,
  objectVersion: finding.versionId,
  document: finding.documentId ?? null,
  n: finding.n ?? null,
  code: finding.code ?? null,
  firstSeenAt: finding.firstSeenAt.toISOString(),
  lastSeenAt: finding.lastSeenAt.toISOString(),
  decision: finding.decision ?? null,
  decidedAt: finding.decidedAt?.toISOString() ?? null,
});

export function addOperationRoutes(
  app: App,
  context: RouteContext,
  { work, archive }: { work: Work; archive: Archive },
): void {
  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/operations/stopped',
      tag: 'operations',
      summary: {
        vi: 'Các tác vụ đã dừng, mới nhất trước, kèm nguyên nhân',
        en: 'Jobs that gave up, newest first, each with its cause',
      },
      roles: ['records-officer', 'admin', 'auditor'],
      answers: { status: 200, description: 'At most 500', schema: z.object({ stopped: z.array(STOPPED_SCHEMA) }) },
    },
    async ({ principal }) =>
      Response.json({ stopped: (await work.listStopped(principal.facilityId)).map(stoppedJson) }),
  );

  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/operations/stopped/:work/restart',
      tag: 'operations',
      summary: { vi: 'Cho một tác vụ đã dừng chạy lại', en: 'Start a stopped job anew' },
      roles: ['records-officer', 'admin'],
      answers: { status: 204, description: 'It runs again' },
    },
    async ({ principal, params }) => {
      const id = Number(params.work);
      if (!Number.isSafeInteger(id) || id < 1) throw new AppError('WORK_NOT_STOPPED');
      await work.restart(principal.facilityId, id, actorOf(principal));
      return new Response(null, { status: 204 });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/operations/findings',
      tag: 'operations',
      summary: {
        vi: 'Những điểm bất thường mà các đợt rà soát kho lưu trữ phát hiện và chưa kết thúc, cũ nhất trước; điểm đã có quyết định ở cuối',
        en: 'What the sweeps of the archive found and what has not ended, oldest first; decided ones last',
      },
      roles: ['records-officer', 'admin', 'auditor'],
      answers: { status: 200, description: 'At most 500', schema: z.object({ findings: z.array(FINDING_SCHEMA) }) },
    },
    async ({ principal }) =>
      Response.json({ findings: (await archive.listFindings(principal.facilityId)).map(findingJson) }),
  );

  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/operations/findings/:findingId/decision',
      tag: 'operations',
      summary: {
        vi: 'Quyết định về một phiên bản không ai đăng ký (`unknown`, `surplus`); sau đó không còn là cảnh báo',
        en: 'Decide about a version that nobody registered (`unknown`, `surplus`); it is no alarm any more then',
      },
      roles: ['records-officer'],
      body: DECISION,
      takes: 'json',
      answers: { status: 200, description: 'The finding', schema: FINDING_SCHEMA },
    },
    async ({ principal, params, body }) => {
      const { facilityId } = principal;
      const decided = { ...body, facilityId, findingId: params.findingId ?? '', actor: actorOf(principal) };
      return Response.json(findingJson(await archive.decideFinding(decided)));
    },
  );
}
