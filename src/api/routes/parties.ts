/** `/v1/clinicians`: people and their certificates (reading). */
import { z } from '@hono/zod-openapi';
import type { Parties } from '../../parties/index.ts';
import { type App, addRoute, type RouteContext } from '../route.ts';

const CLINICIAN = z
  .object({
    id: z.uuid(),
    staffCode: z.string(),
    name: z.string(),
    title: z.string(),
    department: z.string(),
    roles: z.array(z.string()),
    active: z.boolean(),
  })
  .meta({ id: 'Clinician' });

const CREDENTIAL = z
  .object({
    id: z.uuid(),
    kind: z.enum(['pkcs12', 'external']),
    serial: z.string(),
    issuer: z.string(),
    fingerprint: z.string(),
    notAfter: z.string(),
    scheme: z.string(),
    withdrawn: z.boolean(),
  })
  .meta({ id: 'Credential' });

export function addPartyRoutes(app: App, context: RouteContext, { parties }: { parties: Parties }): void {
  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/clinicians',
      tag: 'parties',
      summary: { vi: 'Những người được phép ký', en: 'The people who may sign' },
      roles: ['clinician', 'records-officer', 'admin'],
      answers: {
        status: 200,
        description: 'All of the facility',
        schema: z.object({ clinicians: z.array(CLINICIAN) }),
      },
    },
    async ({ principal }) => {
      const clinicians = await parties.listClinicians(principal.facilityId);
      return Response.json({
        clinicians: clinicians.map(({ id, staffCode, name, title, department, roles, active }) => ({
          id,
          staffCode,
          name,
          title,
          department,
          roles,
          active,
        })),
      });
    },
  );

  addRoute(
    app,
    context,
    {
      method: 'get',
      path: '/v1/clinicians/:clinicianId/credentials',
      tag: 'parties',
      summary: {
        vi: 'Các chứng thư số của một người, mới nhất trước',
        en: 'The certificates of one person, newest first',
      },
      roles: ['clinician', 'admin'],
      answers: { status: 200, description: 'Certificates', schema: z.object({ credentials: z.array(CREDENTIAL) }) },
    },
    async ({ principal, params }) => {
      const clinician = await parties.findClinician(principal.facilityId, params.clinicianId ?? '');
      const credentials = await parties.listCredentials(principal.facilityId, clinician.id);
      return Response.json({
        credentials: credentials.map((one) => ({
          id: one.id,
          kind: one.kind,
          serial: one.serial,
          issuer: one.issuer,
          fingerprint: one.fingerprint,
          notAfter: one.notAfter.toISOString(),
          scheme: one.scheme.scheme,
          withdrawn: one.withdrawnAt !== undefined,
        })),
      });
    },
  );
}
