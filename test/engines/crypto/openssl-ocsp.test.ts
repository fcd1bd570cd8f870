/** RFC 6960 on the 29 cases of OpenSSL's OCSP tests: wrong hashes, wrong responders, wrong keys, wrong issuers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPath, parseCertificate, parseOcspResponse, parsePem } from '../../../src/engines/crypto/index.ts';
import { corpus } from './support/corpora.ts';

interface Case {
  readonly name: string;
  readonly root: string;
  readonly cert: string;
  readonly other_certs?: readonly string[];
  readonly ocsps: readonly string[];
  readonly moment: string;
  readonly error?: { readonly class: string };
}

const folder = corpus('openssl-ocsp');

describe.skipIf(folder === undefined)('OpenSSL OCSP cases (needs ANTIN_CORPORA)', () => {
  const read = (name: string) => readFileSync(join(folder ?? '', name));
  const certificate = (name: string) => {
    const bytes = read(name);
    return parsePem(bytes.toString('latin1'))[0] ?? parseCertificate(bytes);
  };
  const cases = (): Case[] => JSON.parse(read('openssl-ocsp.json').toString('utf8'));
  const judge = (test: Case) =>
    findPath(certificate(test.cert), {
      anchors: [certificate(test.root)],
      intermediates: (test.other_certs ?? []).map(certificate),
      at: new Date(test.moment),
      revocation: {
        crls: [],
        ocsps: test.ocsps.map((name) => {
          const bytes = read(name);
          // The files hold base64 text.
          return parseOcspResponse(bytes[0] === 0x30 ? bytes : Buffer.from(bytes.toString('latin1'), 'base64'));
        }),
      },
    });

  it('judges each of the 29 as OpenSSL does', () => {
    expect(cases()).toHaveLength(29);
    const wrong = cases().flatMap((test) => {
      const { problems, revocation } = judge(test);
      // These bring no answer about the intermediate authority: only the end certificate is in question.
      const endOnly = test.name.startsWith('delegated_with_intermediate');
      const good = endOnly ? revocation[0]?.status === 'good' : problems.length === 0;
      return good === (test.error === undefined) ? [] : [`${test.name}: ${problems.join(' ')}`];
    });
    expect(wrong).toEqual([]);
  });
});
