/** One way to declare a route: what it is for, who may call it, what goes in. The OpenAPI document is made of the same declaration. */

import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { parseShape } from '../forms/index.ts';
import {
  type Access,
  type HeldKey,
  type Idempotency,
  IN_PROGRESS_MS,
  type Principal,
  type Role,
  requireRole,
} from '../platform/access/index.ts';
import {
  AppError,
  type BilingualText,
  type Clock,
  isId,
  isRequestId,
  type Log,
  newId,
  type ProblemCode,
  sha256Hex,
  toAppError,
  withRequestId,
} from '../shared/index.ts';
import { type BodyLimits, checkShape, parseJson, readBytes } from './body.ts';
import { HSTS, SECURITY_HEADERS } from './headers.ts';
import type { Limits } from './limits.ts';
import { PROBLEM_SCHEMA, problemResponse, statusOf } from './problem.ts';

export type Env = {
  Variables: {
    requestId: string;
    /** Of the caller, by the network: what requests are counted by. */
    address: string;
  };
};
export type App = OpenAPIHono<Env>;

export interface RouteContext {
  readonly access: Access;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly json: BodyLimits;
  readonly upload: BodyLimits;
}

/** What a handler is given: the caller, the path, and the checked body. */
export interface Call<Body> {
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  /** Checked by the route's `query`; empty if the route takes none. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly body: Body;
  readonly files: readonly Uint8Array[] | undefined;
  /** On routes that take an `Idempotency-Key`, when one was sent: to keep the answer in the effect's transaction. */
  readonly idempotencyKey: HeldKey | undefined;
}

export interface Route<Body> {
  readonly method: 'get' | 'post' | 'delete';
  /** Hono pattern: `/v1/documents/:id`. Parameters named `…id` must be ids of ours. */
  readonly path: string;
  readonly tag: string;
  readonly summary: BilingualText;
  /** Any of these roles; absent: open to everybody. */
  readonly roles: readonly Role[];
  /** Parameters that may stand once each after `?`; all others are refused. Absent: what stands there is ignored. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType<Body>;
  /** `json`, or `json-or-files`: multipart with a `metadata` part and one or more `file` parts. */
  readonly takes?: 'json' | 'json-or-files' | 'pdf';
  readonly answers: {
    readonly status: number;
    readonly description: string;
    readonly schema?: z.ZodType;
    readonly mediaType?: string;
  };
  /** Takes an `If-Match` with the ETag of what is changed. */
  readonly ifMatch?: boolean;
  /** Repeating the request with the same `Idempotency-Key` gives the same answer and no second effect. */
  readonly idempotent?: boolean;
  /** The body without what must not be guessed from the stored hash of a request (a PIN). */
  readonly withoutSecrets?: (body: Body) => unknown;
}

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

async function readBody<Body>(
  c: Context<Env>,
  context: RouteContext,
  route: Route<Body>,
): Promise<{ body: Body; files: readonly Uint8Array[] | undefined; raw: Uint8Array }> {
  const nothing = { body: undefined as Body, files: undefined, raw: new Uint8Array() };
  if (route.takes === undefined) return nothing;
  const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (route.takes === 'pdf') {
    if (type !== 'application/pdf') throw new AppError('MEDIA_TYPE_UNSUPPORTED');
    const raw = await readBytes(c.req.raw, context.upload);
    return { body: undefined as Body, files: [raw], raw };
  }
  if (type === 'multipart/form-data' && route.takes === 'json-or-files') {
    const raw = await readBytes(c.req.raw, context.upload);
    const form = await parseMultipart(raw, c.req.header('content-type') ?? '');
    return { body: shape(route, form.metadata), files: form.files, raw };
  }
  if (type !== 'application/json') throw new AppError('MEDIA_TYPE_UNSUPPORTED');
  const raw = await readBytes(c.req.raw, context.json);
  return { body: shape(route, parseJson(raw)), files: undefined, raw };
}

function shape<Body>(route: Route<Body>, value: unknown): Body {
  return route.body === undefined ? (undefined as Body) : checkShape(route.body, value);
}

