/** `/v1/records`: facts of an episode and how long its documents are kept, with the reasoning. */
import { z } from '@hono/zod-openapi';
import { type Archive, retentionFacts } from '../../archive/index.ts';
import type { Records } from '../../records/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';

export interface RecordRoutesDeps {
  readonly records: Records;
  readonly archive: Archive;
}

const text = z.object({ vi: z.string(), en: z.string() });

export function addRecordRoutes(app: App, context: RouteContext, deps: RecordRoutesDeps): void {
  const { records, archive } = deps;

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/records/:recordId',
      tag: 'records',
      summary: {
        vi: 'Dữ kiện của một hồ sơ và các tài liệu của hồ sơ đó',
        en: 'Facts of one record and its documents',
      },
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
      summary: {
        vi: 'Hồ sơ được lưu trữ bao lâu, căn cứ pháp lý và cách suy ra',
        en: 'How long the record is kept, on which legal basis, and the reasoning',
      },
      roles: ['records-officer', 'legal-officer', 'admin', 'auditor'],
      answers: {
        status: 200,
        description: 'What the rules say as the facts stand now, and what the archive has promised (dates only grow)',
        schema: z.object({
          state: z.string(),
          class: z.string(),
          retainUntil: z.string(),
          shownAs: text,
          permanent: z.boolean(),
          legalBasis: text,
          reasoning: z.array(text),
          promised: z.object({ state: z.string(), class: z.string(), retainUntil: z.string() }).nullable(),
        }),
      },
    },
    async ({ principal, params }) => {
      const record = await records.findRecord(principal.facilityId, params.recordId ?? '');
      const explained = archive.explain(retentionFacts(record.facts));
      const { shownAs, permanent, legalBasis, reasoning } = explained;
      const promised = await archive.retentionOf(principal.facilityId, record.id);
      return Response.json({
        ...within(explained),
        shownAs,
        permanent,
        legalBasis,
        reasoning,
        promised: promised === undefined ? null : within(promised),
      });
    },
  );
}

const within = (kept: { state: string; class: string; retainUntil: Date }) => ({
  state: kept.state,
  class: kept.class,
  retainUntil: kept.retainUntil.toISOString(),
});
