/** The door: what comes from the hospital's system is checked whole, rendered, and only then accepted. */
import type { Inspection, ValidationReport } from '../engines/pades/index.ts';
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
import { type Document, workKey } from './document.ts';
import { recordFacts } from './facts.ts';
import { type DocumentState, transition } from './state.ts';
import * as store from './store.ts';
import { inspectUpload } from './upload.ts';

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
 * documents, rendered or inspected. When it returns, the bytes are fsynced in the work store and one transaction holds the
 * document, its audit entry and, where nobody has to sign, the request to seal.
 * @throws CONTENT_INVALID, FORM_UNKNOWN, RECORD_MISMATCH, FACTS_DISAGREE, GLYPH_UNKNOWN, CHARACTER_FORBIDDEN, PDF_*, UPLOAD_SIGNATURE_BAD, SCAN_*; nothing is kept then.
 */
export async function receive(deps: IntakeDeps, request: IntakeRequest): Promise<Document> {
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
  const lookupCode = newLookupCode();
  const id = newId(now);
  // Before the transaction: one that waits for a second connection stops everybody once all connections are taken.
  const facility = await deps.facilityHeading(request.facilityId);

  // The number is printed, so it is taken before rendering, in the transaction that keeps the document: no gaps.
  return deps.database.transaction(async (tx) => {
    const { record, isNew } = await store.lockRecord(tx, {
      id: newId(now),
      facilityId: request.facilityId,
      number: statement.number,
      facts,
      now,
    });
    const known = isNew ? [] : await store.documentFacts(tx, record.id, request.supersedes);
    refuseContradictions(facts, known);
    // Once more under the lock on the record: of two corrections of one document only one may go on.
    const twin = await unfitToReplace(tx, request, form, statement.number);
    if (twin !== undefined) throw new AppError('CONTENT_INVALID', { mistakes: [twin] });
    const number = statement.documentNumber ?? (await printedNumber(tx, request.facilityId, form, now));
    const { rendition, state, uploaded, verdict } = await makeRendition(deps, request, form, content, {
      facility,
      number,
      lookupCode,
      issuedAt: now,
    });
    const sha256 = sha256Hex(rendition.pdf);
    await deps.workStore.put(workKey({ facilityId: request.facilityId, id }, 1, sha256), rendition.pdf);
    if (!isNew) await store.setRecordFacts(tx, record.id, recordFacts([...known, facts]) ?? facts);
    await store.insertDocument(tx, {
      id,
      facilityId: request.facilityId,
      recordId: record.id,
      form: form.id,
      formDigest: form.templateDigest,
      number,
      title: form.title.vi,
      content,
      facts,
      state,
      lookupCode,
      renditionSha256: sha256,
      renditionSize: rendition.pdf.length,
      pages: rendition.pages,
      certify: form.certify === 2 && !uploaded ? 2 : undefined,
      timestamps: form.timestamps,
      uploaded,
      uploadVerdict: verdict,
      supersedes: request.supersedes,
      slots: form.slots,
      now,
    });
    await deps.audit.record(tx, {
      facilityId: request.facilityId,
      actor: request.actor,
      action: 'document.received',
      object: { kind: 'document', id },
      details: { form: form.id, renditionSha256: sha256, pages: rendition.pages },
    });
    if (state === 'signed') await deps.outbox.enqueue(tx, { facilityId: request.facilityId, job: 'seal', subject: id });
    const document = await store.findDocument(tx, { facilityId: request.facilityId, id });
    if (document === undefined) throw new TypeError('the new document is not there');
    await request.alongside?.(tx, document);
    return document;
  });
}

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

/** `000042/GRV/2026`: running number, initials of the form, year of issue in Vietnam. */
async function printedNumber(tx: Tx, facilityId: string, form: Form, now: Date): Promise<string> {
  const { year } = vnParts(now);
  const running = await store.nextDocumentNumber(tx, facilityId, form.id, year);
  const initials = form.id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase())
    .join('');
  return `${String(running).padStart(6, '0')}/${initials}/${year}`;
}

async function makeRendition(
  deps: IntakeDeps,
  request: IntakeRequest,
  form: Form,
  content: FormContent,
  printed: { facility: IssuingFacility; number: string; lookupCode: string; issuedAt: Date },
): Promise<{
  rendition: Pick<Rendition, 'pdf' | 'pages'>;
  state: DocumentState;
  uploaded: boolean;
  verdict: ValidationReport | undefined;
}> {
  const context = {
    facility: printed.facility,
    documentNumber: printed.number,
    lookupCode: printed.lookupCode,
    lookupUrl: deps.lookupUrl(printed.lookupCode),
    issuedAt: printed.issuedAt,
    demo: deps.demo,
  };
  const rendered = transition('received', 'render') ?? 'rendered';
  const nobodySigns = !form.slots.some((slot) => slot.kind === 'person');
  const state = nobodySigns ? (transition(rendered, 'nobody-to-sign') ?? rendered) : rendered;
  if (form.source === 'content') {
    return {
      rendition: await deps.renderer.render(form.job(content, context)),
      state,
      uploaded: false,
      verdict: undefined,
    };
  }
  const files = request.files ?? [];
  const upload = await inspectUpload(files, deps);
  if (upload.kind === 'scan') {
    return {
      rendition: await deps.renderer.renderScan(form.scanJob(content, upload.pages, context)),
      state,
      uploaded: false,
      verdict: undefined,
    };
  }
  return { rendition: { pdf: upload.pdf, pages: upload.pages }, state, uploaded: true, verdict: upload.verdict };
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
