/** Puts together what is reported of each signature: its examination, what came after it, and its level. */
import type { Certificate, RevocationFinding } from '../crypto/index.ts';
import { certification, fieldLock, type PdfFile, type SignatureField, signatureFields } from '../pdf/index.ts';
import { type LaterChange, laterChanges, worstClass } from './changes.ts';
import type { Examination, ExaminedSignature, ExaminedTimestamp } from './examine.ts';
import { levelOf } from './levels.ts';
import { type Permissions, violation } from './permissions.ts';
import { algorithmName, digestName } from './signature-reading.ts';
import type { RevocationReport, SignatureReport, TimestampReport } from './types.ts';
import { type Reason, verdictOf } from './verdicts.ts';

export function reportSignatures(examination: Examination): SignatureReport[] {
  const { file } = examination;
  // The lowest covered revision first: the steps from there on are computed once and serve all.
  const first = Math.min(...examination.signatures.map(({ revision }) => revision));
  laterChanges(file, first);
  const fields = new Map(signatureFields(file.latest).map((field) => [field.name, field]));
  const document = documentPermission(examination);
  return examination.signatures.map((signature) => reportSignature(signature, examination, fields, document));
}

/** DocMDP of the certification signature, which counts for every signature after it. */
function documentPermission({ file, signatures }: Examination): 1 | 2 | 3 {
  const certified = certification(file.latest);
  if (certified === undefined) return 2;
  return signatures.find(({ read }) => read.dictionary.dict === certified)?.read.dictionary.docMdp ?? 2;
}

function reportSignature(
  signature: ExaminedSignature,
  examination: Examination,
  fields: ReadonlyMap<string, SignatureField>,
  document: 1 | 2 | 3,
): SignatureReport {
  const { read, chain, bestTime, timestamps } = signature;
  const { dictionary, signedData, check } = read;
  const { file } = examination;
  const changes = laterChanges(file, signature.revision);
  const reasons = new Set<Reason>(signature.reasons);
  const notices = new Set<string>([
    ...signature.notices,
    ...changeNotices(file, changes, signature.revision),
    ...examination.storeNotices,
  ]);
  const broken = violation(changes, permissionsOf(file, signature, fields, document));
  if (broken !== undefined) reasons.add('CHANGED_AFTER_SIGNING');
  if (broken === 'DOCMDP_VIOLATED' || broken === 'FIELD_LOCK_VIOLATED') reasons.add(broken);
  if (file.trailing.significant) reasons.add('TRAILING_BYTES');
  if (
    read.kind === 'signature' &&
    timestamps.some(({ kind, verdict }) => kind === 'signature-timestamp' && verdict.indication !== 'TOTAL-PASSED')
  ) {
    notices.add('TIMESTAMP_NOT_VALID');
  }
  const signer = check?.signer;
  const verdict = verdictOf(reasons);
  return {
    field: dictionary.fields[0] ?? '',
    fields: dictionary.fields,
    kind: read.kind,
    subFilter: dictionary.subFilter ?? null,
    level: levelOf(signature, examination),
    ...verdict,
    notices: [...notices],
    intact: check?.intact ?? false,
    signatureValid: check?.signatureValid ?? false,
    trusted: chain?.anchor !== undefined,
    coversRevision: dictionary.coversRevision ?? null,
    coversWholeFile: dictionary.coversWholeFile,
    byteRangeValid: dictionary.byteRangeProblems.length === 0,
    laterChanges: worstClass(changes),
    changes: changes.map(({ revision, path, class: changeClass }) => ({ revision, path, class: changeClass })),
    docMdp: dictionary.docMdp ?? null,
    digestAlgorithm: digestName(signedData),
    signatureAlgorithm: algorithmName(signedData?.signerInfos[0]?.signatureAlgorithm, signer),
    signer: signer === undefined ? null : describeSigner(signer, chain?.anchor),
    claimedTime: iso(dictionary.claimedTime),
    bestSignatureTime: iso(bestTime),
    timestamps: timestamps.map(describeTimestamp),
    revocation: describeRevocation(signature, examination),
  };
}

