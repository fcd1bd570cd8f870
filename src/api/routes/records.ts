/** `/v1/records`: facts of an episode and how long its documents are kept, with the reasoning. */
import { z } from '@hono/zod-openapi';
import type { RetentionPolicy } from '../../archive/index.ts';
import { type Archive, explain, retentionFacts } from '../../archive/index.ts';
import type { Records } from '../../records/index.ts';
import type { Clock } from '../../shared/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';

export interface RecordRoutesDeps {
  readonly records: Records;
  readonly archive: Archive;
  readonly policies: readonly RetentionPolicy[];
  readonly clock: Clock;
}

const text = z.object({ vi: z.string(), en: z.string() });

export function addRecordRoutes(app: App, context: RouteContext, deps: RecordRoutesDeps): void {
  const { records, policies, clock } = deps;

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/records/:recordId',
      tag: 'records',
      summary: 'Facts of one record and its documents',
      roles: ['clinician', 'records-officer', 'legal-officer', 'admin'],
      answers: {
        status: 200,
        description: 'The record',
        schema: z.object({
          id: z.uuid(),
          number: z.string(),
          facts: z.record(z.string(), z.unknown()),
          documents: z.array(z.uuid()),
        }),
      },
    },
    async ({ principal, params }) => {
      const record = await records.findRecord(principal.facilityId, params.recordId ?? '');
      const documents = await records.list(principal.facilityId, { recordId: record.id, limit: 100 });
      return Response.json({
        id: record.id,
        number: record.number,
        facts: record.facts,
        documents: documents.map((one) => one.id),
      });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/records/:recordId/retention',
      tag: 'records',
      summary: 'How long the record is kept, on which legal basis, and the reasoning',
      roles: ['records-officer', 'legal-officer', 'admin', 'auditor'],
      answers: {
        status: 200,
        description: 'Retention as the facts stand now',
        schema: z.object({
          state: z.string(),
          class: z.string(),
          retainUntil: z.string(),
          shownAs: text,
          permanent: z.boolean(),
          legalBasis: text,
          reasoning: z.array(text),
        }),
      },
    },
    async ({ principal, params }) => {
      const record = await records.findRecord(principal.facilityId, params.recordId ?? '');
      const explained = explain(retentionFacts(record.facts), policies, clock.now());
      const { state, retainUntil, shownAs, permanent, legalBasis, reasoning } = explained;
      return Response.json({
        state,
        class: explained.class,
        retainUntil: retainUntil.toISOString(),
        shownAs,
        permanent,
        legalBasis,
        reasoning,
      });
    },
  );
}
