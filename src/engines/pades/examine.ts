/**
 * The validation of a whole file (EN 319 102-1 §5.3 to §5.6): reads every signature, then works through time from the newest archive
 * time-stamp backwards, each one proving what existed before it, and judges the signatures with those proofs.
 */
import { AppError } from '../../shared/index.ts';
import type { Certificate } from '../crypto/index.ts';
import { openPdf, type PdfFile, signatureDictionaries } from '../pdf/index.ts';
import { type ChainAnswer, type ChainMaterial, type ChainQuestion, createChainJudge } from './chains.ts';
import { readStore, type Stored } from './dss.ts';
import { materialOfSignatures } from './material.ts';
import { rangeDigests } from './range-digests.ts';
import { type EmbeddedToken, type ReadSignature, readSignature } from './signature-reading.ts';
import type { TimestampReport, ValidateOptions } from './types.ts';
import { hasAlteredUnsignedParts } from './unsigned-parts.ts';
import { type Reason, type Verdict, verdictOf } from './verdicts.ts';

/** A valid document time-stamp: everything up to `revision` existed at `time`. */
export interface Proof {
  readonly time: Date;
  readonly revision: number;
}

export interface ExaminedTimestamp {
  readonly kind: TimestampReport['kind'];
  readonly time: Date | undefined;
  readonly signer: Certificate | undefined;
  readonly chain: ChainAnswer | undefined;
  readonly verdict: Verdict;
}

export interface ExaminedSignature {
  readonly read: ReadSignature;
  readonly revision: number;
  /** Reasons from format, cryptography, certificates and times; later changes are judged elsewhere. */
  readonly reasons: readonly Reason[];
  readonly notices: readonly string[];
  readonly chain: ChainAnswer | undefined;
  /** Signature and content time-stamps inside, and the document time-stamps that cover it. */
  readonly timestamps: readonly ExaminedTimestamp[];
  /** Earliest proven moment of existence; undefined if no time-stamp proves any. */
  readonly bestTime: Date | undefined;
  /** Earliest moment that a verifying time-stamp of a trusted authority states, even if that authority's revocation is not known yet. */
  readonly stampedTime: Date | undefined;
}

export interface Examination {
  readonly file: PdfFile;
  readonly signatures: readonly ExaminedSignature[];
  readonly proofs: readonly Proof[];
  readonly storeNotices: readonly string[];
  /** Judges a chain with everything known, or with only what revision `asOf` holds. */
  readonly judge: (question: ChainQuestion, asOf?: number) => ChainAnswer;
  /** Revision that first holds a certificate or revocation answer; undefined if the file does not have it. */
  readonly heldSince: (item: Uint8Array) => number | undefined;
}

/** Clocks of different authorities may differ by so much without contradicting each other. */
const CLOCK_TOLERANCE_MS = 60_000;

type Question = Omit<ValidateOptions, 'file'>;

/** The last one, until memory is wanted: what has just been extended is asked about once more, unchanged, before it is stored. */
let last: WeakRef<{ readonly file: PdfFile; readonly question: Question; readonly answer: Examination }> | undefined;

/** Throws what `openPdf` throws, PDF_ENCRYPTED, and PDF_SYNTAX where the form cannot be read; never because a signature is bad. */
export function examine(bytes: Uint8Array, question: Question): Examination {
  const file = openPdf(bytes);
  const known = last?.deref();
  if (known?.file === file && isSame(known.question, question)) return known.answer;
  const answer = examineFile(file, question);
  last = new WeakRef({ file, question, answer });
  return answer;
}

function isSame(a: Question, b: Question): boolean {
  const sameTrust = a.anchors === b.anchors && a.timestampAnchors === b.timestampAnchors;
  return sameTrust && a.material === b.material && a.at.getTime() === b.at.getTime();
}

