/** Edge table: error → HTTP problem details (RFC 9457). Untyped errors lose their text here. */
import { z } from '@hono/zod-openapi';
import { type AppError, type ErrorKind, PROBLEMS, type ProblemCode, toAppError } from '../shared/index.ts';

export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  conflict: 409,
  stale: 412,
  locked: 423,
  limited: 429,
  upstream: 503,
  integrity: 500,
  internal: 500,
};

/** Codes about the HTTP exchange itself have the status that HTTP gives them. */
const STATUS_OF_CODE: Readonly<Partial<Record<ProblemCode, number>>> = {
  REQUEST_MALFORMED: 400,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TOO_LARGE: 413,
  REQUEST_TOO_SLOW: 408,
  REQUEST_HEADERS_TOO_LARGE: 431,
  MEDIA_TYPE_UNSUPPORTED: 415,
  // 401 is about the API key (RFC 9110 §15.5.2), which is right: a client must not throw it away.
  PIN_REJECTED: 403,
};

/** Seconds after which asking again makes sense. */
const RETRY_AFTER = 30;

const text = z.object({ vi: z.string(), en: z.string() });

/** Some codes add members of their own: `allow`, `maxBytes`, `triesLeft`, `retryAfterSeconds`. */
export const PROBLEM_SCHEMA = z
  .looseObject({
    type: z.string().describe('Page of the code, relative to this installation'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable, for programs'),
    vi: z.string(),
    en: z.string(),
    mend: text.describe('What to do'),
    requestId: z.string(),
    mistakes: z
      .array(z.object({ path: z.string().describe('JSON pointer'), code: z.string(), vi: z.string(), en: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem' });

type ProblemDetails = z.infer<typeof PROBLEM_SCHEMA>;

export function statusOf(error: AppError): number {
  return STATUS_OF_CODE[error.code] ?? STATUS_OF_KIND[error.kind];
}

/** The answer for any thrown thing; Vietnamese first. */
export function problemResponse(thrown: unknown, requestId: string): Response {
  const error = toAppError(thrown);
  const status = statusOf(error);
  const problem = PROBLEMS[error.code];
  const body: ProblemDetails = {
    ...error.extra,
    type: `/docs/problems/${error.code}`,
    title: problem.title.vi,
    status,
    detail: error.detail.vi,
    code: error.code,
    vi: error.detail.vi,
    en: error.detail.en,
    mend: problem.mend,
    requestId,
    ...(error.mistakes.length > 0 ? { mistakes: [...error.mistakes] } : {}),
  };
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="antin"';
  if (typeof error.extra.allow === 'string') headers.allow = error.extra.allow;
  if (error.kind === 'upstream' || error.kind === 'limited') {
    headers['retry-after'] = String(error.extra.retryAfterSeconds ?? RETRY_AFTER);
  }
  return new Response(JSON.stringify(body), { status, headers });
}
