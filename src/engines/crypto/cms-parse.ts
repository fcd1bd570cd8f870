/** Reads CMS SignedData (RFC 5652 §5) over its original bytes: BER is tolerated and noticed, nothing is repaired. */
import { readDigestAlgorithm, readSignatureAlgorithm } from './algorithms.ts';
import { parseCertificate } from './certificate.ts';
import {
  children,
  contextTag,
  expectOid,
  fields,
  inner,
  malformed,
  plainBytes,
  readDer,
  readIntegerHex,
  reading,
  readOctets,
  readSmallInteger,
  TAG,
} from './der.ts';
import { toDer } from './der-writer.ts';
import { OID } from './oids.ts';
import type { Certificate, CmsAttribute, DerNode, SignedData, SignerInfo } from './types.ts';

const MAX_CERTIFICATES = 200;
const MAX_SIGNER_INFOS = 50;

/**
 * Reads a ContentInfo with SignedData. Bytes behind it are counted, zeros excepted: they pad `/Contents`.
 * Notices: `BER_ENCODING`, `CERTIFICATE_UNREADABLE`. Throws `CMS_MALFORMED`.
 */
export function parseSignedData(bytes: Uint8Array): SignedData {
  return reading('CMS_MALFORMED', () => {
    const input = plainBytes(bytes);
    const outer = readDer(input, { ber: true, trailing: true });
    const contentInfo = fields(outer, 'ContentInfo');
    if (expectOid(contentInfo.take('contentType'), 'ContentInfo.contentType') !== OID.signedData)
      malformed('ContentInfo.contentType');
    const signedData = inner(contentInfo.take('content', contextTag(0)), 'ContentInfo.content');
    contentInfo.end('content');

    const notices = new Set<string>();
    const parts = fields(signedData, 'SignedData');
    parts.take('version', TAG.integer);
    parts.take('digestAlgorithms', TAG.set);
    const encapsulated = fields(parts.take('encapContentInfo'), 'EncapsulatedContentInfo');
    const contentType = expectOid(encapsulated.take('eContentType'), 'eContentType');
    const content = encapsulated.optional(contextTag(0));
    encapsulated.end('eContent');
    const certificates = readCertificates(parts.optional(contextTag(0)), notices);
    const crls = parts.optional(contextTag(1));
    const signerInfos = fields(parts.take('signerInfos'), 'SignerInfos', TAG.set).rest();
    parts.end('signerInfos');
    if (signerInfos.length > MAX_SIGNER_INFOS) malformed('SignerInfos');
    // signedAttrs have their own rule (RFC 5652 §5.4); `checkSignedData` looks at them.
    if (outer.ber) notices.add('BER_ENCODING');

    return {
      raw: outer.raw,
      contentType,
      content: content === undefined ? undefined : readContent(inner(content, 'eContent')),
      certificates,
      crls: crls === undefined ? [] : children(crls).flatMap(({ tag, raw }) => (tag === TAG.sequence ? [raw] : [])),
      signerInfos: signerInfos.map(readSignerInfo),
      trailing: countTrailing(input, outer.raw.length),
      notices: [...notices],
    };
  });
}

/** PKCS #7 content may be any type; CMS says OCTET STRING (RFC 5652 §5.2). */
function readContent(node: DerNode): Uint8Array {
  return (node.tag & ~0x20) === TAG.octetString ? readOctets(node) : node.content;
}

function countTrailing(bytes: Uint8Array, end: number): number {
  let last = bytes.length;
  while (last > end && bytes[last - 1] === 0) last--;
  return last - end;
}

function readCertificates(set: DerNode | undefined, notices: Set<string>): Certificate[] {
  const choices = set === undefined ? [] : children(set);
  if (choices.length > MAX_CERTIFICATES) malformed('CertificateSet');
  return choices.flatMap((choice) => {
    if (choice.tag !== TAG.sequence) return [];
    try {
      return [parseCertificate(choice.raw)];
    } catch {
      notices.add('CERTIFICATE_UNREADABLE');
      return [];
    }
  });
}

function readSignerInfo(node: DerNode): SignerInfo {
  const parts = fields(node, 'SignerInfo');
  const version = readSmallInteger(parts.take('version', TAG.integer));
  const sid = readSignerIdentifier(parts.take('sid'));
  const digestAlgorithm = readDigestAlgorithm(parts.take('digestAlgorithm'));
  const signedAttrs = parts.optional(contextTag(0));
  const signatureAlgorithm = readSignatureAlgorithm(parts.take('signatureAlgorithm'));
  const signatureNode = parts.take('signature');
  if ((signatureNode.tag & ~0x20) !== TAG.octetString) malformed('SignerInfo.signature');
  const unsignedAttrs = parts.optional(contextTag(1));
  parts.end('unsignedAttrs');
  return {
    version,
    sid,
    digestAlgorithm,
    signatureAlgorithm,
    signedAttributesDer: signedAttrs === undefined ? undefined : withSetTag(signedAttrs.raw),
    signedAttributes: signedAttrs === undefined ? [] : readAttributes(signedAttrs),
    unsignedAttributes: unsignedAttrs === undefined ? [] : readAttributes(unsignedAttrs),
    signature: readOctets(signatureNode),
  };
}

function withSetTag(raw: Uint8Array): Uint8Array {
  const copy = new Uint8Array(raw);
  copy[0] = TAG.set;
  return copy;
}

function readSignerIdentifier(node: DerNode): SignerInfo['sid'] {
  if (node.tag === contextTag(0, false)) return { subjectKeyIdentifier: node.content };
  const parts = fields(node, 'IssuerAndSerialNumber');
  const issuer = parts.take('issuer', TAG.sequence);
  const serial = readIntegerHex(parts.take('serialNumber', TAG.integer));
  parts.end('serialNumber');
  return { issuer: issuer.ber ? toDer(issuer) : issuer.raw, serial };
}

function readAttributes(set: DerNode): CmsAttribute[] {
  return children(set).map((attribute) => {
    const parts = fields(attribute, 'Attribute');
    const oid = expectOid(parts.take('attrType'), 'attrType');
    const values = fields(parts.take('attrValues'), 'attrValues', TAG.set).rest();
    parts.end('attrValues');
    return { oid, values: values.map(({ raw }) => raw) };
  });
}
