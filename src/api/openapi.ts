/** The OpenAPI document, made of the same declarations as the routes. */
import { z } from '@hono/zod-openapi';
import type { App, Route } from './declaration.ts';
import { PROBLEM_SCHEMA } from './problem.ts';

/** Bytes, as OpenAPI 3.1 says it. */
const BINARY = z.string().openapi({ type: 'string', format: 'binary' });

/** Adds a route to the document. */
export function describe<Body>(app: App, route: Route<Body>): void {
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
