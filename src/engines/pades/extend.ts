/** From B-B up to B-LTA by appending (EN 319 142-1 §5.4, §6): time-stamp, validation data, archive time-stamp. */
import { AppError } from '../../shared/index.ts';
import type { Certificate } from '../crypto/index.ts';
import { beginUpdate } from '../pdf/index.ts';
import { addToStore, headerVersion, type StoreAddition } from './dss.ts';
import { type Examination, type ExaminedSignature, examine } from './examine.ts';
import { atLeast, LEVELS, levelOf } from './levels.ts';
import { addDocumentTimestamp, type DocumentTimestampOptions } from './timestamp.ts';
import type { Level, TimestampSource, ValidateOptions, ValidationMaterialSource } from './types.ts';

export interface ExtendOptions extends Omit<ValidateOptions, 'file' | 'material'> {
  readonly timestamp: TimestampSource;
  readonly material: ValidationMaterialSource;
  /**
   * One document time-stamp for everything: it comes after the validation data and proves signatures and data together, with answers from before
   * it. Default: a missing time-stamp is added first, so that the answers are younger than the proven time.
   */
  readonly oneTimestamp?: boolean;
  /** Certificates of the time-stamp authority, signer first, if no token in the file tells them: their validation data is then covered too. */
  readonly timestampChain?: readonly Certificate[];
  /** Adds a new archive time-stamp although the level is there already (renewal). */
  readonly renew?: boolean;
  readonly timestampOptions?: DocumentTimestampOptions;
}

export interface Extended {
  readonly pdf: Uint8Array;
  /** The lowest level among the PAdES signatures of the result, as our own validation sees it. */
  readonly reached: Level;
  /** Why `reached` is less than was asked for: TSA_UNAVAILABLE, TRY_LATER, OCSP_UNAVAILABLE, NOT_PADES, SIGNATURE_NOT_VALID; empty if it is not. */
  readonly reasons: readonly string[];
}

/**
 * Extends every signature of a file towards `level`; the input is an exact prefix of the result. Services that do not answer lower
 * `reached` and are named in `reasons`: what could be added until then is kept. Throws NOTHING_SIGNED, TIMESTAMP_WRONG, and the PDF_… errors.
 */
export async function extend(pdf: Uint8Array, level: Level, options: ExtendOptions): Promise<Extended> {
  const reasons = new Set<string>();
  let bytes = pdf;
  let examined: Examination | undefined;
  /** The file as it is now; looked at when somebody asks. */
  const seen = (): Examination => {
    examined ??= look(bytes, options);
    return examined;
  };
  if (seen().signatures.length === 0) throw new AppError('NOTHING_SIGNED');
  const timestampOptions = { ...roomLike(seen()), ...options.timestampOptions };

  const attempt = async (work: () => Promise<Uint8Array>): Promise<boolean> => {
    try {
      const grown = await work();
      if (grown === bytes) return true; // nothing was wanting
      bytes = grown;
      examined = undefined;
      return true;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !SERVICE_FAILURES.has(thrown.code)) throw thrown;
      reasons.add(thrown.code);
      return false;
    }
  };
  const stamp = (): Promise<boolean> => attempt(() => addDocumentTimestamp(bytes, options.timestamp, timestampOptions));
  const add = (whose: 'everybody' | 'time-stamps'): Promise<boolean> =>
    attempt(() => addValidationData(bytes, seen(), options, whose));
  const lacks = (wanted: Level): boolean =>
    LEVELS.indexOf(level) >= LEVELS.indexOf(wanted) &&
    signaturesOf(seen()).some((signature) => signature.read.isPades && !atLeast(levelOf(signature, seen()), wanted));

  let going = true;
  if (lacks('B-T') && options.oneTimestamp !== true) going = await stamp();
  // Where no archive time-stamp is, validation data alone lead no further than B-LT: that need not be looked at.
  const unstamped = lacks('B-LTA') && seen().signatures.every(({ read }) => read.kind === 'signature');
  if (going && (lacks('B-LT') || lacks('B-LTA') || options.renew === true)) going = await add('everybody');
  if (going && (unstamped || lacks('B-LTA') || options.renew === true)) {
    going = await stamp();
    // The last token may come from an authority that nothing in the file knew before.
    if (going) await add('time-stamps');
  }
  for (const reason of shortfall(seen(), level)) reasons.add(reason);
  return { pdf: bytes, reached: lowest(seen()), reasons: [...reasons] };
}

const SERVICE_FAILURES: ReadonlySet<string> = new Set(['TSA_UNAVAILABLE', 'TRY_LATER', 'OCSP_UNAVAILABLE']);

function look(bytes: Uint8Array, { anchors, timestampAnchors, at }: ExtendOptions): Examination {
  return examine(bytes, { anchors, at, ...(timestampAnchors === undefined ? {} : { timestampAnchors }) });
}

/** Room for a token like the newest signature's, which mostly comes from the same authority; one that is longer is asked for again. */
function roomLike({ signatures }: Examination): DocumentTimestampOptions {
  const newest = [...signatures].sort((a, b) => b.revision - a.revision)[0];
  const sizes = (newest?.read.tokens ?? []).map(({ token }) => token?.raw.length ?? 0);
  const longest = Math.max(0, ...sizes);
  return longest === 0 ? {} : { reserve: longest + TOKEN_MARGIN };
}

