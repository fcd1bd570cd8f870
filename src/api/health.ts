/** Whether a process lives and whether it can do its work; and what it measures, on a port that patients' papers never pass. */
import { Hono } from 'hono';
import type { Metrics } from '../platform/metrics/index.ts';
import type { Readiness } from '../platform/readiness/index.ts';
import type { Env } from './declaration.ts';
import { SECURITY_HEADERS } from './headers.ts';

export interface HealthDeps {
  readonly readiness: () => Promise<Readiness>;
  /** Whether the process was asked to end. */
  readonly leaving: () => boolean;
}

/**
 * `/healthz`: the process answers and stays (200), whatever it depends on; 503 once it was asked to end, so that who balances
 * the load by it sends nothing more. `/readyz`: it can accept work (200) or not (503), and every reason.
 */
export function addHealthRoutes(app: Hono<Env>, deps: HealthDeps): void {
  app.get('/healthz', (c) => (deps.leaving() ? c.json({ status: 'leaving' }, 503) : c.json({ status: 'ok' })));
  app.get('/readyz', async (c) => {
    const answer = await deps.readiness();
    return c.json(answer, answer.ready ? 200 : 503);
  });
}

/** The app of METRICS_PORT, the same for API and workers: `/metrics`, `/healthz`, `/readyz`. Not for the outside. */
export function createOperationsApp(deps: HealthDeps & { readonly metrics: Pick<Metrics, 'expose'> }): Hono<Env> {
  const app = new Hono<Env>();
  app.use('*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  });
  addHealthRoutes(app, deps);
  app.get('/metrics', async (c) => {
    const { contentType, body } = await deps.metrics.expose();
    return c.body(body, 200, { 'content-type': contentType });
  });
  return app;
}
