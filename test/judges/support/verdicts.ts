/**
 * What each outside judge says of a PDF, as plain data. `ok` is this project's strict reading of a verdict: a judge that says
 * "passed, with a warning that the page was replaced" is not ok. No judge looks at the level: tests compare `level` themselves.
 */

/** Where a judge may start its certificate chains and what else it may know. */
export interface TrustOptions {
  /** A folder of PEM or DER certificates: the anchors. */
  trust: string;
  /** A folder of further certificates (intermediates) that are not anchors. */
  extra?: string;
  /** Judge as of this moment (ISO 8601); default: now. */
  at?: string;
}

export interface NetworkOptions {
  /** True: only what the file and the folders hold; nothing is fetched. Default false. */
  offline?: boolean;
}

export interface DssOptions extends TrustOptions, NetworkOptions {
  /** Compare the pages as pictures too (about 0.3 s a signature). Default false; switch it on for tampered files. */
  visual?: boolean;
}

export interface PyhankoOptions extends TrustOptions, NetworkOptions {
  /** `require` (default): every certificate needs OCSP or CRL. */
  revocation?: 'require' | 'hard-fail' | 'soft-fail' | 'none';
  /** How old revocation data may be; needed when `at` lies long after the signing. */
  freshnessDays?: number;
}

/** What DSS found changed between the revision a signature covers and the end of the file. */
export interface DssRevision {
  fields: string[];
  subFilter: string;
  byteRange: number[];
  byteRangeValid: boolean;
  dictionaryConsistent: boolean;
  coversWholeFile: boolean;
  docMdp: string | null;
  modified: boolean;
  undefinedChanges: string[];
  annotationChanges: string[];
  formChanges: string[];
  extensionChanges: string[];
  overlapPages: number[];
  pageCountPages: number[];
  visualPages: number[];
}

export interface DssSignature {
  ok: boolean;
  signedBy: string | null;
  indication: 'TOTAL_PASSED' | 'INDETERMINATE' | 'TOTAL_FAILED';
  subIndication: string | null;
  /** `PAdES-BASELINE-B | -T | -LT | -LTA`, or `PAdES-BES`, `PDF-NOT-ETSI`, … when it is not a baseline signature. */
  level: string;
  intact: boolean;
  valid: boolean;
  trusted: boolean;
  claimedTime: string | null;
  bestTime: string | null;
  revision: DssRevision | null;
  errors: string[];
  warnings: string[];
}

export interface DssTimestamp {
  ok: boolean;
  type: 'SIGNATURE_TIMESTAMP' | 'DOCUMENT_TIMESTAMP' | 'VRI_TIMESTAMP' | 'CONTENT_TIMESTAMP' | string;
  time: string;
  indication: 'PASSED' | 'INDETERMINATE' | 'FAILED';
  subIndication: string | null;
  imprintIntact: boolean;
  producedBy: string | null;
  revision: DssRevision | null;
  errors: string[];
}

export interface DssVerdict {
  file: string;
  /** Every signature and time-stamp ok, at least one signature, and no signature dictionary that DSS silently dropped. */
  ok: boolean;
  /** Signature dictionaries in the file as PDFBox counts them; DSS drops unreadable ones without a word. */
  dictionaries: number;
  signatures: DssSignature[];
  timestamps: DssTimestamp[];
  /** DSS's warnings; they tell why a level was lost. */
  log: string[];
  /** Set when DSS could not read the file at all. */
  error: string | null;
}

export interface PyhankoTimestamp {
  time: string;
  intact: boolean;
  valid: boolean;
  trusted: boolean;
  producedBy: string | null;
}

export type PyhankoCoverage = 'ENTIRE_FILE' | 'ENTIRE_REVISION' | 'CONTIGUOUS_BLOCK_FROM_START' | 'UNCLEAR';
export type PyhankoChanges = 'NONE' | 'LTA_UPDATES' | 'FORM_FILLING' | 'ANNOTATIONS' | 'OTHER';

