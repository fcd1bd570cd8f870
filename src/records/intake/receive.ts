/** The door: what comes from the hospital's system is checked whole, rendered, and only then accepted. */
import type { Inspection } from '../../engines/pades/index.ts';
import { crossCheckFacts, type Form, type Forms, type RecordFacts } from '../../forms/index.ts';
import type { AuditActor, AuditLog } from '../../platform/audit/index.ts';
import type { Database, SharedClock, Tx } from '../../platform/db/index.ts';
import type { Outbox } from '../../platform/outbox/index.ts';
import type { WorkStore } from '../../platform/storage/index.ts';
import { AppError, type Clock, newId, newLookupCode, sha256Hex, vnParts } from '../../shared/index.ts';
import { type Document, type Slot, workKey } from '../document.ts';
import { recordFacts } from '../facts.ts';
import type { RecentBytes } from '../recent-bytes.ts';
import { type DocumentState, transition } from '../state.ts';
import { type IssuingFacility, makeRendition, printedNumber, type RenditionDeps } from './rendition.ts';
import { unfitToReplace } from './replacement.ts';
import { type CheckedStatement, checkStatement, type RecordStatement, withStatement } from './statement.ts';
import * as store from './store.ts';
import { inspectUpload } from './upload.ts';

export interface IntakeRequest {
  readonly facilityId: string;
  readonly actor: AuditActor;
  readonly type: string;
  readonly record: RecordStatement;
  /** Form content, or the metadata of an upload. */
  readonly content: unknown;
  /** Printed number; given by us if absent. */
  readonly number?: string | undefined;
  /** Uploads: one PDF, or JPEG/PNG pages. */
  readonly files?: readonly Uint8Array[] | undefined;
  /** The document that this one replaces. */
  readonly supersedes?: string | undefined;
  /** Runs in the transaction that keeps the document (for the memory of an Idempotency-Key). */
  readonly alongside?: ((tx: Tx, document: Document) => Promise<void>) | undefined;
}

export interface IntakeDeps extends RenditionDeps {
  readonly database: Database;
  readonly workStore: WorkStore;
  readonly forms: Forms;
  readonly audit: AuditLog;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** The one that all processes share. */
  readonly sharedClock: SharedClock;
  readonly facilityHeading: (facilityId: string) => Promise<IssuingFacility>;
  /** Whether an upload can be signed as it is, and what the signatures that it brings are worth. */
  readonly inspect: (pdf: Uint8Array) => Promise<Inspection>;
  readonly maxPdfBytes: number;
}

/**
 * Takes in one finalized document: content checked whole (all mistakes at once), facts compared with the record's other
 * documents, rendered or inspected. When it returns, the bytes are durable in the work store and one transaction holds the
 * document, its audit entry and, where nobody has to sign, the request to seal.
 * @throws CONTENT_INVALID, FORM_UNKNOWN, RECORD_MISMATCH, FACTS_DISAGREE, RECORD_CHANGED, GLYPH_UNKNOWN, CHARACTER_FORBIDDEN, PDF_*,
 * VALIDATION_TOO_COSTLY, UPLOAD_SIGNATURE_BAD, SCAN_*, CLOCK_WRONG (of this process); nothing is kept then.
 */
export async function receive(
  deps: IntakeDeps & { readonly recent: RecentBytes },
  request: IntakeRequest,
): Promise<Document> {
  const now = deps.clock.now();
  const form = deps.forms.findFor(request.type, request.content, now);
  if (form.source === 'content' && request.files !== undefined) throw filesUnexpected();
  if (form.source === 'pdf' && (request.files === undefined || request.files.length === 0)) throw filesMissing();
  const { statement, mistakes } = checkStatement(request.record, request.number);
  const unfit = await unfitToReplace(deps.database.db, request, form, statement.number);
  if (unfit !== undefined) mistakes.push(unfit);
  if (mistakes.length > 0) {
    throw new AppError('CONTENT_INVALID', { mistakes: [...mistakes, ...form.mistakes(request.content, now)] });
  }
  const content = form.check(request.content, now);
  const facts = withStatement(form.facts(content), statement);
  // A file that is refused costs no number.
  const upload = form.source === 'pdf' ? await inspectUpload(request.files ?? [], deps) : undefined;
  const facility = await deps.facilityHeading(request.facilityId);
  const known = await learnRecord(deps, request, form, { statement, facts, now });
  const printed = {
    facility,
    number: statement.documentNumber ?? printedNumber(form, known.running, now),
    lookupCode: newLookupCode(),
    issuedAt: now,
  };
  const { pdf, pages } = await makeRendition(deps, form, content, upload, printed);
  const uploaded = upload?.kind === 'pdf';
  const sha256 = sha256Hex(pdf);
  const document: Document = {
    id: newId(now),
    facilityId: request.facilityId,
    recordId: known.record?.id ?? newId(now),
    recordNumber: statement.number,
    form: form.id,
    number: printed.number,
    title: form.title.vi,
    state: stateOfNew(form),
    lookupCode: printed.lookupCode,
    renditionSha256: sha256,
    pages,
    level: undefined,
    reason: undefined,
    version: 1,
    supersedes: request.supersedes,
    issuedAt: now,
    createdAt: now,
    updatedAt: now,
    slots: form.slots.map(asEmptySlot).sort(bySigningOrder),
    revisions: [{ n: 1, kind: 'rendition', sha256, size: pdf.length, createdAt: now }],
    content: asStored(content),
    facts: asStored(facts),
    certify: form.certify === 2 && !uploaded ? 2 : undefined,
    timestamps: form.timestamps,
    uploaded,
    uploadVerdict: uploaded && upload.verdict !== undefined ? asStored({ ...upload.verdict }) : undefined,
  };
  await deps.workStore.put(workKey(document, 1, sha256), pdf, sha256);
  deps.recent.keep(sha256, pdf);
  return keep(deps, request, form, document, known.record);
}

