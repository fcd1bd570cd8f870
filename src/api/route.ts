/** One way to add a route: the caller, the path, the query and the body are checked before its handler is asked. */
import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { parseShape } from '../forms/index.ts';
import { type HeldKey, IN_PROGRESS_MS, type Principal, requireRole } from '../platform/access/index.ts';
import { AppError, isId, type ProblemCode, sha256Hex } from '../shared/index.ts';
import type { App, Call, Env, Route, RouteContext } from './declaration.ts';
import { describe } from './openapi.ts';
import { readBody } from './request-body.ts';

export type { App, RouteContext };

/** Adds a route to the app and its description to the OpenAPI document. */
export function addRoute<Body = undefined>(
  app: App,
  context: RouteContext,
  route: Route<Body>,
  handle: (call: Call<Body>) => Promise<Response>,
): void {
  describe(app, route);
  app.on(route.method.toUpperCase(), route.path, async (c) => {
    const principal = await authenticate(c, context);
    context.limits.key(principal.keyId);
    requireRole(principal, ...route.roles);
    const params = checkParams(c);
    const query = checkQuery(c, route.query);
    const { body, files, raw } = await readBody(c, context, route);
    const call = { principal, params, query, headers: c.req.raw.headers, body, files };
    const key = route.idempotent === true ? c.req.header('idempotency-key') : undefined;
    if (key === undefined) return handle({ ...call, idempotencyKey: undefined });
    return withIdempotency(
      context,
      {
        facilityId: principal.facilityId,
        key,
        request: `${principal.keyId} ${c.req.method} ${c.req.path} ${sha256Hex(route.withoutSecrets === undefined ? raw : JSON.stringify(route.withoutSecrets(body)))}`,
      },
      (held) => handle({ ...call, idempotencyKey: held }),
    );
  });
}

/** Who tries keys is slowed down; it costs nobody with a right one anything. */
async function authenticate(c: Context<Env>, { access, limits }: RouteContext): Promise<Principal> {
  try {
    return await access.authenticate(c.req.header('authorization'));
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'API_KEY_REFUSED') limits.refusal(c.get('address'));
    throw thrown;
  }
}

async function withIdempotency(
  context: RouteContext,
  { facilityId, key, request }: { facilityId: string; key: string; request: string },
  handle: (held: HeldKey) => Promise<Response>,
): Promise<Response> {
  const claim = await context.idempotency.claim(facilityId, key, sha256Hex(request));
  if (claim.state === 'answered') {
    const { status, headers, body } = claim.response;
    return new Response(body, { status, headers: { ...headers, 'idempotency-replayed': 'true' } });
  }
  const { held } = claim;
  const keeping = setInterval(() => {
    context.idempotency
      .keep(held)
      .catch((error) => context.log.warn({ err: error }, 'could not keep an idempotency key'));
  }, IN_PROGRESS_MS / 3);
  try {
    const response = await handle(held);
    const body = await response.clone().text();
    await context.idempotency.answer(held, {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body,
    });
    return response;
  } catch (thrown) {
    // The database may be what failed: then the key is free when its time has run out.
    await context.idempotency.abandon(held).catch((error) => context.log.warn({ err: error }, 'a key was not freed'));
    throw thrown;
  } finally {
    clearInterval(keeping);
  }
}

function checkParams(c: Context<Env>): Record<string, string> {
  const params: Record<string, string> = c.req.param();
  for (const [name, value] of Object.entries(params)) {
    if (name.endsWith('Id') && !isId(value)) throw new AppError(UNKNOWN_ID[name] ?? 'DOCUMENT_UNKNOWN');
  }
  return params;
}

/** What cannot be an id of ours is as unknown as an id that nothing has. */
const UNKNOWN_ID: Readonly<Record<string, ProblemCode>> = {
  recordId: 'RECORD_UNKNOWN',
  clinicianId: 'PARTY_NOT_FOUND',
  turnId: 'TURN_UNKNOWN',
  sessionId: 'SESSION_UNKNOWN',
  findingId: 'FINDING_UNKNOWN',
};

function checkQuery(c: Context<Env>, schema: z.ZodObject | undefined): Record<string, string> {
  if (schema === undefined) return {};
  // A parameter that stands twice is left as a list, and no schema here takes a list.
  const sent = Object.entries(c.req.queries()).map(([name, values]) => [name, values.length > 1 ? values : values[0]]);
  const parsed = parseShape(schema.strict(), Object.fromEntries(sent), '');
  if ('mistakes' in parsed) throw new AppError('QUERY_INVALID', { mistakes: parsed.mistakes });
  return parsed.value as Record<string, string>;
}
