/** `/v1/operations`: jobs that gave up, and giving them another start once the cause is mended. */
import { z } from '@hono/zod-openapi';
import type { StoppedWork, Work } from '../../records/index.ts';
import { AppError } from '../../shared/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';
import { actorOf } from './documents.ts';

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

export function addOperationRoutes(app: App, context: RouteContext, { work }: { work: Work }): void {
  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/operations/stopped',
      tag: 'operations',
      summary: 'Jobs that gave up, newest first, each with its cause',
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
      summary: 'Start a stopped job anew',
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
}
