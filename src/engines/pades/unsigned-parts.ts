/**
 * The parts of a CMS that its signature does not protect: versions, the list of digest algorithms, parameters, certificates.
 * Where a later signature covers /Contents, a change there breaks that signature. Nobody covers the last one, so there these parts must
 * be exactly what its signer would have written, or the file has been tampered with.
 */
import {
  type Certificate,
  children,
  contextTag,
  type DerNode,
  readDer,
  type SignedData,
  sameBytes,
  sameName,
  TAG,
  verifySignature,
} from '../crypto/index.ts';

/** True if something unsigned is not as it must be. `known` are certificates from elsewhere: anchors, DSS, other signatures. */
export function hasAlteredUnsignedParts(
  signedData: SignedData,
  known: readonly Certificate[],
  isTimestamp: boolean,
): boolean {
  try {
    return (
      !hasRightHeaders(signedData) ||
      signedData.notices.includes('CERTIFICATE_UNREADABLE') ||
      (isTimestamp && (signedData.signerInfos[0]?.unsignedAttributes.length ?? 0) > 0) ||
      signedData.certificates.some((certificate) => isAltered(certificate, [...known, ...signedData.certificates]))
    );
  } catch {
    return true;
  }
}

/** RFC 5652 §5.1 and §5.3: versions follow from the contents; digestAlgorithms lists what the one signer uses. */
function hasRightHeaders(signedData: SignedData): boolean {
  const [, content] = children(readDer(signedData.raw, { ber: true }));
  if (content === undefined) return false;
  const parts = children(children(content)[0] ?? content);
  const [version, digestAlgorithms, encapsulated] = parts;
  const signerInfos = parts.at(-1);
  if (
    version === undefined ||
    digestAlgorithms === undefined ||
    encapsulated === undefined ||
    signerInfos === undefined
  )
    return false;
  const [signerInfo] = children(signerInfos);
  const [info] = signedData.signerInfos;
  if (signerInfo === undefined || info === undefined) return false;

  const bySubjectKey = 'subjectKeyIdentifier' in info.sid;
  const isData = signedData.contentType === ID_DATA;
  // Some signers that name their key by its identifier write version 1 where the standard wants 3.
  if (info.version !== 1 && !(bySubjectKey && info.version === 3)) return false;
  if (smallInteger(version) !== expectedVersion(parts, isData && info.version === 1)) return false;

  const [, , digestAlgorithm, ...rest] = children(signerInfo);
  const signatureAlgorithm = rest.find(({ tag }) => tag === TAG.sequence);
  const listed = children(digestAlgorithms);
  const [only] = listed;
  if (digestAlgorithm === undefined || signatureAlgorithm === undefined || only === undefined || listed.length > 1)
    return false;
  return (
    sameBytes(children(only)[0]?.raw, children(digestAlgorithm)[0]?.raw) &&
    [only, digestAlgorithm, signatureAlgorithm].every(hasPlainParameters)
  );
}

const ID_DATA = '1.2.840.113549.1.7.1';

function expectedVersion(parts: readonly DerNode[], plain: boolean): number {
  const certificates = parts.find(({ tag }) => tag === contextTag(0));
  const tags = certificates === undefined ? [] : children(certificates).map(({ tag }) => tag);
  if (tags.includes(contextTag(3))) return 5;
  if (tags.includes(contextTag(2))) return 4;
  return plain && !tags.includes(contextTag(1)) ? 1 : 3;
}

function smallInteger(node: DerNode): number {
  return node.tag === TAG.integer && node.content.length === 1 ? (node.content[0] ?? -1) : -1;
}

/** Parameters of the algorithms we know hold object identifiers, integers and empty NULLs only. */
function hasPlainParameters(node: DerNode): boolean {
  if (node.constructed) return children(node).every(hasPlainParameters);
  if (node.tag === TAG.oid || node.tag === TAG.integer) return true;
  return node.tag === TAG.null && node.content.length === 0;
}

/** A certificate whose known issuer did not sign it, or that differs in a few bytes from one that we know. */
function isAltered(certificate: Certificate, known: readonly Certificate[]): boolean {
  const issuers = known.filter((candidate) => sameName(candidate.subject, certificate.issuer));
  if (issuers.some((issuer) => isSignedBy(certificate, issuer))) return false;
  // Nothing can be said of keys and algorithms that we cannot verify.
  if (certificate.signatureAlgorithm.scheme === 'other') return false;
  if (issuers.some(({ keyAlgorithm }) => keyAlgorithm.kind === 'other')) return false;
  return issuers.length > 0 || known.some((other) => isNearCopy(certificate.der, other.der));
}

const verified = new WeakMap<Certificate, WeakSet<Certificate>>();

/** Certificates are shared by fingerprint, so each pair is verified once in a process. */
function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const issuers = verified.get(certificate) ?? new WeakSet();
  if (issuers.has(issuer)) return true;
  if (!verifySignature(issuer, certificate.signatureAlgorithm, certificate.tbs, certificate.signature)) return false;
  verified.set(certificate, issuers.add(issuer));
  return true;
}

const NEAR = 16;

function isNearCopy(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let differences = 0;
  for (const [index, byte] of a.entries()) {
    if (byte !== b[index]) differences += 1;
    if (differences > NEAR) return false;
  }
  return differences > 0;
}
