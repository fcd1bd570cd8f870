/** The app that a port serves: JSON for systems, pages for people. */
import { type App, createApi, DEFAULT_LIMITS } from '../api/index.ts';
import { addConsole } from '../console/index.ts';
import { createLookup } from '../evidence/index.ts';
import { softwareKeyStatement } from '../legal-mode/index.ts';
import type { Metrics } from '../platform/metrics/index.ts';
import { createWork } from '../records/index.ts';
import type { Conditions } from './conditions.ts';
import type { Ground } from './ground.ts';
import type { ComposeOptions } from './options.ts';
import { type Slices, UPLOAD } from './slices.ts';
import type { Trust } from './trust.ts';

const BODY_TIMEOUT_MS = 30_000;

export function openDoors(
  options: ComposeOptions,
  { database, access, idempotency, outbox, audit }: Ground,
  { validation }: Trust,
  { parties, records, signing, archive, lookupUrl }: Slices,
  { readiness, leaving }: Conditions,
  metrics: Metrics,
): App {
  const { clock, log, mode } = options;
  const limits = options.limits ?? DEFAULT_LIMITS;
  const statement = softwareKeyStatement(mode, options.accepted?.softwareKeysAcceptedBy);
  const app = createApi({
    access,
    idempotency,
    clock,
    log,
    records,
    work: createWork({ database, outbox, audit }),
    signing,
    archive,
    parties,
    validate: async (pdf) => ({
      ...(await validation.validate(pdf, { file: UPLOAD, at: clock.now() })),
      ...statement,
    }),
    lookupUrl,
    maxPdfBytes: options.maxPdfBytes,
    bodyTimeoutMs: options.bodyTimeoutMs ?? BODY_TIMEOUT_MS,
    readiness,
    leaving,
    metrics,
    limits,
    trustedProxies: options.trustedProxies ?? [],
    https: options.publicBaseUrl.startsWith('https:'),
  });
  addConsole(app, {
    lookup: createLookup({ records, parties }),
    clock,
    demo: mode === 'demo',
    lookupsPerMinute: limits.lookupsPerAddress,
    openApi: async () => (await app.request('/openapi.json')).json(),
  });
  return app;
}
