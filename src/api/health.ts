/** Whether a process lives and whether it can do its work; and what it measures, on a port that patients' papers never pass. */
import { Hono } from 'hono';
import type { Metrics } from '../platform/metrics/index.ts';
import type { Readiness } from '../platform/readiness/index.ts';
import { SECURITY_HEADERS } from './headers.ts';
import type { Env } from './route.ts';

/** `/healthz`: the process answers. `/readyz`: it can accept work (200) or not (503), and every reason. */
export function addHealthRoutes(app: Hono<Env>, readiness: () => Promise<Readiness>): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const answer = await readiness();
    return c.json(answer, answer.ready ? 200 : 503);
  });
}

/** The app of METRICS_PORT, the same for API and workers: `/metrics`, `/healthz`, `/readyz`. Not for the outside. */
export function createOperationsApp(deps: {
  readonly metrics: Pick<Metrics, 'expose'>;
  readonly readiness: () => Promise<Readiness>;
}): Hono<Env> {
  const app = new Hono<Env>();
  app.use('*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  });
  addHealthRoutes(app, deps.readiness);
  app.get('/metrics', async (c) => {
    const { contentType, body } = await deps.metrics.expose();
    return c.body(body, 200, { 'content-type': contentType });
  });
  return app;
}
