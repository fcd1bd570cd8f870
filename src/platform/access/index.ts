/** Who may call: API keys with roles, and the memory that makes a repeated POST harmless. */
export {
  type Access,
  type ApiKeyRecord,
  createAccess,
  type NewApiKey,
  type Principal,
  ROLES,
  type Role,
  requireRole,
} from './api-key.ts';
export {
  createIdempotency,
  type HeldKey,
  type Idempotency,
  type IdempotencyClaim,
  IN_PROGRESS_MS,
} from './idempotency.ts';
export { createRateLimit, type RateLimit } from './rate-limit.ts';
export type { StoredResponse } from './stored-response.ts';