function permissionsOf(
  file: PdfFile,
  { read }: ExaminedSignature,
  fields: ReadonlyMap<string, SignatureField>,
  document: 1 | 2 | 3,
): Permissions {
  const { dictionary } = read;
  const lockDicts = dictionary.fields.flatMap((name) => fields.get(name)?.lock ?? []);
  const locks = lockDicts.map((dict) => fieldLock(file.latest, dict));
  // ISO 32000-2 table 236: a lock may narrow the permission from its signature on.
  const narrowed = lockDicts
    .map((dict) => file.latest.number(dict.get('P')))
    .filter((p) => p === 1 || p === 2 || p === 3);
  const own = dictionary.docMdp ?? document;
  return {
    docMdp: [own, ...narrowed].includes(1) ? 1 : [own, ...narrowed].includes(2) ? 2 : 3,
    locks: dictionary.fieldMdp === undefined ? locks : [dictionary.fieldMdp, ...locks],
  };
}

function changeNotices(file: PdfFile, changes: readonly LaterChange[], revision: number): string[] {
  const notices: string[] = [];
  if (changes.some(({ overlay }) => overlay === true)) notices.push('APPEARANCE_OVER_CONTENT');
  if (changes.some((change) => change.class === 'metadata')) notices.push('METADATA_CHANGED');
  if (revision < file.revisions.length && !endsSigned(file, changes)) notices.push('LAST_REVISION_UNSIGNED');
  return notices;
}

/** The last revision brings a signature or a document time-stamp. */
function endsSigned(file: PdfFile, changes: readonly LaterChange[]): boolean {
  return changes.some(
    (change) =>
      change.revision === file.revisions.length &&
      (change.class === 'signing' || change.class === 'ltv') &&
      change.path.startsWith('Root/AcroForm/Fields'),
  );
}

function describeSigner(certificate: Certificate, anchor: Certificate | undefined): SignatureReport['signer'] {
  const { subject, issuer } = certificate;
  return {
    commonName: subject.attributes.get('CN')?.[0] ?? subject.text,
    subject: subject.text,
    serial: certificate.serial,
    issuer: issuer.text,
    uids: subject.attributes.get('UID') ?? [],
    notBefore: isoTime(certificate.notBefore),
    notAfter: isoTime(certificate.notAfter),
    fingerprint: certificate.fingerprint,
    anchor: anchor?.subject.text ?? null,
  };
}

function describeTimestamp({ kind, time, signer, verdict }: ExaminedTimestamp): TimestampReport {
  return { kind, time: iso(time) ?? '', ...verdict, tsa: signer?.subject.text ?? '' };
}

/** Signer chain first, then the chains of its time-stamps; each certificate once. */
function describeRevocation(signature: ExaminedSignature, examination: Examination): RevocationReport[] {
  const seen = new Map<string, RevocationReport>();
  for (const chain of [signature.chain, ...signature.timestamps.map((timestamp) => timestamp.chain)]) {
    for (const finding of chain?.findings ?? []) {
      const key = finding.certificate.fingerprint;
      if (finding.source !== 'anchor' && !seen.has(key)) seen.set(key, describeFinding(finding, examination));
    }
  }
  return [...seen.values()];
}

function describeFinding(finding: RevocationFinding, { heldSince }: Examination): RevocationReport {
  return {
    certificate: finding.certificate.subject.text,
    source: finding.source,
    embedded: finding.evidence !== undefined && heldSince(finding.evidence) !== undefined,
    status: finding.status,
    producedAt: iso(finding.producedAt),
  };
}

function iso(time: Date | undefined): string | null {
  return time === undefined || Number.isNaN(time.getTime()) ? null : isoTime(time);
}

function isoTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z');
}
