/** A document as the API shows it. */
import { z } from '@hono/zod-openapi';
import type { ArchivedObject, ArchiveReceipt } from '../archive/index.ts';
import { type Document, latestRevision, type StoppedWork, type WaitingWork } from '../records/index.ts';

const text = z.object({ vi: z.string(), en: z.string() });

export const DOCUMENT_SCHEMA = z
  .object({
    id: z.uuid(),
    type: z.string(),
    title: z.string(),
    number: z.string(),
    state: z.string(),
    record: z.object({ id: z.uuid(), number: z.string() }),
    lookup: z.object({ code: z.string(), url: z.string() }),
    renditionSha256: z.string(),
    sha256: z.string().describe('SHA-256 of the newest bytes'),
    bytes: z.int(),
    pages: z.int(),
    level: z.string().nullable(),
    slots: z.array(
      z.object({
        field: z.string(),
        role: z.string(),
        kind: z.enum(['person', 'seal']),
        order: z.int(),
        title: text,
        signedAt: z.string().nullable(),
        timestamped: z.boolean().describe('false once signed: a time-stamp is owed'),
      }),
    ),
    timestampsOwed: z.int(),
    revisions: z.array(
      z.object({ n: z.int(), kind: z.string(), sha256: z.string(), bytes: z.int(), createdAt: z.string() }),
    ),
    uploadVerdict: z.string().nullable(),
    archive: z
      .object({
        objectKey: z.string(),
        versionId: z.string(),
        sha256: z.string(),
        retainUntil: z.string(),
        keptUntil: text.describe('As people read it: the last day, or that it is for ever'),
        retentionState: z.string(),
        legalBasis: text,
        archivedAt: z.string(),
      })
      .nullable(),
    work: z
      .array(
        z.object({
          job: z.string(),
          state: z.enum(['waiting', 'stopped']),
          dueAt: z.string().nullable(),
          attempts: z.int(),
          cause: z.string().nullable().describe('Code of the last failure'),
        }),
      )
      .describe('Background work still to do; stopped jobs: /v1/operations'),
    reason: z.string().nullable(),
    supersedes: z.uuid().nullable(),
    issuedAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Document' });

export type DocumentJson = z.infer<typeof DOCUMENT_SCHEMA>;

/** What lies around a document: its archive object and the background work still to do. */
export interface Surroundings {
  readonly archived?: { object: ArchivedObject; receipt: ArchiveReceipt } | undefined;
  readonly work?: { waiting: readonly WaitingWork[]; stopped: readonly StoppedWork[] };
  readonly lookupUrl: (code: string) => string;
}

export function documentJson(document: Document, { archived, work, lookupUrl }: Surroundings): DocumentJson {
  const latest = latestRevision(document);
  return {
    id: document.id,
    type: document.form,
    title: document.title,
    number: document.number,
    state: document.state,
    record: { id: document.recordId, number: document.recordNumber },
    lookup: { code: document.lookupCode, url: lookupUrl(document.lookupCode) },
    renditionSha256: document.renditionSha256,
    sha256: latest.sha256,
    bytes: latest.size,
    pages: document.pages,
    level: document.level ?? null,
    slots: document.slots.map(({ field, role, kind, order, title, signedAt, timestamped }) => ({
      field,
      role,
      kind,
      order,
      title,
      signedAt: signedAt?.toISOString() ?? null,
      timestamped,
    })),
    timestampsOwed: document.slots.filter((slot) => slot.signedAt !== undefined && !slot.timestamped).length,
    revisions: document.revisions.map(({ n, kind, sha256, size, createdAt }) => ({
      n,
      kind,
      sha256,
      bytes: size,
      createdAt: createdAt.toISOString(),
    })),
    uploadVerdict: (document.uploadVerdict?.verdict as string | undefined) ?? null,
    archive: archived === undefined ? null : archiveJson(archived),
    work: [
      ...(work?.waiting ?? []).map(({ job, dueAt, attempts, causeCode }) => ({
        job,
        state: 'waiting' as const,
        dueAt: dueAt.toISOString(),
        attempts,
        cause: causeCode ?? null,
      })),
      ...(work?.stopped ?? []).map(({ job, attempts, causeCode }) => ({
        job,
        state: 'stopped' as const,
        dueAt: null,
        attempts,
        cause: causeCode,
      })),
    ],
    reason: document.reason ?? null,
    supersedes: document.supersedes ?? null,
    issuedAt: document.issuedAt.toISOString(),
    updatedAt: document.updatedAt.toISOString(),
  };
}

/** Dates are the object's of today (they may have grown since); words and basis are those of the receipt. */
function archiveJson({
  object,
  receipt,
}: {
  object: ArchivedObject;
  receipt: ArchiveReceipt;
}): NonNullable<DocumentJson['archive']> {
  return {
    objectKey: object.key,
    versionId: object.versionId,
    sha256: object.sha256,
    retainUntil: object.retainUntil.toISOString(),
    keptUntil: receipt.shownAs,
    retentionState: receipt.state,
    legalBasis: receipt.legalBasis,
    archivedAt: object.archivedAt.toISOString(),
  };
}

export const etagOf = (document: Document): string => `"v${document.version}"`;
