/** What lies around every route: a name for each request, its log line and count, limits by address, headers, answers to errors. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError, isRequestId, newId, toAppError, withRequestId } from '../shared/index.ts';
import type { App, Env, RouteContext } from './declaration.ts';
import { HSTS, SECURITY_HEADERS } from './headers.ts';
import { problemResponse, statusOf } from './problem.ts';

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
