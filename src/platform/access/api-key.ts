import type { Clock } from '../../shared/index.ts';
import type { Database, Tx } from '../db/index.ts';

export const ROLES = ['intake', 'clinician', 'records-officer', 'legal-officer', 'admin', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling. */
export interface Principal {
  readonly keyId: string;
  readonly facilityId: string;
  readonly name: string;
  readonly roles: readonly Role[];
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
  /** Makes a key `antin_<id>_<secret>`; the secret is shown once and kept only as SHA-256 of 256 random bits. */
  createApiKey(tx: Tx, key: NewApiKey): Promise<{ readonly id: string; readonly token: string }>;
  revokeApiKey(tx: Tx, facilityId: string, id: string): Promise<boolean>;
  listApiKeys(facilityId: string): Promise<ApiKeyRecord[]>;
  /** `Authorization: Bearer antin_…` → the caller. @throws API_KEY_MISSING, API_KEY_REFUSED (unknown, wrong and revoked look alike). */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

export declare function createAccess(deps: { database: Database; clock: Clock }): Access;

/** @throws ROLE_REQUIRED unless the caller has one of `roles`. */
export declare function requireRole(principal: Principal, ...roles: readonly Role[]): void;
