import { randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError, type Clock, digest } from '../../shared/index.ts';
import type { ApiKeyRow, Database, Tx } from '../db/index.ts';
import * as store from './store.ts';

export const ROLES = ['intake', 'clinician', 'records-officer', 'legal-officer', 'admin', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling. */
export interface Principal {
  readonly keyId: string;
  readonly facilityId: string;
  /** Name of the key, for lists. Not the name of a person. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The clinician for whom the key acts. */
  readonly clinicianId: string | undefined;
}

export interface NewApiKey {
  readonly facilityId: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly clinicianId?: string;
}

export interface ApiKeyRecord extends Principal {
  readonly createdAt: Date;
  readonly revokedAt: Date | undefined;
}

export interface Access {
  /** Makes a key `antin_<id>_<secret>`; the token is shown once, its secret kept only as SHA-256 of 256 random bits. */
  createApiKey(tx: Tx, key: NewApiKey): Promise<{ readonly id: string; readonly token: string }>;
  /** From the next request on. @returns false if the facility has no such key in force. */
  revokeApiKey(tx: Tx, facilityId: string, id: string): Promise<boolean>;
  listApiKeys(facilityId: string): Promise<ApiKeyRecord[]>;
  /** `Authorization: Bearer antin_…` → the caller. @throws API_KEY_MISSING, API_KEY_REFUSED (unknown, wrong, revoked, of a person who left: they look alike). */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

/** The scheme in any case (RFC 9110 §11.1); the id in lower-case hex, the secret in base64url. */
const TOKEN = /^[Bb][Ee][Aa][Rr][Ee][Rr] +antin_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function createAccess(deps: { database: Database; clock: Clock }): Access {
  const { database, clock } = deps;
  return {
    createApiKey: async (tx, key) => {
      const id = randomBytes(8).toString('hex');
      const secret = randomBytes(32).toString('base64url');
      await store.insertApiKey(tx, {
        id,
        facility_id: key.facilityId,
        name: key.name,
        secret_hash: hashOf(secret),
        roles: [...key.roles],
        clinician_id: key.clinicianId ?? null,
        created_at: clock.now(),
        revoked_at: null,
      });
      return { id, token: `antin_${id}_${secret}` };
    },
    revokeApiKey: (tx, facilityId, id) => store.revokeApiKey(tx, facilityId, id, clock.now()),
    listApiKeys: async (facilityId) => (await store.apiKeysOf(database.db, facilityId)).map(recordOf),
    authenticate: async (authorization) => {
      if (authorization === undefined || authorization.trim() === '') throw new AppError('API_KEY_MISSING');
      const [, id = '', secret = ''] = TOKEN.exec(authorization.trim()) ?? [];
      const row = id === '' ? undefined : await store.findApiKey(database.db, id);
      // Compared also when there is no such key, so that time tells nothing.
      const isRight = timingSafeEqual(hashOf(secret), row?.secret_hash ?? new Uint8Array(32));
      if (row === undefined || !isRight || row.revoked_at !== null || row.active === false) {
        throw new AppError('API_KEY_REFUSED');
      }
      const { createdAt: _, revokedAt: __, ...principal } = recordOf(row);
      return principal;
    },
  };
}

/** @throws ROLE_REQUIRED unless the caller has one of `roles`. */
export function requireRole(principal: Principal, ...roles: readonly Role[]): void {
  if (roles.some((role) => principal.roles.includes(role))) return;
  const wanted = roles.join(', ');
  throw new AppError('ROLE_REQUIRED', {
    detail: { vi: `Cần một trong các vai trò: ${wanted}.`, en: `One of these roles is needed: ${wanted}.` },
  });
}

/** The secret has 256 random bits: a fast hash is as good as a slow one, and costs each request nothing. */
function hashOf(secret: string): Uint8Array {
  return digest('SHA-256', Buffer.from(secret));
}

function recordOf(row: ApiKeyRow): ApiKeyRecord {
  return {
    keyId: row.id,
    facilityId: row.facility_id,
    name: row.name,
    roles: ROLES.filter((role) => row.roles.includes(role)),
    clinicianId: row.clinician_id ?? undefined,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
  };
}
