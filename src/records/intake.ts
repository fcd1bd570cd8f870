/** The door: what comes from the hospital's system is checked whole, rendered, and only then accepted. */
import type { Inspection } from '../engines/pades/index.ts';
import type { Renderer, Rendition } from '../engines/render/index.ts';
import {
  CAUSES,
  crossCheckFacts,
  type Form,
  type FormContent,
  type Forms,
  OUTCOMES,
  type RecordFacts,
} from '../forms/index.ts';
import type { AuditActor, AuditLog } from '../platform/audit/index.ts';
import type { Database, Db, Tx } from '../platform/db/index.ts';
import type { Outbox } from '../platform/outbox/index.ts';
import type { WorkStore } from '../platform/storage/index.ts';
import {
  AppError,
  type Clock,
  type InputMistake,
  newId,
  newLookupCode,
  nfc,
  sha256Hex,
  vnParts,
} from '../shared/index.ts';
import { type Document, type Slot, workKey } from './document.ts';
import { recordFacts } from './facts.ts';
import type { RecentBytes } from './recent-bytes.ts';
import { type DocumentState, transition } from './state.ts';
import * as store from './store.ts';
import { inspectUpload, type Upload } from './upload.ts';

/** What the printed heading says about the facility. */
export interface IssuingFacility {
  readonly name: string;
  readonly parentAuthority: string;
  readonly place: string;
}

/** Facts about the episode that its documents do not say. */
export interface RecordStatement {
  readonly number: string;
  readonly causes?: readonly string[] | undefined;
  readonly outcome?: string | undefined;
}

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

export interface IntakeDeps {
  readonly database: Database;
  readonly workStore: WorkStore;
  readonly forms: Forms;
  readonly renderer: Renderer;
  readonly audit: AuditLog;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly facilityHeading: (facilityId: string) => Promise<IssuingFacility>;
  readonly lookupUrl: (code: string) => string;
  /** Whether an upload can be signed as it is, and what the signatures that it brings are worth. */
  readonly inspect: (pdf: Uint8Array) => Promise<Inspection>;
  readonly maxPdfBytes: number;
  readonly demo: boolean;
}

/**
 * Takes in one finalized document: content checked whole (all mistakes at once), facts compared with the record's other
 * documents, rendered or inspected. When it returns, the bytes are durable in the work store and one transaction holds the
 * document, its audit entry and, where nobody has to sign, the request to seal.
 * @throws CONTENT_INVALID, FORM_UNKNOWN, RECORD_MISMATCH, FACTS_DISAGREE, RECORD_CHANGED, GLYPH_UNKNOWN, CHARACTER_FORBIDDEN, PDF_*,
 * VALIDATION_TOO_COSTLY, UPLOAD_SIGNATURE_BAD, SCAN_*; nothing is kept then.
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
  const known = await store.groundwork(deps.database.db, {
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
  const known = await store.groundwork(deps.database.db, {
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

interface CheckedStatement {
  readonly number: string;
  readonly documentNumber: string | undefined;
  readonly causes: RecordFacts['causes'];
  readonly outcome: RecordFacts['outcome'];
}

/** A letter of Vietnamese (NFC) or a digit, so that a number can be printed, typed and read aloud. */
const LETTER = 'A-Za-zÀ-ÃÈ-ÊÌÍÒ-ÕÙÚÝà-ãè-êìíò-õùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ0-9';
const NUMBER = new RegExp(`^[${LETTER}][${LETTER} ./_-]{0,63}$`);

function checkStatement(
  record: RecordStatement,
  documentNumber: string | undefined,
): { readonly statement: CheckedStatement; readonly mistakes: InputMistake[] } {
  const mistakes: InputMistake[] = [];
  const number = nfc(record.number).trim();
  if (!NUMBER.test(number)) {
    mistakes.push({
      path: '/record/number',
      code: 'NUMBER_MALFORMED',
      vi: 'Số hồ sơ phải có 1–64 chữ cái tiếng Việt, chữ số hoặc các dấu . / _ -',
      en: 'The record number must be 1–64 letters of Vietnamese, digits or . / _ -',
    });
  }
  const printed = documentNumber === undefined ? undefined : nfc(documentNumber).trim();
  if (printed !== undefined && !NUMBER.test(printed)) {
    mistakes.push({
      path: '/number',
      code: 'NUMBER_MALFORMED',
      vi: 'Số của giấy tờ phải có 1–64 chữ cái tiếng Việt, chữ số hoặc các dấu . / _ -',
      en: 'The document number must be 1–64 letters of Vietnamese, digits or . / _ -',
    });
  }
  const causes = CAUSES.filter((cause) => record.causes?.includes(cause));
  for (const [index, cause] of (record.causes ?? []).entries()) {
    if ((CAUSES as readonly string[]).includes(cause)) continue;
    mistakes.push({
      path: `/record/causes/${index}`,
      code: 'CAUSE_UNKNOWN',
      vi: `Nguyên nhân phải là một trong: ${CAUSES.join(', ')}`,
      en: `The cause must be one of: ${CAUSES.join(', ')}`,
    });
  }
  const outcome = OUTCOMES.find((known) => known === record.outcome);
  if (record.outcome !== undefined && outcome === undefined) {
    mistakes.push({
      path: '/record/outcome',
      code: 'OUTCOME_UNKNOWN',
      vi: `Tình trạng ra viện phải là một trong: ${OUTCOMES.join(', ')}`,
      en: `The outcome must be one of: ${OUTCOMES.join(', ')}`,
    });
  }
  return { statement: { number, documentNumber: printed, causes, outcome }, mistakes };
}

