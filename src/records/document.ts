/** A document as the rest of the program sees it. */
import type { FormContent, RecordFacts } from '../forms/index.ts';
import type { DocumentState } from './state.ts';

export interface Slot {
  readonly field: string;
  readonly role: string;
  readonly kind: 'person' | 'seal';
  /** From 1; slots of equal order may be signed in any order. */
  readonly order: number;
  readonly title: { readonly vi: string; readonly en: string };
  readonly clinicianId: string | undefined;
  readonly credentialId: string | undefined;
  readonly signedAt: Date | undefined;
  /** Revision that this signature made. */
  readonly revision: number | undefined;
  /** False once signed: a time-stamp is owed. */
  readonly timestamped: boolean;
}

export type RevisionKind = 'rendition' | 'signature' | 'timestamp' | 'seal' | 'extension';

/** One state of the bytes. Each is an exact prefix of the next. */
export interface Revision {
  readonly n: number;
  readonly kind: RevisionKind;
  readonly sha256: string;
  readonly size: number;
  readonly createdAt: Date;
}

export interface Document {
  readonly id: string;
  readonly facilityId: string;
  readonly recordId: string;
  readonly recordNumber: string;
  readonly form: string;
  readonly number: string;
  readonly title: string;
  readonly state: DocumentState;
  readonly lookupCode: string;
  readonly renditionSha256: string;
  readonly pages: number;
  readonly level: string | undefined;
  readonly reason: string | undefined;
  /** Grows with every change of this row: the strong ETag. */
  readonly version: number;
  readonly supersedes: string | undefined;
  readonly issuedAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly slots: readonly Slot[];
  readonly revisions: readonly Revision[];
  readonly content: FormContent;
  readonly facts: RecordFacts;
  /** DocMDP permission of a certifying first signature, if the form wants one. */
  readonly certify: 2 | undefined;
  readonly timestamps: 'each-signature' | 'final-only';
  /** The pages were made by somebody else: never certified, no prepared fields. */
  readonly uploaded: boolean;
  readonly uploadVerdict: Readonly<Record<string, unknown>> | undefined;
}

/** Where the work store keeps the bytes of a document. */
export const workFolder = (document: { facilityId: string; id: string }): string =>
  `${document.facilityId}/${document.id}`;

/** Key of a revision's bytes in the work store. */
export function workKey(document: { facilityId: string; id: string }, n: number, sha256: string): string {
  return `${workFolder(document)}/${n}-${sha256}.pdf`;
}

/** The newest revision. */
export function latestRevision(document: Document): Revision {
  const revision = document.revisions.at(-1);
  if (revision === undefined) throw new TypeError(`document ${document.id} has no revision`);
  return revision;
}
