/** The examples that Amazon publishes ("Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)"). */
import { describe, expect, test } from 'vitest';
import { createSigner } from '../../src/platform/storage/s3/signature.ts';
import { sha256Hex } from '../../src/shared/index.ts';

const sign = createSigner({
  region: 'us-east-1',
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
});
const now = new Date('2013-05-24T00:00:00Z');
const host = 'examplebucket.s3.amazonaws.com';
const signatureOf = (headers: Record<string, string>): string | undefined =>
  /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')?.[1];

describe('a signed request', () => {
  test('names key, scope and the headers that are signed', () => {
    const request = { method: 'GET', path: '/test.txt', headers: { host, range: 'bytes=0-9' } };
    const { authorization, ...added } = sign(request, sha256Hex(''), now);
    expect(added).toEqual({ 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': sha256Hex('') });
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  test('with a body is signed over its digest', () => {
    const headers = { host, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
    const request = { method: 'PUT', path: '/test%24file.text', headers };
    expect(signatureOf(sign(request, sha256Hex('Welcome to Amazon S3.'), now))).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  test.each([
    ['?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
    ['?prefix=J&max-keys=2', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('with the query %s is signed over it, whatever its order', (query, signature) => {
    expect(signatureOf(sign({ method: 'GET', path: `/${query}`, headers: { host } }, sha256Hex(''), now))).toBe(
      signature,
    );
  });

  test('of the next day is signed with that day’s key', () => {
    const request = { method: 'GET', path: '/', headers: { host } };
    const later = new Date('2013-05-25T00:00:00Z');
    const fresh = createSigner({
      region: 'us-east-1',
      accessKey: 'AKIAIOSFODNN7EXAMPLE',
      secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    });
    sign(request, sha256Hex(''), now);
    expect(sign(request, sha256Hex(''), later)).toEqual(fresh(request, sha256Hex(''), later));
  });
});
