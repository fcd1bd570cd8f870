/** What a form is to the rest of the program. */
import type { JsonObject, RenderJob, ScanJob } from '../engines/render/index.ts';
import type { BilingualText, InputMistake } from '../shared/index.ts';
import type { RecordFacts } from './facts.ts';

export type SlotKind = 'person' | 'seal';

/** One signature the form asks for. */
export interface FormSlot {
  /** Name of the PDF signature field. */
  readonly field: string;
  /** Who may fill it: `practitioner`, `unit-representative`, `seal` … */
  readonly role: string;
  readonly kind: SlotKind;
  readonly title: BilingualText;
  /** Printed below the title: `(Ký, ghi rõ họ tên)`. */
  readonly hint: BilingualText;
  /** Signing order, from 1; slots of equal order may sign in any order. */
  readonly order: number;
}

/** What `form.yaml` says. */
export interface FormDeclaration {
  /** Document type in API, database and file names: `giay-ra-vien`. */
  readonly id: string;
  readonly title: BilingualText;
  readonly legalBasis: string;
  /** Vietnamese calendar days `YYYY-MM-DD`, both inclusive, compared with the day of the event. */
  readonly inForce: { readonly from: string; readonly to?: string | undefined };
  /** Field of the content that holds the moment of the event (`dischargedAt`). */
  readonly eventField: string;
  /** `content`: we set it from JSON. `pdf`: somebody else's finished pages. */
  readonly source: 'content' | 'pdf';
  readonly slots: readonly FormSlot[];
  /** DocMDP permission of a certifying first signature (2: fill in and sign), or none. */
  readonly certify: 2 | 'none';
  readonly timestamps: 'each-signature' | 'final-only';
}

/** What a document knows that is not in its content. */
export interface PrintContext {
  readonly facility: {
    readonly name: string;
    /** Cơ quan chủ quản: `SỞ Y TẾ TỈNH MINH HOẠ`. */
    readonly parentAuthority: string;
    /** Place in the line "…, ngày … tháng … năm …". */
    readonly place: string;
  };
  /** Printed number of the document (Số). */
  readonly documentNumber: string;
  readonly lookupCode: string;
  /** Full address behind the QR code. */
  readonly lookupUrl: string;
  readonly issuedAt: Date;
  readonly demo: boolean;
}

/** What `print` of a form gives to its template; the letterhead and the signature boxes come from the declaration. */
export interface FormPrint {
  readonly department: string;
  readonly recordNumber: string;
  /** Mã số (MS) of the patient at this facility. */
  readonly medicalCode?: string | undefined;
  /** Day in the line above the signatures, `YYYY-MM-DD`. */
  readonly signedOn: string;
  /** Printed below the boxes, by field; absent where the signer is not known beforehand. */
  readonly names: Readonly<Record<string, string | undefined>>;
  /** The form's own values: `data.body` in the template. Every text in it must be printed. */
  readonly body: JsonObject;
}

/** Checked content: NFC, trimmed, keys in the schema's order. */
export type FormContent = JsonObject;

export interface Form extends FormDeclaration {
  /** Changes with schema-independent looks: SHA-256 over template and layout, hexadecimal. */
  readonly templateDigest: string;
  /** The checked content, or `CONTENT_INVALID` with all mistakes (paths are JSON pointers below `/content`). */
  check(content: unknown, now: Date): FormContent;
  /** As `check`, but returns the mistakes; empty if the content is good. */
  mistakes(content: unknown, now: Date): readonly InputMistake[];
  /** What the record learns from this document. `content` has passed `check`. */
  facts(content: FormContent): RecordFacts;
  /** The job for the renderer. Only for forms with `source: content`; `content` has passed `check`. */
  job(content: FormContent, context: PrintContext): RenderJob;
  /** The job for scanned pages (JPEG, PNG). Only for forms with `source: pdf`; `content` has passed `check`. */
  scanJob(content: FormContent, pages: readonly Uint8Array[], context: PrintContext): ScanJob;
  /** `sample.json`, as sent by a hospital's system. */
  sample(): JsonObject;
}

export interface Forms {
  /** The form of that type in force on the Vietnamese day of `eventDate`; else `FORM_UNKNOWN`. */
  find(type: string, eventDate: Date): Form;
  /** As `find`, by the event's moment inside the content; `now` if the content lacks it (its check will say so). */
  findFor(type: string, content: unknown, now: Date): Form;
  /** All forms, by id, newest first. */
  list(): readonly Form[];
}