async function parseMultipart(
  raw: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<{ metadata: unknown; files: Uint8Array[] }> {
  let form: FormData;
  try {
    form = await new Response(raw, { headers: { 'content-type': contentType } }).formData();
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', { cause });
  }
  const [metadata, ...others] = form.getAll('metadata');
  if (metadata === undefined || others.length > 0) {
    throw new AppError('REQUEST_MALFORMED', {
      detail: { vi: 'Cần đúng một phần `metadata` (JSON)', en: 'Exactly one part `metadata` (JSON) is needed' },
    });
  }
  return { metadata: parseJson(await bytesOf(metadata)), files: await Promise.all(form.getAll('file').map(bytesOf)) };
}

async function bytesOf(part: File | string): Promise<Uint8Array> {
  return typeof part === 'string' ? new TextEncoder().encode(part) : new Uint8Array(await part.arrayBuffer());
}

/**
 * Answers METHOD_NOT_ALLOWED, with what is allowed, where a route knows the address but not the method (RFC 9110 §15.5.6).
 * To be called when all routes are there.
 */
export function refuseOtherMethods(app: App): void {
  const methods = new Map<string, string[]>();
  for (const { path, method } of app.routes) {
    if (method !== 'ALL') methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, () => {
      throw new AppError('METHOD_NOT_ALLOWED', { extra: { allow: [...new Set(allowed)].join(', ') } });
    });
  }
}

/** Bytes, as OpenAPI 3.1 says it. */
const BINARY = z.string().openapi({ type: 'string', format: 'binary' });

function describe<Body>(app: App, route: Route<Body>): void {
  const headers = [
    ...(route.idempotent === true ? ['idempotency-key'] : []),
    ...(route.ifMatch === true ? ['if-match'] : []),
  ];
  const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
  const json = route.body === undefined ? undefined : { 'application/json': { schema: route.body } };
  const multipart =
    route.takes === 'json-or-files'
      ? { 'multipart/form-data': { schema: z.object({ metadata: z.string(), file: z.array(BINARY) }) } }
      : undefined;
  const pdf = route.takes === 'pdf' ? { 'application/pdf': { schema: BINARY } } : undefined;
  const content = { ...json, ...multipart, ...pdf };
  app.openAPIRegistry.registerPath({
    method: route.method,
    path: route.path.replace(/:(\w+)/g, '{$1}'),
    tags: [route.tag],
    summary: route.summary.vi,
    description: `${route.summary.en}. Roles: ${route.roles.join(', ')}`,
    security: [{ apiKey: [] }],
    request: {
      ...(names.length > 0 ? { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) } : {}),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(headers.length > 0
        ? { headers: z.object(Object.fromEntries(headers.map((name) => [name, z.string().optional()]))) }
        : {}),
      ...(Object.keys(content).length > 0 ? { body: { content, required: true } } : {}),
    },
    responses: {
      [route.answers.status]: {
        description: route.answers.description,
        ...(route.answers.schema === undefined
          ? {}
          : { content: { 'application/json': { schema: route.answers.schema } } }),
        ...(route.answers.mediaType === undefined
          ? {}
          : { content: { [route.answers.mediaType]: { schema: BINARY } } }),
      },
      default: {
        description: 'Problem details (RFC 9457)',
        content: { 'application/problem+json': { schema: PROBLEM_SCHEMA } },
      },
    },
  });
}

export interface AppContext extends Pick<RouteContext, 'clock' | 'log' | 'limits'> {
  readonly callerAddress: (c: Context) => string;
  /** People reach the installation by https: browsers are told to use nothing else. */
  readonly https: boolean;
  readonly countRequest: (about: { method: string; route: string; status: number; seconds: number }) => void;
}

/** Asked often, by machines that must get an answer. */
const UNCOUNTED = ['/healthz', '/readyz'];

/** An app that names every request, counts it, and answers every error as problem details. */
export function createApp(context: AppContext): App {
  const app = new OpenAPIHono<Env>();
  app.use('*', async (c, next) => {
    const sent = c.req.header('x-request-id') ?? '';
    const requestId = isRequestId(sent) ? sent.toLowerCase() : newId(context.clock.now());
    c.set('requestId', requestId);
    c.set('address', context.callerAddress(c));
    const began = performance.now();
    await withRequestId(requestId, next);
    c.header('x-request-id', requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
    if (context.https) c.header('strict-transport-security', HSTS);
    const milliseconds = performance.now() - began;
    const about = { method: c.req.method, route: c.req.routePath, status: c.res.status };
    context.countRequest({ ...about, seconds: milliseconds / 1000 });
    withRequestId(requestId, () => context.log.info({ ...about, ms: Math.round(milliseconds) }, 'request'));
  });
  app.use('*', async (c, next) => {
    if (!UNCOUNTED.includes(c.req.path)) context.limits.address(c.get('address'));
    await next();
  });
  app.onError((thrown, c) => {
    const error = toAppError(thrown);
    const requestId = c.get('requestId');
    const level = statusOf(error) >= 500 ? 'error' : 'info';
    withRequestId(requestId, () =>
      context.log[level]({ code: error.code, err: level === 'error' ? (error.cause ?? error) : undefined }, 'refused'),
    );
    return problemResponse(error, requestId);
  });
  app.notFound((c) => problemResponse(new AppError('ROUTE_UNKNOWN'), c.get('requestId')));
  return app;
}
