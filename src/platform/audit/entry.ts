import canonicalize from 'canonicalize';

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

/** An entry as it lies in the log. */
export interface AuditEntry extends AuditEvent {
  readonly id: string;
  readonly at: Date;
}

/** Which entries to list. */
export interface EntryFilter {
  readonly facilityId?: string | undefined;
  readonly action?: string | undefined;
  readonly objectId?: string | undefined;
  readonly actorId?: string | undefined;
  /** Inclusive. */
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
  readonly limit: number;
}

export interface ListedEntry {
  readonly entry: AuditEntry;
  /** Place in the log, once it has one. */
  readonly index: number | undefined;
}

/** The leaf: canonical JSON (RFC 8785) of every field, so that no field can be changed unseen. */
export function leafText(entry: AuditEntry): string {
  const text = canonicalize({
    format: 'antin-audit-1',
    id: entry.id,
    facility: entry.facilityId,
    at: entry.at.toISOString(),
    actor: { kind: entry.actor.kind, id: entry.actor.id },
    action: entry.action,
    object: { kind: entry.object.kind, id: entry.object.id },
    reason: entry.reason ?? null,
    details: entry.details ?? {},
  });
  if (text === undefined) throw new TypeError('an audit entry is always JSON');
  return text;
}
