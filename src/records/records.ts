/** Records and their documents: taken in, read, their bytes grown, returned and withdrawn. */
import type { AuditActor } from '../platform/audit/index.ts';
import type { Tx } from '../platform/db/index.ts';
import { AppError, normalizeLookupCode, sha256Hex, systemClock } from '../shared/index.ts';
import { type Document, latestRevision, type Revision, type RevisionKind, workFolder, workKey } from './document.ts';
import { recordFacts } from './facts.ts';
import { type IntakeDeps, type IntakeRequest, receive } from './intake/index.ts';
import { createRecentBytes } from './recent-bytes.ts';
import { type DocumentEvent, STATE_WORDS, transition } from './state.ts';
import * as store from './store.ts';
import { type StrayOptions, type StraySweep, sweepStrayWork } from './work-copies/index.ts';

/** Bytes that the document will have next. */
export type Staged = Pick<Revision, 'n' | 'sha256' | 'size'>;

/** A revision to come, and what it does to the document. */
export interface Step {
  readonly kind: RevisionKind;
  readonly staged: Staged;
  readonly event: DocumentEvent | undefined;
}

export interface Append {
  readonly document: Document;
  /** One, or several at once: the bytes of each are an exact prefix of the next. */
  readonly steps: readonly Step[];
  /** Reached level, kept on the document. */
  readonly level?: string;
}

/** Who sends a document back or withdraws it, why, and which version of it they looked at (if-match). */
export interface Closing {
  readonly actor: AuditActor;
  readonly reason: string;
  readonly version?: number;
}

export type Records = ReturnType<typeof createRecords>;

