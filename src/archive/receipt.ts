/** What whoever handed in a document gets back: where its bytes lie, how long, on which legal basis. */
import { type BilingualText, sha256Hex } from '../shared/index.ts';
import { canonicalJson, type RetentionState } from './policy/index.ts';

export interface ArchiveReceipt {
  readonly type: 'antin-archive-receipt';
  readonly version: 1;
  readonly facility: string;
  readonly record: string;
  readonly document: string;
  readonly n: number;
  readonly store: string;
  readonly objectKey: string;
  readonly objectVersion: string;
  readonly sha256: string;
  readonly size: number;
  /** ISO 8601, UTC. */
  readonly archivedAt: string;
  readonly state: RetentionState;
  readonly class: string;
  /** Exclusive instant, ISO 8601, UTC. */
  readonly retainUntil: string;
  readonly shownAs: BilingualText;
  readonly policy: { readonly id: string; readonly version: number; readonly hash: string };
  readonly legalBasis: BilingualText;
  /** Entry of the audit log that proves it. */
  readonly auditEntry: string;
}

/** The receipt as kept and handed out: canonical JSON (RFC 8785), so that its digest can be computed again from its members. */
export function writeReceipt(receipt: ArchiveReceipt): { readonly text: string; readonly sha256: string } {
  const text = canonicalJson(receipt);
  return { text, sha256: sha256Hex(text) };
}

export function readReceipt(text: string): ArchiveReceipt {
  return JSON.parse(text) as ArchiveReceipt;
}