/** Tokens of one authority differ by a few bytes; another one's chain may be longer. */
const TOKEN_MARGIN = 1024;

function signaturesOf(seen: Examination): readonly ExaminedSignature[] {
  return seen.signatures.filter(({ read }) => read.kind === 'signature');
}

/**
 * Adds to the DSS what a validator needs for signers, time-stamps and those who answer for them. Answers about a certificate are
 * younger than the moment proven for its signature.
 */
async function addValidationData(
  bytes: Uint8Array,
  seen: Examination,
  options: ExtendOptions,
  whose: 'everybody' | 'time-stamps',
): Promise<Uint8Array> {
  const questions = new Map<string, { readonly chain: readonly Certificate[]; readonly notBefore: Date | undefined }>();
  const ask = (signer: Certificate | undefined, others: readonly Certificate[], notBefore: Date | undefined): void => {
    if (signer === undefined) return;
    const known = questions.get(signer.fingerprint);
    const later = known?.notBefore === undefined || (notBefore !== undefined && notBefore > known.notBefore);
    if (later)
      questions.set(signer.fingerprint, { chain: [signer, ...others], notBefore: notBefore ?? known?.notBefore });
  };
  for (const { read, chain, stampedTime, timestamps } of seen.signatures) {
    const others = chain?.path.slice(1) ?? read.signedData?.certificates ?? [];
    if (read.kind === 'signature') {
      if (whose === 'everybody' && !isProvided(chain, stampedTime, seen)) ask(read.check?.signer, others, stampedTime);
    } else if (!isProvided(chain, undefined, seen)) ask(read.check?.signer, others, read.token?.time);
    for (const timestamp of timestamps) {
      if (isProvided(timestamp.chain, undefined, seen)) continue;
      ask(timestamp.signer, timestamp.chain?.path.slice(1) ?? [], timestamp.time);
    }
  }
  // Whoever will sign the next archive time-stamp must be provable as of now.
  const [authority, ...above] = options.timestampChain ?? latestAuthority(seen);
  if (
    authority !== undefined &&
    whose === 'everybody' &&
    !isProvided(asOfNow(authority, seen, options), undefined, seen)
  ) {
    ask(authority, above, undefined);
  }

  const addition: { [K in keyof StoreAddition]: Uint8Array[] } = { certificates: [], ocsps: [], crls: [] };
  for (const { chain, notBefore } of questions.values()) {
    const found = await options.material.collect(chain, notBefore === undefined ? {} : { notBefore });
    addition.certificates.push(...chain.map(({ der }) => der), ...found.certificates.map(({ der }) => der));
    addition.ocsps.push(...found.ocsps.map(({ raw }) => raw));
    addition.crls.push(...found.crls.map(({ raw }) => raw));
  }
  const update = beginUpdate(seen.file);
  return addToStore(update, headerVersion(bytes), addition) ? update.finish().bytes : bytes;
}

/** Certificates of the authority of the newest time-stamp, signer first. */
function latestAuthority({ signatures }: Examination): readonly Certificate[] {
  const stamps = signatures.flatMap(({ timestamps }) => timestamps).filter(({ time }) => time !== undefined);
  const [newest] = stamps.sort((a, b) => Number(b.time) - Number(a.time));
  if (newest?.signer === undefined) return [];
  return newest.chain === undefined || newest.chain.path.length === 0 ? [newest.signer] : newest.chain.path;
}

function asOfNow(certificate: Certificate, seen: Examination, { at }: ExtendOptions): ExaminedSignature['chain'] {
  return seen.judge({ certificate, used: at, proven: at, purpose: 'time-stamps' });
}

/** Everything needed for this chain is in the file already, counts, and for its end is younger than `notBefore`. */
function isProvided(
  chain: ExaminedSignature['chain'],
  notBefore: Date | undefined,
  { heldSince }: Examination,
): boolean {
  if (chain === undefined || chain.reasons.length > 0 || chain.path.length === 0) return false;
  const [end] = chain.path;
  const isHeld = (item: Uint8Array | undefined): boolean => item !== undefined && heldSince(item) !== undefined;
  return (
    chain.path.every(({ der, fingerprint }) => fingerprint === chain.anchor?.fingerprint || isHeld(der)) &&
    chain.findings.every(({ certificate, evidence, source, producedAt, vouchesFor }) => {
      if (source === 'anchor' || source === 'no-check' || vouchesFor !== undefined) return true;
      const fresh =
        certificate !== end || notBefore === undefined || (producedAt !== undefined && producedAt >= notBefore);
      return fresh && isHeld(evidence);
    })
  );
}

function lowest(seen: Examination): Level {
  const levels = signaturesOf(seen).map((signature) => levelOf(signature, seen));
  return LEVELS.find((level) => levels.some((each) => each === level)) ?? 'B-B';
}

function shortfall(seen: Examination, level: Level): string[] {
  return signaturesOf(seen).flatMap((signature) => {
    if (atLeast(levelOf(signature, seen), level)) return [];
    if (!signature.read.isPades) return ['NOT_PADES'];
    return signature.reasons.some((reason) => reason !== 'NO_REVOCATION_DATA' && reason !== 'TRY_LATER')
      ? ['SIGNATURE_NOT_VALID']
      : [];
  });
}
