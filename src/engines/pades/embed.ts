/** Second half of signing: the returned signature is verified, then put into the gap (EN 319 142-1 §6.3). */
import { createHash } from 'node:crypto';
import { AppError, digest, nodeDigestName, sha256Hex } from '../../shared/index.ts';
import {
  addUnsignedAttribute,
  algorithmOf,
  buildSignedData,
  type Certificate,
  checkSignedData,
  checkTimestampToken,
  OID,
  parseCertificate,
  parseSignedData,
  parseTimestampToken,
  type SigningScheme,
  sameCertificate,
  verifySignature,
} from '../crypto/index.ts';
import { openPdf } from '../pdf/index.ts';
import { fileSha256 } from './range-digests.ts';
import type { EmbeddedSignature, PreparedSignature, TimestampSource } from './types.ts';

export interface EmbedOptions {
  /** Gets the signature time-stamp; absent: level B-B. */
  readonly timestamp?: TimestampSource;
  /** Embed without a time-stamp when none can be had, and say so (`debt`); default: throw. */
  readonly allowWithoutTimestamp?: boolean;
}

/** The parts of a paused signature as bytes. */
export interface Gap {
  readonly appended: Uint8Array;
  readonly contentsStart: number;
  readonly contentsEnd: number;
}

/** True if `signatureValue` (ECDSA as DER) verifies over the prepared attributes under the signer's certificate. */
export function verifyPrepared(prepared: PreparedSignature, signatureValue: Uint8Array): boolean {
  const [signer] = certificatesOf(prepared);
  return (
    signer !== undefined &&
    verifySignature(signer, algorithmOf(prepared.scheme), unbase64(prepared.signedAttributes), signatureValue)
  );
}

/**
 * Completes a prepared signature. The signature is verified first: SIGNATURE_VALUE_WRONG leaves the document as it was. Throws
 * PREPARED_MISMATCH if `pdf` is not what was prepared, SIGNATURE_TOO_LARGE, TSA_UNAVAILABLE (unless time-stamps may be owed),
 * TIMESTAMP_WRONG. The input is an exact prefix of the output.
 */
export async function embed(
  pdf: Uint8Array,
  prepared: PreparedSignature,
  signatureValue: Uint8Array,
  options: EmbedOptions = {},
): Promise<EmbeddedSignature> {
  checkInput(pdf, prepared);
  if (!verifyPrepared(prepared, signatureValue)) throw new AppError('SIGNATURE_VALUE_WRONG');
  const cms = buildSignedData({
    attributes: unbase64(prepared.signedAttributes),
    signature: signatureValue,
    scheme: prepared.scheme,
    certificates: certificatesOf(prepared),
  });
  return completeCms(pdf, gapOf(prepared), cms, signatureValue, prepared.scheme, options);
}

/**
 * Completes a prepared signature with a CMS made by the signer's own service. It must be detached, hold exactly one signer, the expected
 * certificate, and be about exactly these bytes; else SIGNATURE_VALUE_WRONG. Otherwise as `embed`.
 */
export async function embedCms(
  pdf: Uint8Array,
  prepared: PreparedSignature,
  cms: Uint8Array,
  options: EmbedOptions = {},
): Promise<EmbeddedSignature> {
  checkInput(pdf, prepared);
  const gap = gapOf(prepared);
  const signedData = parseSignedData(cms);
  const check = checkSignedData(signedData, (name) =>
    name === 'SHA-256' || name === 'SHA-384' || name === 'SHA-512' ? coveredDigest(pdf, gap, name) : undefined,
  );
  const [expected] = certificatesOf(prepared);
  const ours = check.signer !== undefined && expected !== undefined && sameCertificate(check.signer, expected);
  const [signer] = signedData.signerInfos;
  if (!ours || !check.intact || !check.signatureValid || check.reasons.length > 0 || signer === undefined) {
    throw new AppError('SIGNATURE_VALUE_WRONG');
  }
  const stamped = signer.unsignedAttributes.some(({ oid }) => oid === OID.signatureTimestamp);
  if (stamped) return { pdf: fill(pdf, gap, cms), level: 'B-T' };
  return completeCms(pdf, gap, cms, signer.signature, prepared.scheme, options);
}