export function createRecords(deps: IntakeDeps) {
  const { database, workStore, clock } = deps;

  const find = async (facilityId: string | undefined, id: string): Promise<Document> => {
    const document = await store.findDocument(database.db, { facilityId, id });
    if (document === undefined) throw new AppError('DOCUMENT_UNKNOWN');
    return document;
  };

  const recent = createRecentBytes();
  const read = async (document: Document, { n, sha256 }: Revision): Promise<Uint8Array> => {
    const known = recent.get(sha256);
    if (known !== undefined) return known;
    const bytes = await workStore.get(workKey(document, n, sha256), sha256);
    recent.keep(sha256, bytes);
    return bytes;
  };

  const measure = (document: Document, pdf: Uint8Array, earlier: readonly Staged[] = [], known?: string): Staged => {
    const n = latestRevision(document).n + earlier.length + 1;
    return { n, sha256: known ?? sha256Hex(pdf), size: pdf.length };
  };

  const close = async (
    facilityId: string,
    id: string,
    event: 'return' | 'withdraw',
    by: Closing,
  ): Promise<Document> => {
    const document = await find(facilityId, id);
    if (by.version !== undefined && by.version !== document.version) throw new AppError('ETAG_MISMATCH');
    const state = transition(document.state, event);
    if (state === undefined) throw stateForbids(document);
    await database.transaction(async (tx) => {
      await store.lockRecordById(tx, document.recordId);
      const change = { state, reason: by.reason, now: clock.now() };
      await store.updateDocument(tx, id, document.state, change, 'STATE_FORBIDS', by.version);
      // What only this document said is said no more; a record of which nothing is left keeps what it had.
      const facts = recordFacts(await store.documentFacts(tx, document.recordId));
      if (facts !== undefined) await store.setRecordFacts(tx, document.recordId, facts);
      await deps.audit.record(tx, {
        facilityId,
        actor: by.actor,
        action: `document.${state}`,
        object: { kind: 'document', id },
        reason: by.reason,
      });
    });
    return find(facilityId, id);
  };

  return {
    /** See `receive`: durable when it returns. */
    receive: (request: IntakeRequest): Promise<Document> => receive({ ...deps, recent }, request),

    /** @throws DOCUMENT_UNKNOWN, also for another facility's document. `facilityId` undefined: for workers only. */
    find,

    /** Those of the documents that the facility has, by id. */
    async findSome(facilityId: string, ids: readonly string[]): Promise<ReadonlyMap<string, Document>> {
      const found = await store.findDocuments(database.db, facilityId, ids);
      return new Map(found.map((document) => [document.id, document]));
    },

    async findByLookupCode(typed: string): Promise<Document | undefined> {
      const code = normalizeLookupCode(typed);
      return code === undefined ? undefined : store.findDocument(database.db, { lookupCode: code });
    },

    list(facilityId: string, filter: store.DocumentFilter): Promise<Document[]> {
      return store.listDocuments(database.db, facilityId, filter);
    },

    async findRecord(facilityId: string, id: string): Promise<store.RecordRow> {
      const record = await store.findRecord(database.db, facilityId, id);
      if (record === undefined) throw new AppError('RECORD_UNKNOWN');
      return record;
    },

    /**
     * Bytes of revision `n` (default: the newest), their digest checked. One that was never put by itself is the beginning of
     * the newest. @throws DOCUMENT_UNKNOWN (no such revision), OBJECT_NOT_FOUND, DIGEST_MISMATCH.
     */
    async bytes(document: Document, n?: number): Promise<Uint8Array> {
      const newest = latestRevision(document);
      const revision = n === undefined ? newest : document.revisions.find((one) => one.n === n);
      if (revision === undefined) throw new AppError('DOCUMENT_UNKNOWN');
      try {
        return await read(document, revision);
      } catch (thrown) {
        const isMissing = thrown instanceof AppError && thrown.code === 'OBJECT_NOT_FOUND';
        if (!isMissing || revision === newest) throw thrown;
      }
      const beginning = (await read(document, newest)).subarray(0, revision.size);
      if (sha256Hex(beginning) !== revision.sha256) throw new AppError('DIGEST_MISMATCH');
      return beginning;
    },

    /** Writes down who is shown what a document says: in the log when it returns, so before anything is shown. */
    async noteReading(document: Document, part: 'content' | 'pdf', actor: AuditActor): Promise<void> {
      const { facilityId, id } = document;
      await database.transaction((tx) =>
        deps.audit.record(tx, {
          facilityId,
          actor,
          action: 'document.read',
          object: { kind: 'document', id },
          details: { part, revision: latestRevision(document).n },
        }),
      );
    },

    /**
     * Puts the bytes of the coming revision into the work store: durable before the transaction that names them.
     * `earlier`: revisions that come with it in one transaction; `sha256`: the digest, where our validator has just computed it.
     */
    async stage(
      document: Document,
      pdf: Uint8Array,
      { earlier, sha256 }: { readonly earlier?: readonly Staged[]; readonly sha256?: string } = {},
    ): Promise<Staged> {
      const staged = measure(document, pdf, earlier, sha256);
      await workStore.put(workKey(document, staged.n, staged.sha256), pdf, staged.sha256);
      recent.keep(staged.sha256, pdf);
      return staged;
    },

    /** A coming revision whose bytes are not put by themselves, since those that are staged with it begin with them. */
    measure: (document: Document, pdf: Uint8Array): Staged => measure(document, pdf),

    /**
     * Adds revisions whose bytes were staged and moves the document on, with the other writes of the caller's transaction,
     * which throws REVISION_STALE if somebody else was first. @throws STATE_FORBIDS.
     */
    async append(tx: Tx, { document, steps, level }: Append): Promise<void> {
      const now = clock.now();
      let { state } = document;
      for (const { kind, staged, event } of steps) {
        const next = event === undefined ? state : transition(state, event);
        if (next === undefined) throw stateForbids(document);
        state = next;
        await store.insertRevision(tx, document.facilityId, document.id, { ...staged, kind, createdAt: now });
      }
      const change = { state, now, ...(level === undefined ? {} : { level }) };
      await store.updateDocument(tx, document.id, document.state, change, 'REVISION_STALE');
    },

    /** Whether the document is still what it was when read; with the turn's lease held in `tx`, nobody can sign it meanwhile. */
    isCurrent: (tx: Tx, document: Document): Promise<boolean> => store.isCurrent(tx, document),

    /** Moves the document on without new bytes, in the caller's transaction. @throws STATE_FORBIDS. */
    async advance(tx: Tx, document: Document, event: DocumentEvent): Promise<void> {
      const state = transition(document.state, event);
      if (state === undefined) throw stateForbids(document);
      await store.updateDocument(tx, document.id, document.state, { state, now: clock.now() }, 'REVISION_STALE');
    },

    /**
     * Drops the work copies of an archived document: the archive holds all of its revisions, each a prefix of the last.
     * A crash in between leaves copies, never a loss.
     */
    async dropWorkCopies(document: Document): Promise<void> {
      await workStore.deleteAll(workFolder(document));
      for (const { sha256 } of document.revisions) recent.forget(sha256);
    },

    /** See `sweepStrayWork`: for the sweeper. */
    sweepStrayWork: (options?: StrayOptions): Promise<StraySweep> =>
      // A process whose own clock is ahead must take nothing for old.
      sweepStrayWork({ db: database.db, workStore, clock: clock === systemClock ? 'database' : clock }, options),

    signSlot: store.signSlot,
    settleTimestamps: store.settleTimestamps,

    /** Sent back to its author with a reason; signatures already made keep their revision. */
    returnDocument: (facilityId: string, id: string, by: Closing) => close(facilityId, id, 'return', by),
    withdraw: (facilityId: string, id: string, by: Closing) => close(facilityId, id, 'withdraw', by),

    /** The replaced document of an archived correction. */
    async supersede(tx: Tx, document: Document): Promise<void> {
      const state = transition(document.state, 'supersede');
      if (state === undefined) throw stateForbids(document);
      await store.updateDocument(tx, document.id, document.state, { state, now: clock.now() }, 'REVISION_STALE');
    },
  };
}

function stateForbids({ state }: Document): AppError {
  const { vi, en } = STATE_WORDS[state];
  return new AppError('STATE_FORBIDS', {
    detail: {
      vi: `Không làm được việc này vì tài liệu ${vi}`,
      en: `This is not possible: the document is ${en}`,
    },
    extra: { state },
  });
}