/** A correction replaces an archived document of the same form and record, and is the only one under way. */
async function unfitToReplace(
  db: Db,
  { facilityId, supersedes }: IntakeRequest,
  form: Form,
  recordNumber: string,
): Promise<InputMistake | undefined> {
  if (supersedes === undefined) return undefined;
  const old = await store.findReplaceable(db, facilityId, supersedes);
  const unfit = (code: string, vi: string, en: string): InputMistake => ({ path: '/supersedes', code, vi, en });
  if (old === undefined) {
    return unfit(
      'DOCUMENT_UNKNOWN',
      'Cơ sở không có tài liệu cần thay thế này',
      'The facility has no such document to replace',
    );
  }
  if (old.form !== form.id) {
    return unfit('FORM_DIFFERS', 'Tài liệu cần thay thế thuộc mẫu khác', 'The document to replace is of another form');
  }
  if (old.recordNumber !== recordNumber) {
    return unfit(
      'RECORD_DIFFERS',
      'Tài liệu cần thay thế thuộc hồ sơ bệnh án khác',
      'The document to replace belongs to another record',
    );
  }
  if (old.state === 'superseded' || old.corrected) {
    return unfit('ALREADY_REPLACED', 'Tài liệu này đã có bản thay thế', 'This document already has a replacement');
  }
  if (old.state !== 'archived') {
    return unfit(
      'NOT_ARCHIVED',
      'Chỉ thay thế được tài liệu đã lưu trữ; tài liệu chưa lưu trữ thì trả lại hoặc thu hồi',
      'Only an archived document can be replaced; return or withdraw one that is not',
    );
  }
  return undefined;
}

function withStatement(facts: RecordFacts, statement: CheckedStatement): RecordFacts {
  if (facts.recordNumber !== statement.number) throw new AppError('RECORD_MISMATCH');
  return {
    ...facts,
    causes: [...new Set([...facts.causes, ...statement.causes])].sort(),
    ...(facts.outcome === undefined && statement.outcome !== undefined ? { outcome: statement.outcome } : {}),
  };
}

function refuseContradictions(facts: RecordFacts, others: readonly RecordFacts[]): void {
  const mistakes = others.flatMap((other) => crossCheckFacts(facts, other));
  if (mistakes.length === 0) return;
  const once = [...new Map(mistakes.map((mistake) => [mistake.path, mistake])).values()];
  throw new AppError('FACTS_DISAGREE', { mistakes: once });
}

/** `000042/GRV/2026`: running number, initials of the form, year of issue in Vietnam. Given once; one may be left out. */
function printedNumber(form: Form, running: number | undefined, now: Date): string {
  if (running === undefined) throw new TypeError('no running number was taken');
  const initials = form.id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase())
    .join('');
  return `${String(running).padStart(6, '0')}/${initials}/${vnParts(now).year}`;
}

/** The pages: set from the content, from scans, or those of an upload as they came. */
async function makeRendition(
  deps: IntakeDeps,
  form: Form,
  content: FormContent,
  upload: Upload | undefined,
  printed: { facility: IssuingFacility; number: string; lookupCode: string; issuedAt: Date },
): Promise<Pick<Rendition, 'pdf' | 'pages'>> {
  if (upload?.kind === 'pdf') return upload;
  const context = {
    facility: printed.facility,
    documentNumber: printed.number,
    lookupCode: printed.lookupCode,
    lookupUrl: deps.lookupUrl(printed.lookupCode),
    issuedAt: printed.issuedAt,
    demo: deps.demo,
  };
  return upload === undefined
    ? deps.renderer.render(form.job(content, context))
    : deps.renderer.renderScan(form.scanJob(content, upload.pages, context));
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