function examineFile(file: PdfFile, options: Question): Examination {
  if (file.encrypted) throw new AppError('PDF_ENCRYPTED');
  const dictionaries = signatureDictionaries(file);
  const store = readStore(file);
  const given = options.material ?? { certificates: [], ocsps: [], crls: [] };
  const rangeDigest = rangeDigests(file).ofRange;
  const extra = [...store.certificates.map(({ value }) => value), ...given.certificates];
  const reads = dictionaries.map((dictionary) => readSignature(file, dictionary, rangeDigest, extra));
  const own = materialOfSignatures(reads);

  const held = createHoldings([
    ...[...store.certificates, ...own.certificates].map(({ value, revision }) => ({ value: value.der, revision })),
    ...[...store.ocsps, ...own.ocsps].map(({ value, revision }) => ({ value: value.raw, revision })),
    ...[...store.crls, ...own.crls].map(({ value, revision }) => ({ value: value.raw, revision })),
  ]);
  const proofs: Proof[] = [];
  const firstProof = (revision: number): Date | undefined =>
    earliest(proofs.filter((proof) => proof.revision >= revision).map(({ time }) => time));
  const material: ChainMaterial = {
    anchors: options.anchors,
    timestampAnchors: options.timestampAnchors ?? options.anchors,
    certificates: unique([...own.certificates.map(({ value }) => value), ...extra]),
    ocsps: [...store.ocsps, ...own.ocsps].map(({ value }) => value).concat(given.ocsps),
    crls: [...store.crls, ...own.crls].map(({ value }) => value).concat(given.crls),
    provenSince: (evidence) => {
      const revision = held(evidence);
      return (revision === undefined ? undefined : firstProof(revision)) ?? options.at;
    },
  };
  const known = [...material.anchors, ...material.timestampAnchors, ...material.certificates];
  const revisionOf = ({ dictionary }: ReadSignature): number => dictionary.coversRevision ?? dictionary.definedIn;
  const lastCovered = Math.max(0, ...reads.map(revisionOf));
  const chainOf = createChainJudge(material);
  const judgeAsOf = (question: ChainQuestion, asOf?: number): ChainAnswer => {
    if (asOf === undefined) return chainOf(question);
    const isHeld = (item: Uint8Array): boolean => (held(item) ?? Number.POSITIVE_INFINITY) <= asOf;
    return createChainJudge({
      ...material,
      certificates: material.certificates.filter(({ der }) => isHeld(der)),
      ocsps: material.ocsps.filter(({ raw }) => isHeld(raw)),
      crls: material.crls.filter(({ raw }) => isHeld(raw)),
    })(question);
  };

  const readReasons = (read: ReadSignature): Reason[] => {
    const uncovered = revisionOf(read) === lastCovered;
    const altered =
      uncovered &&
      read.signedData !== undefined &&
      hasAlteredUnsignedParts(read.signedData, read.check?.signer, known, read.kind === 'document-timestamp');
    return altered ? [...read.reasons, 'UNSIGNED_PARTS_ALTERED'] : [...read.reasons];
  };

  /** A time-stamp at the moment it is itself proven (§5.4): by a later archive time-stamp, else only now. */
  const examineTimestamp = (
    kind: TimestampReport['kind'],
    token: { readonly time: Date } | undefined,
    signer: Certificate | undefined,
    reasons: readonly Reason[],
    proven: Date,
  ): ExaminedTimestamp => {
    if (token === undefined || signer === undefined) {
      return { kind, time: token?.time, signer, chain: undefined, verdict: verdictOf(reasons) };
    }
    const chain = chainOf({ certificate: signer, used: token.time, proven, purpose: 'time-stamps' });
    const order: Reason[] =
      token.time.getTime() > proven.getTime() + CLOCK_TOLERANCE_MS ? ['TIMESTAMP_ORDER_FAILURE'] : [];
    return {
      kind,
      time: token.time,
      signer,
      chain,
      verdict: verdictOf([...reasons, ...chain.reasons, ...order]),
    };
  };

  // Newest first, so that each archive time-stamp can be proven by those after it (§5.6.2.4).
  const archive = reads
    .filter(({ kind }) => kind === 'document-timestamp')
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  const archived = new Map<ReadSignature, ExaminedTimestamp>();
  for (const read of archive) {
    const revision = revisionOf(read);
    const examined = examineTimestamp(
      'document-timestamp',
      read.token,
      read.check?.signer,
      readReasons(read),
      firstProof(revision) ?? options.at,
    );
    archived.set(read, examined);
    if (examined.verdict.indication === 'TOTAL-PASSED' && examined.time !== undefined) {
      proofs.push({ time: examined.time, revision });
    }
  }

  const embedded = (read: ReadSignature, kind: EmbeddedToken['kind']): ExaminedTimestamp[] =>
    read.tokens
      .filter((token) => token.kind === kind)
      .map((token) =>
        examineTimestamp(
          kind,
          token.token,
          token.check?.signer,
          token.reasons,
          firstProof(revisionOf(read)) ?? options.at,
        ),
      );

  const examineSignature = (read: ReadSignature): ExaminedSignature => {
    const revision = revisionOf(read);
    const notices = new Set(read.notices);
    const covering = archive.filter((other) => other !== read && revisionOf(other) >= revision);
    const contentStamps = embedded(read, 'content-timestamp');
    const signatureStamps = embedded(read, 'signature-timestamp');
    const timestamps = [
      ...contentStamps,
      ...signatureStamps,
      ...covering.map((other) => archived.get(other)).filter((stamp) => stamp !== undefined),
    ];
    if (read.kind === 'document-timestamp') {
      const self = archived.get(read);
      return {
        read,
        revision,
        reasons: readReasons(read).concat(self?.chain?.reasons ?? [], timeOrder(self)),
        notices: [...notices],
        chain: self?.chain,
        timestamps: timestamps.filter(({ kind }) => kind === 'document-timestamp'),
        bestTime: passed(self) ? self?.time : undefined,
        stampedTime: self?.time,
      };
    }
    const bestTime = earliest([...signatureStamps.filter(passed).map(({ time }) => time), firstProof(revision)]);
    const notBefore = latest([
      ...contentStamps.filter(passed).map(({ time }) => time),
      ...proofs.filter((proof) => proof.revision < revision).map(({ time }) => time),
    ]);
    const reasons = readReasons(read);
    let chain: ChainAnswer | undefined;
    if (read.check?.signer !== undefined) {
      const proven = bestTime ?? options.at;
      chain = chainOf({ certificate: read.check.signer, used: proven, proven, notBefore, purpose: 'signer' });
      reasons.push(...chain.reasons);
    }
    // §5.5.4 (4): time-stamps must follow each other as what they stamp does.
    if (
      bestTime !== undefined &&
      notBefore !== undefined &&
      notBefore.getTime() > bestTime.getTime() + CLOCK_TOLERANCE_MS
    ) {
      reasons.push('TIMESTAMP_ORDER_FAILURE');
    }
    const stampedTime = earliest(
      timestamps.filter((stamp) => stamp.kind !== 'content-timestamp' && isStamp(stamp)).map(({ time }) => time),
    );
    return { read, revision, reasons, notices: [...notices], chain, timestamps, bestTime, stampedTime };
  };

  return {
    file,
    signatures: reads.map(examineSignature),
    proofs,
    storeNotices: store.notices,
    judge: judgeAsOf,
    heldSince: held,
  };
}

