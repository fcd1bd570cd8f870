/**
 * Cryptographic engine: DER, CMS, time-stamps, OCSP, CRL, PKCS#12, RFC 5280 paths. Knows no PDF, no network, no clock.
 *
 * Contract (being implemented; names are fixed):
 *   der.ts          readDer, children, encode (sequence, set, integer, oid, …), toDer (BER → DER)
 *   certificate.ts  parseCertificate(der), parsePem(text) → Certificate[], sameCertificate
 *   cms.ts          signedAttributes({contentType, digest, messageDigest, certificate, scheme}) → DER SET;
 *                   buildSignedData({attributes, signature, scheme, certificates, content?, contentType?, unsignedAttributes?}) → DER;
 *                   parseSignedData(bytes) → SignedData; checkSignedData(signedData, detached content digest fn or bytes) → CmsCheck;
 *                   addUnsignedAttribute(cms, oid, value)
 *   tsp.ts          buildTimestampRequest({digest, imprint, nonce?, policy?, certReq}) → DER; parseTimestampResponse(der) → {status, token?, failInfo?};
 *                   parseTimestampToken(der) → TimestampToken; checkTimestampToken(token, imprint bytes) → CmsCheck;
 *                   buildTstInfo / buildTimestampResponse for the authority
 *   ocsp.ts         buildOcspRequest(certificate, issuer, {nonce?, digest?}) → DER; parseOcspResponse(der) → OcspResponse; buildOcspResponse for the authority
 *   crl.ts          parseCrl(der) → CertificateList
 *   path.ts         findPath(certificate, PathOptions) → PathResult (RFC 5280 §6, bounded, several anchors, revocation judged with the material given)
 *   keys.ts         rawSigner(privateKey: KeyObject, scheme) → RawSigner; verifySignature(spki/Certificate, algorithm, message, signature) → boolean
 *   pkcs12.ts       openPkcs12(bytes, password) → Promise<{ privateKey: KeyObject, certificate: Certificate, chain: Certificate[] }>
 */
export type * from './types.ts';
