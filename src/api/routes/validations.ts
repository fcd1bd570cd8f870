/** `POST /v1/validations`: any PDF → the validation report. */
import { z } from '@hono/zod-openapi';
import { type App, addRoute, type RouteContext } from '../route.ts';

/** The engine's report; delivery code does not know engines, so it is handed in as plain data. */
export type ValidateUpload = (pdf: Uint8Array) => Promise<object>;

export function addValidationRoutes(app: App, context: RouteContext, { validate }: { validate: ValidateUpload }): void {
  addRoute(
    app,
    context,
    {
      method: 'post',
      path: '/v1/validations',
      tag: 'validation',
      summary: {
        vi: 'Kiểm tra chữ ký của một tệp PDF bất kỳ (gửi chính tệp đó). Chữ ký sai là một kết quả, không phải lỗi',
        en: 'Validate the signatures of any PDF (body: the PDF). A bad signature is a result, not an error',
      },
      roles: ['intake', 'clinician', 'records-officer', 'legal-officer', 'admin', 'auditor'],
      takes: 'pdf',
      answers: { status: 200, description: 'The validation report', schema: z.record(z.string(), z.unknown()) },
    },
    async ({ files }) => Response.json(await validate(files?.[0] ?? new Uint8Array())),
  );
}
