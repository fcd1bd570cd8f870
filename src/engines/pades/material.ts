/** All certificates and revocation answers that a validation may use, with the earliest revision that holds each. */
import {
  type Certificate,
  type CertificateList,
  children,
  contextTag,
  fields,
  type OcspResponse,
  parseCrl,
  parseOcspResponse,
  readDer,
  type SignedData,
} from '../crypto/index.ts';
import type { Stored } from './dss.ts';
import type { ReadSignature } from './signature-reading.ts';

/** adbe-revocationInfoArchival (ISO 32000-2 §12.8.3.3.2): revocation answers inside the signed attributes. */
const REVOCATION_ARCHIVAL = '1.2.840.113583.1.1.8';

export interface EmbeddedMaterial {
  readonly certificates: readonly Stored<Certificate>[];
  readonly ocsps: readonly Stored<OcspResponse>[];
  readonly crls: readonly Stored<CertificateList>[];
}

/** What the signatures and their time-stamps carry themselves. */
export function materialOfSignatures(signatures: readonly ReadSignature[]): EmbeddedMaterial {
  const certificates: Stored<Certificate>[] = [];
  const ocsps: Stored<OcspResponse>[] = [];
  const crls: Stored<CertificateList>[] = [];
  const take = (signedData: SignedData | undefined, revision: number): void => {
    if (signedData === undefined) return;
    for (const value of signedData.certificates) certificates.push({ value, revision });
    for (const raw of signedData.crls) attempt(() => crls.push({ value: parseCrl(raw), revision }));
    for (const info of signedData.signerInfos) {
      for (const attribute of info.signedAttributes) {
        if (attribute.oid !== REVOCATION_ARCHIVAL) continue;
        for (const value of attribute.values) attempt(() => takeArchival(value, revision));
      }
    }
  };
  const takeArchival = (value: Uint8Array, revision: number): void => {
    const parts = fields(readDer(value, { ber: true }), 'RevocationInfoArchival');
    const lists = parts.optional(contextTag(0));
    const answers = parts.optional(contextTag(1));
    for (const list of wrapped(lists)) attempt(() => crls.push({ value: parseCrl(list), revision }));
    for (const answer of wrapped(answers)) attempt(() => ocsps.push({ value: parseOcspResponse(answer), revision }));
  };
  for (const { dictionary, signedData, tokens } of signatures) {
    const revision = dictionary.coversRevision ?? dictionary.definedIn;
    take(signedData, revision);
    for (const { token } of tokens) take(token?.signedData, revision);
  }
  return { certificates, ocsps, crls };
}

function wrapped(node: ReturnType<typeof readDer> | undefined): Uint8Array[] {
  if (node === undefined) return [];
  return children(node).flatMap((sequence) => children(sequence).map(({ raw }) => raw));
}

/** An answer that cannot be read is no answer. */
function attempt(read: () => unknown): void {
  try {
    read();
  } catch {
    // Passed over: what is missing shows in the verdict.
  }
}