/** Refuses what contradicts the record, and takes the number that will be printed. */
async function learnRecord(
  deps: IntakeDeps,
  request: IntakeRequest,
  form: Form,
  given: { statement: CheckedStatement; facts: RecordFacts; now: Date },
): Promise<store.Groundwork> {
  const { statement, facts, now } = given;
  const known = await store.groundwork(deps, {
    facilityId: request.facilityId,
    recordNumber: statement.number,
    except: request.supersedes,
    numbering: statement.documentNumber === undefined ? { form: form.id, year: vnParts(now).year } : undefined,
  });
  refuseContradictions(facts, known.record?.facts ?? []);
  return known;
}

/** Another document of the same record came between so often: the sender is told to try again. */
const MOST_RACES = 5;

/** One transaction, if the record is still what the document was compared with; else the comparison is made anew. */
async function keep(
  deps: IntakeDeps,
  request: IntakeRequest,
  form: Form,
  document: Document,
  record: store.KnownRecord | undefined,
  race = 1,
): Promise<Document> {
  const { facilityId, id, facts, createdAt: now } = document;
  // Once more, after the record was read: of two corrections of one document only one may go on.
  const twin = await unfitToReplace(deps.database.db, request, form, document.recordNumber);
  if (twin !== undefined) throw new AppError('CONTENT_INVALID', { mistakes: [twin] });
  try {
    await deps.database.transaction(async (tx) => {
      if (record === undefined) {
        const { recordId, recordNumber: number } = document;
        await store.insertRecord(tx, { id: recordId, facilityId, number, facts, now });
      } else {
        await store.updateRecord(tx, record, recordFacts([...record.facts, facts]) ?? facts);
      }
      await store.insertDocument(tx, document, form.templateDigest);
      await deps.audit.record(tx, {
        facilityId,
        actor: request.actor,
        action: 'document.received',
        object: { kind: 'document', id },
        details: { form: form.id, renditionSha256: document.renditionSha256, pages: document.pages },
      });
      if (document.state === 'signed') await deps.outbox.enqueue(tx, { facilityId, job: 'seal', subject: id });
      await request.alongside?.(tx, document);
    });
    return document;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'RECORD_CHANGED' || race === MOST_RACES) throw thrown;
  }
  const known = await store.groundwork(deps, {
    facilityId,
    recordNumber: document.recordNumber,
    except: request.supersedes,
    numbering: undefined,
  });
  refuseContradictions(facts, known.record?.facts ?? []);
  return keep(deps, request, form, { ...document, recordId: known.record?.id ?? newId(now) }, known.record, race + 1);
}

const asEmptySlot = ({ field, role, kind, order, title }: Form['slots'][number]): Slot => ({
  field,
  role,
  kind,
  order,
  title,
  clinicianId: undefined,
  credentialId: undefined,
  signedAt: undefined,
  revision: undefined,
  timestamped: false,
});

const bySigningOrder = (a: Slot, b: Slot): number => a.order - b.order || (a.field < b.field ? -1 : 1);

/**
 * As it will be read back. Names in a file made elsewhere may hold NUL and half surrogate pairs, which PostgreSQL's jsonb
 * cannot: shown as U+FFFD.
 */
const asStored = <T>(value: T): T =>
  JSON.parse(
    JSON.stringify(value, (_, one: unknown) =>
      typeof one === 'string' ? one.toWellFormed().replaceAll('\0', '\ufffd') : one,
    ),
  );

function refuseContradictions(facts: RecordFacts, others: readonly RecordFacts[]): void {
  const mistakes = others.flatMap((other) => crossCheckFacts(facts, other));
  if (mistakes.length === 0) return;
  const once = [...new Map(mistakes.map((mistake) => [mistake.path, mistake])).values()];
  throw new AppError('FACTS_DISAGREE', { mistakes: once });
}

function stateOfNew(form: Form): DocumentState {
  const rendered = transition('received', 'render') ?? 'rendered';
  const nobodySigns = !form.slots.some((slot) => slot.kind === 'person');
  return nobodySigns ? (transition(rendered, 'nobody-to-sign') ?? rendered) : rendered;
}

function filesUnexpected(): AppError {
  return new AppError('REQUEST_MALFORMED', {
    detail: {
      vi: 'Mẫu này nhận nội dung JSON, không nhận tệp',
      en: 'This form takes JSON content, not files',
    },
  });
}

function filesMissing(): AppError {
  return new AppError('REQUEST_MALFORMED', {
    detail: {
      vi: 'Loại tài liệu này cần tệp PDF hoặc ảnh JPEG/PNG trong phần `file`',
      en: 'This type needs a PDF or JPEG/PNG pages in the part `file`',
    },
  });
}