/** Time-stamps the CMS if asked to and fills the gap. A token that does not fit may be owed only if `placeIsFinal`. */
export async function completeCms(
  pdf: Uint8Array,
  gap: Gap,
  cms: Uint8Array,
  signatureValue: Uint8Array,
  scheme: SigningScheme,
  { timestamp, allowWithoutTimestamp = false }: EmbedOptions,
  placeIsFinal = true,
): Promise<EmbeddedSignature> {
  if (timestamp === undefined) return { pdf: fill(pdf, gap, cms), level: 'B-B' };
  const owe = (debt: NonNullable<EmbeddedSignature['debt']>): EmbeddedSignature => ({
    pdf: fill(pdf, gap, cms),
    level: 'B-B',
    debt,
  });
  let token: Uint8Array;
  try {
    token = await signatureTimestamp(signatureValue, scheme, timestamp);
  } catch (thrown) {
    const unavailable = thrown instanceof AppError && thrown.code === 'TSA_UNAVAILABLE';
    if (unavailable && allowWithoutTimestamp) return owe('TSA_UNAVAILABLE');
    throw thrown;
  }
  const stamped = addUnsignedAttribute(cms, OID.signatureTimestamp, token);
  if (stamped.length > capacity(gap) && allowWithoutTimestamp && placeIsFinal) return owe('TOKEN_TOO_LARGE');
  return { pdf: fill(pdf, gap, stamped), level: 'B-T' };
}

/** A token over the signature value (EN 319 122-1 §5.3). Throws TSA_UNAVAILABLE, TIMESTAMP_WRONG if it is about something else. */
async function signatureTimestamp(
  signatureValue: Uint8Array,
  { digest: name }: SigningScheme,
  source: TimestampSource,
): Promise<Uint8Array> {
  const imprint = digest(name, signatureValue);
  const token = await source(imprint, name);
  const check = checkTimestampToken(parseTimestampToken(token), imprint);
  if (!check.intact || !check.signatureValid || check.reasons.length > 0) {
    const why = check.reasons.join(', ');
    throw new AppError('TIMESTAMP_WRONG', {
      detail: { vi: `Không kiểm tra được dấu thời gian: ${why}.`, en: `The time-stamp does not verify: ${why}.` },
    });
  }
  return token;
}

/** Greatest CMS, bytes, that the gap takes. */
export function capacity({ contentsStart, contentsEnd }: Gap): number {
  return (contentsEnd - contentsStart - 2) / 2;
}

/** The finished file: one allocation, input first. Throws SIGNATURE_TOO_LARGE. */
export function fill(pdf: Uint8Array, gap: Gap, cms: Uint8Array): Uint8Array {
  if (cms.length > capacity(gap)) {
    throw new AppError('SIGNATURE_TOO_LARGE', { extra: { needed: cms.length, reserved: capacity(gap) } });
  }
  const whole = Buffer.allocUnsafeSlow(pdf.length + gap.appended.length);
  whole.set(pdf);
  whole.set(gap.appended, pdf.length);
  whole.write(Buffer.from(cms.buffer, cms.byteOffset, cms.length).toString('hex'), gap.contentsStart + 1, 'latin1');
  return new Uint8Array(whole.buffer);
}

function coveredDigest(pdf: Uint8Array, gap: Gap, name: 'SHA-256' | 'SHA-384' | 'SHA-512'): Uint8Array {
  const hash = createHash(nodeDigestName(name));
  hash.update(pdf);
  hash.update(gap.appended.subarray(0, gap.contentsStart - pdf.length));
  hash.update(gap.appended.subarray(gap.contentsEnd - pdf.length));
  return new Uint8Array(hash.digest());
}

function checkInput(pdf: Uint8Array, prepared: PreparedSignature): void {
  if (pdf.length !== prepared.inputLength || digestOfInput(pdf) !== prepared.inputSha256) {
    throw new AppError('PREPARED_MISMATCH');
  }
}

/** Mostly the file was opened a moment ago, to be prepared, and is not hashed again. */
function digestOfInput(pdf: Uint8Array): string {
  try {
    return fileSha256(openPdf(pdf));
  } catch {
    return sha256Hex(pdf);
  }
}

function gapOf(prepared: PreparedSignature): Gap {
  return {
    appended: unbase64(prepared.appended),
    contentsStart: prepared.contentsStart,
    contentsEnd: prepared.contentsEnd,
  };
}

function certificatesOf(prepared: PreparedSignature): Certificate[] {
  return prepared.certificates.map((der) => parseCertificate(unbase64(der)));
}

function unbase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
