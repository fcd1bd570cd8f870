/** RFC 5280 §6 on the 246 cases of NIST's PKITS: every path must be judged as NIST says, with revocation where the case has lists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPath, parseCertificate, parseCrl } from '../../../src/engines/crypto/index.ts';
import { corpus } from './support/corpora.ts';

interface Case {
  readonly id: string;
  readonly name: string;
  readonly cert: string;
  readonly other_certs?: readonly string[];
  readonly crls?: readonly string[];
  readonly path_len: number;
  readonly revocation?: boolean;
  readonly error?: { readonly msg_regex: string };
  readonly params?: {
    readonly user_initial_policy_set?: readonly string[];
    readonly initial_explicit_policy?: boolean;
    readonly initial_policy_mapping_inhibit?: boolean;
    readonly initial_any_policy_inhibit?: boolean;
  };
}

const folder = corpus('nist-pkits');
const AT = new Date('2022-05-01T00:00:00Z');

describe.skipIf(folder === undefined)('NIST PKITS (needs ANTIN_CORPORA)', () => {
  const read = (...path: string[]) => readFileSync(join(folder ?? '', ...path));
  const cases = (): Case[] => JSON.parse(read('pkits.json').toString('utf8'));

  function judge(test: Case) {
    const { params = {} } = test;
    const withRevocation = test.revocation !== false;
    return findPath(parseCertificate(read('certs', test.cert)), {
      anchors: [parseCertificate(read('certs', 'TrustAnchorRootCertificate.crt'))],
      intermediates: (test.other_certs ?? []).map((name) => parseCertificate(read('certs', name))),
      at: AT,
      ...(withRevocation
        ? {
            revocation: {
              ocsps: [],
              crls: ['TrustAnchorRootCRL.crl', ...(test.crls ?? [])].map((name) => parseCrl(read('crls', name))),
            },
          }
        : {}),
      ...(params.user_initial_policy_set === undefined ? {} : { initialPolicies: params.user_initial_policy_set }),
      requireExplicitPolicy: params.initial_explicit_policy ?? false,
      inhibitPolicyMapping: params.initial_policy_mapping_inhibit ?? false,
      inhibitAnyPolicy: params.initial_any_policy_inhibit ?? false,
    });
  }

  it('has all its 246 cases', () => {
    expect(cases()).toHaveLength(246);
    expect(readdirSync(join(folder ?? '', 'certs'))).toHaveLength(405);
  });

  it('accepts nothing that NIST refuses', () => {
    const refused = cases().filter(({ error }) => error !== undefined);
    const accepted = refused.filter((test) => judge(test).problems.length === 0);
    expect(accepted.map(({ id, name }) => `${id} ${name}`)).toEqual([]);
    expect(refused).toHaveLength(136);
  });

  it('refuses nothing that NIST accepts, and finds paths of the length NIST gives', () => {
    const good = cases().filter(({ error }) => error === undefined);
    const refused = good.flatMap((test) => {
      const { problems, path } = judge(test);
      return problems.length === 0 && path?.length === test.path_len
        ? []
        : [`${test.id} ${test.name}: ${problems.join(' ')} ${path?.length}/${test.path_len}`];
    });
    expect(refused).toEqual([]);
    expect(good).toHaveLength(110);
  });
});
