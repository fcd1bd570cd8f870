/** A probe's report, signed: who reads it years later can tell that it was this installation's, and that no word of it was changed. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ProbeReport } from './report.ts';

export interface ProbeCertificate {
  readonly report: ProbeReport;
  /** Ed25519 over the canonical JSON (RFC 8785) of the report, after the line `antin-worm-probe-1`. Base64. */
  readonly signature: string;
  /** The key's 32 raw bytes, base64. The same key signs the checkpoints of the audit log. */
  readonly publicKey: string;
}

/** The part of the installation's log key that is needed here. */
export interface CertificateKey {
  readonly privateKey: KeyObject;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
}

export function certifyProbe(report: ProbeReport, key: CertificateKey): ProbeCertificate {
  return {
    report,
    signature: sign(null, statement(report), key.privateKey).toString('base64'),
    publicKey: Buffer.from(key.publicKey).toString('base64'),
  };
}

/** Whether `publicKey` (32 raw bytes, from a source that the verifier trusts) signed this very report. Never throws. */
export function verifyProbeCertificate(certificate: ProbeCertificate, publicKey: Uint8Array): boolean {
  const { report, signature } = certificate;
  const named = Buffer.from(certificate.publicKey, 'base64');
  if (publicKey.length !== 32 || !named.equals(publicKey)) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(null, statement(report), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function statement(report: ProbeReport): Buffer {
  const text = canonicalize(report);
  if (text === undefined) throw new TypeError('a report is always JSON');
  // The line keeps the signature from passing for one over anything else that the key signs.
  return Buffer.from(`${report.format}\n${text}`);
}
