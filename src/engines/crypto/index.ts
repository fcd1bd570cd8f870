/**
 * Cryptographic engine: DER, CMS, time-stamps, OCSP, CRL, PKCS#12, RFC 5280 paths. Knows no PDF, no network, no clock.
 *
 * What is malformed throws an `AppError` (`CMS_MALFORMED`, `CERTIFICATE_MALFORMED`, …); what is merely bad is a result with reasons.
 *
 *   der, der-writer   readDer, children, fields, encode, toDer          over original bytes
 *   certificate       parseCertificate, parsePem, sameCertificate       cached by fingerprint
 *   keys              rawSigner, verifySignature, schemeFor             node:crypto only
 *   cms               signedAttributes, buildSignedData, parseSignedData, checkSignedData, addUnsignedAttribute
 *   tsp               requests, responses, tokens (RFC 3161)
 *   ocsp, crl         requests, answers, lists (RFC 6960, RFC 5280 §5)
 *   path              findPath (RFC 5280 §6)
 *   pkcs12            openPkcs12, openPkcs12Key, createPkcs12 (RFC 7292)
 */
export { digestOf, type KnownDigest } from './algorithms.ts';
export { parseCertificate, parsePem, sameCertificate, toPem } from './certificate.ts';
export {
  addUnsignedAttribute,
  buildSignedData,
  type CheckOptions,
  checkSignedData,
  type DetachedContent,
  parseSignedData,
  type SignedAttributesInput,
  type SignedDataInput,
  signedAttributes,
} from './cms.ts';
export { buildCrl, type CrlInput, parseCrl } from './crl.ts';
export { children, contextTag, type Fields, fields, type ReadOptions, readDer, sameBytes, TAG } from './der.ts';
export { encode, toDer } from './der-writer.ts';
export { algorithmOf, MIN_RSA_BITS, rawSigner, schemeFor, verifySignature } from './keys.ts';
export { encodeName, sameName } from './names.ts';
export {
  buildOcspFailure,
  buildOcspRequest,
  buildOcspResponse,
  type OcspAnswer,
  type OcspCertId,
  type OcspResponderSigner,
  ocspCertId,
  parseOcspRequest,
  parseOcspResponse,
} from './ocsp.ts';
export { checkOcsp, type OcspCheck, type OcspProblem } from './ocsp-check.ts';
export { OID } from './oids.ts';
export { findPath } from './path.ts';
export { createPkcs12, type OpenedPkcs12, openPkcs12, openPkcs12Key, type Pkcs12Input } from './pkcs12.ts';
export {
  buildTimestampRequest,
  buildTimestampResponse,
  buildTimestampToken,
  checkTimestampToken,
  parseTimestampRequest,
  parseTimestampResponse,
  parseTimestampToken,
  sameNonce,
  type TimestampAuthoritySigner,
  type TimestampRequestInput,
  type TimestampResponse,
  type TimestampStatus,
  type TstInfo,
} from './tsp.ts';
export type * from './types.ts';