export interface PyhankoSignature {
  ok: boolean;
  field: string;
  kind: 'signature' | 'document-timestamp';
  subFilter: string;
  /** The validation process that fits what the file holds; null for a document time-stamp. */
  process: 'basic' | 'with-time' | 'lta' | null;
  indication: 'PASSED' | 'INDETERMINATE' | 'FAILED' | null;
  subIndication: string | null;
  why: string | null;
  signedBy: string | null;
  intact: boolean;
  valid: boolean;
  trusted: boolean;
  claimedTime: string | null;
  bestTime: string | null;
  coverage: PyhankoCoverage | null;
  /** What was changed after this signature. `PASSED` says nothing about it: `docmdpOk` does. */
  laterChanges: PyhankoChanges | null;
  docmdpOk: boolean;
  suspicious: string | null;
  timestamp: PyhankoTimestamp | null;
  /** Set when this signature could not be read. */
  error: string | null;
}

export interface PyhankoVerdict {
  file: string;
  /** Every signature and document time-stamp ok, at least one signature. */
  ok: boolean;
  signatures: PyhankoSignature[];
  timestamps: PyhankoSignature[];
  error: string | null;
}

export type Flavour = '1b' | '2a' | '2b' | '2u' | '3a' | '3b' | '3u' | '4' | '4f' | 'ua1' | 'ua2';

export interface VeraFlavourResult {
  flavour: Flavour;
  compliant: boolean;
  checks: number;
  /** Clause and test number → how often it failed, e.g. `{ "6.2.11.4.1-1": 1 }`. */
  failed: Record<string, number>;
}

export interface VeraVerdict {
  file: string;
  /** Compliant with every flavour asked for. */
  ok: boolean;
  results: VeraFlavourResult[];
  error: string | null;
}

export interface PdfsigSignature {
  /** pdfsig's own words, e.g. `Signature is Valid.`, `Digest Mismatch.` */
  signature: string;
  /** E.g. `Certificate is Trusted.`; absent for document time-stamps, which pdfsig cannot judge. */
  certificate: string | null;
  signer: string | null;
  /** `unknown` for document time-stamps. */
  subFilter: string | null;
  coversWholeFile: boolean;
  valid: boolean;
  trusted: boolean;
}

export interface PdfsigVerdict {
  file: string;
  /** Every signature that is not a document time-stamp is valid, and there is one. pdfsig does not see later changes. */
  ok: boolean;
  signatures: PdfsigSignature[];
  text: string;
}

export interface OpensslCheck {
  /** Which signature of the file: number in file order, from 1, and its field's sub-filter. */
  signature: number;
  kind: 'signature' | 'signature-timestamp' | 'document-timestamp';
  ok: boolean;
  /** OpenSSL's own words. */
  text: string;
}

export interface OpensslVerdict {
  file: string;
  /** Every check passed and there was at least one. */
  ok: boolean;
  checks: OpensslCheck[];
  error: string | null;
}

export interface QpdfVerdict {
  file: string;
  /** Neither errors nor warnings. */
  ok: boolean;
  exitCode: number;
  text: string;
}

/** The outside judges. Each promise rejects only when the judge itself is missing or broken, never because a file is bad. */
export interface Judges {
  /** veraPDF: is the file what the flavours demand? (PDF/A and PDF/UA) */
  verapdf(file: string, flavours: readonly Flavour[]): Promise<VeraVerdict>;
  /** EU DSS with the ETSI policy made strict about later changes (EN 319 102-1). */
  dss(file: string, options: DssOptions): Promise<DssVerdict>;
  /** pyHanko's AdES validation with its difference analysis. */
  pyhanko(file: string, options: PyhankoOptions): Promise<PyhankoVerdict>;
  /** Poppler's pdfsig over NSS. Integrity and chain only; asks OCSP responders named in certificates. */
  pdfsig(file: string, options: Pick<TrustOptions, 'trust'>): Promise<PdfsigVerdict>;
  /** `openssl cms -verify -cades` for every signature that is not a time-stamp. */
  opensslCms(file: string, options: TrustOptions): Promise<OpensslVerdict>;
  /** `openssl ts -verify` for every document time-stamp and every time-stamp inside a signature. */
  opensslTs(file: string, options: TrustOptions): Promise<OpensslVerdict>;
  /** `qpdf --check`: is the file's structure clean? */
  qpdfCheck(file: string): Promise<QpdfVerdict>;
  /** Ends the judges' processes. Call it when the tests of a file are over. */
  close(): Promise<void>;
}