function timeOrder(timestamp: ExaminedTimestamp | undefined): Reason[] {
  return timestamp?.verdict.reasons.includes('TIMESTAMP_ORDER_FAILURE') ? ['TIMESTAMP_ORDER_FAILURE'] : [];
}

/** Verifies and leads to an anchor; at most revocation data is wanting. */
export function isStamp({ verdict, chain }: ExaminedTimestamp): boolean {
  return (
    chain?.anchor !== undefined &&
    verdict.reasons.every((reason) => reason === 'NO_REVOCATION_DATA' || reason === 'TRY_LATER')
  );
}

function passed(timestamp: ExaminedTimestamp | undefined): boolean {
  return timestamp?.verdict.indication === 'TOTAL-PASSED';
}

function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  return times.reduce(
    (found, time) => (time !== undefined && (found === undefined || time < found) ? time : found),
    undefined,
  );
}

function latest(times: readonly (Date | undefined)[]): Date | undefined {
  return times.reduce(
    (found, time) => (time !== undefined && (found === undefined || time > found) ? time : found),
    undefined,
  );
}

function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint, certificate])).values()];
}

/** Finds by content when a piece of material first appears in the file. */
function createHoldings(items: readonly Stored<Uint8Array>[]): (item: Uint8Array) => number | undefined {
  const byLength = Map.groupBy(items, ({ value }) => value.length);
  return (item) => {
    const same = byLength.get(item.length)?.filter(({ value }) => value === item || Buffer.compare(value, item) === 0);
    return same === undefined || same.length === 0 ? undefined : Math.min(...same.map(({ revision }) => revision));
  };
}
