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
  encode,
  OID,
  parseCrl,
  readDer,
  type SignedData,
  sameBytes,
  sameName,
  TAG,
  toDer,
  verifySignature,
} from '../crypto/index.ts';

/** True if something unsigned is not as it must be. `known` are certificates from elsewhere: anchors, DSS, other signatures. */
export function hasAlteredUnsignedParts(
  signedData: SignedData,
  signer: Certificate | undefined,
  known: readonly Certificate[],
  isTimestamp: boolean,
): boolean {
  try {
    return (
      !isKnownAsWritten(signedData, signer) ||
      signedData.notices.includes('CERTIFICATE_UNREADABLE') ||
      (isTimestamp && (signedData.signerInfos[0]?.unsignedAttributes.length ?? 0) > 0) ||
      signedData.certificates.some((certificate) => isAltered(certificate, [...known, ...signedData.certificates]))
    );
  } catch {
    return true;
  }
}

const asWritten = new WeakMap<SignedData, Certificate | undefined>();

/** A signature that is read once for many files needs to be looked at once. */
function isKnownAsWritten(signedData: SignedData, signer: Certificate | undefined): boolean {
  if (asWritten.has(signedData) && asWritten.get(signedData) === signer) return true;
  if (!isAsWritten(signedData, signer)) return false;
  asWritten.set(signedData, signer);
  return true;
}

/**
 * The SignedData put together anew from what was understood of it (RFC 5652 §5.1, §5.3): tags, versions, the list of digest algorithms,
 * the name of the signer as its certificate has it. Every byte that plays no part in the verdict must come out the same.
 */
function isAsWritten(signedData: SignedData, signer: Certificate | undefined): boolean {
  const der = signedData.notices.includes('BER_ENCODING') ? toDer(signedData.raw) : signedData.raw;
  const [, content] = children(readDer(der));
  const parts = children(children(content ?? readDer(der))[0] ?? readDer(der));
  const [version, , , ...others] = parts;
  const signerInfo = children(others.at(-1) ?? readDer(der))[0];
  const [info] = signedData.signerInfos;
  if (version === undefined || signerInfo === undefined || info === undefined) return false;
  const choices = others.length > 1 ? others.slice(0, -1) : [];
  const bySubjectKey = 'subjectKeyIdentifier' in info.sid;
  // Some signers that name their key by its identifier write version 1 where the standard wants 3.
  if (info.version !== 1 && !(bySubjectKey && info.version === 3)) return false;

  const [, sid, digestAlgorithm, ...attributes] = children(signerInfo);
  const signatureAlgorithm = attributes.find(({ tag }) => tag === TAG.sequence);
  const unsigned = attributes.find(({ tag }) => tag === contextTag(1));
  if (sid === undefined || digestAlgorithm === undefined || signatureAlgorithm === undefined) return false;
  if (![digestAlgorithm, signatureAlgorithm].every(hasPlainParameters)) return false;
  if (info.signedAttributesDer === undefined) return true;
  const named = bySubjectKey ? sid.raw : signer && encode.sequence(signer.issuer.der, encode.integerHex(signer.serial));
  if (named === undefined) return false;

  const isData = signedData.contentType === OID.data;
  const rebuilt = encode.sequence(
    encode.oid(OID.signedData),
    encode.context(
      0,
      encode.sequence(
        encode.integer(
          bySubjectKey && isOneOrThree(version) ? (version.content[0] ?? 1) : expectedVersion(choices, isData),
        ),
        encode.setOf([listedAlgorithm(parts[1], digestAlgorithm)]),
        encode.sequence(
          encode.oid(signedData.contentType),
          ...(signedData.content === undefined ? [] : [encode.context(0, encode.octetString(signedData.content))]),
        ),
        ...choices.map(({ tag, content: inside }) =>
          encode.element(tag === contextTag(1) ? tag : contextTag(0), inside),
        ),
        encode.setOf([
          encode.sequence(
            encode.integer(info.version),
            named,
            digestAlgorithm.raw,
            encode.element(contextTag(0), readDer(info.signedAttributesDer, { ber: true }).content),
            signatureAlgorithm.raw,
            encode.octetString(info.signature),
            ...(unsigned === undefined ? [] : [unsigned.raw]),
          ),
        ]),
      ),
    ),
  );
  return sameBytes(rebuilt, der) && choices.every((choice) => holdsWhatItSays(choice, signedData));
}

/** Everything in the set was read as what its tag says: no certificate hides among the lists, or behind another tag. */
function holdsWhatItSays({ tag, content }: DerNode, { certificates, crls }: SignedData): boolean {
  if (tag === contextTag(0)) return sameBytes(content, Buffer.concat(certificates.map(({ der }) => der)));
  for (const list of crls) parseCrl(list);
  return sameBytes(content, Buffer.concat(crls));
}

/** digestAlgorithms lists what the one signer uses; parameters may be NULL in one place and absent in the other (RFC 5754 §2). */
function listedAlgorithm(set: DerNode | undefined, used: DerNode): Uint8Array {
  const [listed] = set === undefined ? [] : children(set);
  if (listed === undefined || !hasPlainParameters(listed)) return used.raw;
  const parts = children(listed).map(({ raw }) => raw);
  return sameBytes(parts[0], children(used)[0]?.raw) ? encode.sequenceOf(parts) : used.raw;
}

function isOneOrThree({ tag, content }: DerNode): boolean {
  return tag === TAG.integer && content.length === 1 && (content[0] === 1 || content[0] === 3);
}

/** RFC 5652 §5.1: 1 if all is plain, 4 and 5 with attribute certificates and other kinds, else 3. */
function expectedVersion(choices: readonly DerNode[], plain: boolean): number {
  const certificates = choices.find(({ tag }) => tag === contextTag(0));
  const tags = certificates === undefined ? [] : children(certificates).map(({ tag }) => tag);
  if (tags.includes(contextTag(3))) return 5;
  if (tags.includes(contextTag(2))) return 4;
  return plain && !tags.includes(contextTag(1)) ? 1 : 3;
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
