/** Which baseline level a signature has (EN 319 142-1 §6.3), judged by what is in the file, never by what it claims. */
import type { Examination, ExaminedSignature, ExaminedTimestamp } from './examine.ts';
import type { Level } from './types.ts';

/** From low to high. */
export const LEVELS: readonly Level[] = ['B-B', 'B-T', 'B-LT', 'B-LTA'];

export function atLeast(level: Level | 'PKCS7' | null, wanted: Level): boolean {
  return level !== null && level !== 'PKCS7' && LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);
}

/**
 * `B-T`: a time-stamp in the signature or over the document verifies and leads to an anchor. `B-LT`: certificates and revocation answers of the
 * signer and of that time-stamp are in the file. `B-LTA`: a later document time-stamp covers them. `PKCS7`: not PAdES. Null: unreadable.
 */
export function levelOf(signature: ExaminedSignature, examination: Examination): Level | 'PKCS7' | null {
  const { read, bestTime, stampedTime } = signature;
  if (read.signedData === undefined || read.kind === 'document-timestamp') return null;
  if (!read.isPades) return 'PKCS7';
  if (stampedTime === undefined) return 'B-B';
  if (bestTime === undefined) return 'B-T';
  const stamp = signature.timestamps.find(
    ({ kind, time, verdict }) =>
      kind !== 'content-timestamp' && verdict.indication === 'TOTAL-PASSED' && time === bestTime,
  );
  const since = materialSince(signature, stamp, examination);
  if (since === undefined) return 'B-T';
  return examination.proofs.some(({ revision }) => revision >= since) ? 'B-LTA' : 'B-LT';
}

/** The first revision that holds everything needed to validate signer and time-stamp; undefined if something is not in the file. */
function materialSince(
  signature: ExaminedSignature,
  stamp: ExaminedTimestamp | undefined,
  { heldSince }: Examination,
): number | undefined {
  const revisions: (number | undefined)[] = [signature.revision];
  for (const chain of [signature.chain, stamp?.chain]) {
    if (chain === undefined || chain.path.length === 0) return undefined;
    for (const certificate of chain.path) {
      if (certificate.fingerprint !== chain.anchor?.fingerprint) revisions.push(heldSince(certificate.der));
    }
    // The certificates behind an answer mostly come inside it, so they are not asked for one by one.
    for (const { source, status, evidence } of chain.findings) {
      if (source === 'anchor' || source === 'no-check') continue;
      if (status !== 'good' || evidence === undefined) return undefined;
      revisions.push(heldSince(evidence));
    }
  }
  const known = revisions.filter((revision) => revision !== undefined);
  return known.length === revisions.length ? Math.max(...known) : undefined;
}
