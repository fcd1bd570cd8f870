import type { Clock } from '../../shared/index.ts';
import type { Tx } from '../db/index.ts';

export interface AuditActor {
  readonly kind: 'person' | 'api-key' | 'system';
  /** Clinician id, API key id, or the name of the part of the system. Never a person's name. */
  readonly id: string;
}

export interface AuditEvent {
  readonly facilityId: string;
  readonly actor: AuditActor;
  /** `<noun>.<verb>`: `document.received`, `turn.opened`, `object.archived`. */
  readonly action: string;
  readonly object: { readonly kind: string; readonly id: string };
  readonly reason?: string;
  /** Codes, digests, counts. No patient text, no secrets. Numbers are integers. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface AuditLog {
  /** Adds an entry in the caller's transaction: durable exactly if that commits. @returns the id of the entry. */
  record(tx: Tx, event: AuditEvent): Promise<string>;
}

export declare function createAuditLog(deps: { clock: Clock }): AuditLog;
