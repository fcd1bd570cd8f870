/** The HTTP interface: every route, the OpenAPI document made of them, health. Stateless: any number of processes may serve it. */
import type { Archive } from '../archive/index.ts';
import type { Parties } from '../parties/index.ts';
import type { Access, Idempotency } from '../platform/access/index.ts';
import type { Metrics } from '../platform/metrics/index.ts';
import type { Readiness } from '../platform/readiness/index.ts';
import type { Records, Work } from '../records/index.ts';
import { type Clock, type Log, VERSION } from '../shared/index.ts';
import type { Signing } from '../signing/index.ts';
import { createCallerAddress } from './caller-address.ts';
import type { App } from './declaration.ts';
import { createApp, refuseOtherMethods } from './frame.ts';
import { addHealthRoutes } from './health.ts';
import { createLimits, type LimitSettings } from './limits.ts';
import { addDocumentRoutes } from './routes/documents.ts';
import { addOperationRoutes } from './routes/operations.ts';
import { addPartyRoutes } from './routes/parties.ts';
import { addRecordRoutes } from './routes/records.ts';
import { addSigningRoutes } from './routes/signing.ts';
import { addValidationRoutes, type ValidateUpload } from './routes/validations.ts';

export interface ApiDeps {
  readonly access: Access;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly work: Work;
  readonly signing: Signing;
  readonly archive: Archive;
  readonly parties: Parties;
  readonly validate: ValidateUpload;
  readonly lookupUrl: (code: string) => string;
  readonly maxPdfBytes: number;
  /** The whole body of a request must arrive within this time. */
  readonly bodyTimeoutMs: number;
  readonly readiness: () => Promise<Readiness>;
  /** Whether the process was asked to end. */
  readonly leaving: () => boolean;
  readonly metrics: Pick<Metrics, 'countRequest'>;
  readonly limits: LimitSettings;
  /** Addresses and ranges of the reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** People reach the installation by https. */
  readonly https: boolean;
}

/** Content of one form as JSON is small; this is generous. */
const MAX_JSON_BYTES = 2 * 1024 * 1024;
/** Multipart framing and metadata around the file itself. */
const MULTIPART_OVERHEAD = 4 * 1024 * 1024;

export function createApi(deps: ApiDeps): App {
  const limits = createLimits(deps.limits, deps.clock);
  const app = createApp({
    ...deps,
    limits,
    callerAddress: createCallerAddress(deps.trustedProxies),
    countRequest: deps.metrics.countRequest,
  });
  const context = {
    ...deps,
    limits,
    json: { maxBytes: MAX_JSON_BYTES, timeoutMs: deps.bodyTimeoutMs },
    upload: { maxBytes: deps.maxPdfBytes + MULTIPART_OVERHEAD, timeoutMs: deps.bodyTimeoutMs },
  };
  addDocumentRoutes(app, context, deps);
  addSigningRoutes(app, context, deps);
  addValidationRoutes(app, context, deps);
  addRecordRoutes(app, context, deps);
  addPartyRoutes(app, context, deps);
  addOperationRoutes(app, context, deps);

  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Ấn Tín',
      version: VERSION,
      description: 'Ký số và lưu trữ hồ sơ bệnh án. Digital signature and provable archive of hospital records.',
    },
  });
  addHealthRoutes(app, deps);
  refuseOtherMethods(app);
  return app;
}
