/** Which baseline level a signature has (EN 319 142-1 §6.3), judged by what is in the file, never by what it claims. */
import type { ChainAnswer } from './chains.ts';
import type { Examination, ExaminedSignature } from './examine.ts';
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
  const chains = [signature.chain, stamp?.chain].filter((chain) => chain !== undefined);
  const since = heldSince(chains, examination);
  if (since === undefined) return 'B-T';
  const covered = Math.max(0, ...examination.proofs.map(({ revision }) => revision));
  if (covered >= Math.max(since, signature.revision)) return 'B-LTA';
  // Newer answers that no time-stamp covers yet take nothing away from older ones that are covered and suffice.
  const older = chains.map(({ question }) => examination.judge(question, covered));
  return covered >= signature.revision && older.every(isGood) && heldSince(older, examination) !== undefined
    ? 'B-LTA'
    : 'B-LT';
}

const isGood = ({ reasons }: ChainAnswer): boolean => reasons.length === 0;

/** The first revision that holds everything these chains need; undefined if something is not in the file. */
function heldSince(chains: readonly ChainAnswer[], examination: Examination): number | undefined {
  const revisions: (number | undefined)[] = [0];
  for (const { path, anchor, findings } of chains) {
    if (path.length === 0) return undefined;
    for (const certificate of path) {
      if (certificate.fingerprint !== anchor?.fingerprint) revisions.push(examination.heldSince(certificate.der));
    }
    // The certificates behind an answer mostly come inside it, so they are not asked for one by one.
    for (const { source, status, evidence, vouchesFor } of findings) {
      if (source === 'anchor' || source === 'no-check' || vouchesFor !== undefined) continue;
      if (status !== 'good' || evidence === undefined) return undefined;
      revisions.push(examination.heldSince(evidence));
    }
  }
  const known = revisions.filter((revision) => revision !== undefined);
  return known.length === revisions.length ? Math.max(...known) : undefined;
}
