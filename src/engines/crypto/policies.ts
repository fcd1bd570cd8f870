/**
 * Certificate policies (RFC 5280 §6.1.2–§6.1.5) on the graph of RFC 9618, which has one node a policy and level: the tree of RFC 5280
 * grows exponentially under a hostile chain.
 */
import { extensionValue } from './certificate.ts';
import { children, contextTag, expectOid, fields, readSmallInteger } from './der.ts';
import { OID } from './oids.ts';
import type { Certificate } from './types.ts';

interface PolicyNode {
  readonly policy: string;
  expected: ReadonlySet<string>;
  readonly parents: ReadonlySet<PolicyNode>;
}

type Level = Map<string, PolicyNode>;

export interface PolicyInputs {
  readonly initialPolicies: readonly string[] | undefined;
  readonly requireExplicitPolicy: boolean;
  readonly inhibitPolicyMapping: boolean;
  readonly inhibitAnyPolicy: boolean;
}

export interface PolicyProcess {
  /** Steps (d)–(f) for the next certificate, then (a)–(b), (h)–(j) of §6.1.4 or the wrap-up if it is the last. False: refused. */
  step(certificate: Certificate, selfIssued: boolean, last: boolean): boolean;
}

/** RFC 5280 §6.1.2 for a path of `length` certificates, the anchor not counted. */
export function createPolicyProcess(length: number, inputs: PolicyInputs): PolicyProcess {
  const root: PolicyNode = { policy: OID.anyPolicy, expected: new Set([OID.anyPolicy]), parents: new Set() };
  let levels: Level[] | undefined = [new Map([[OID.anyPolicy, root]])];
  let explicitPolicy = inputs.requireExplicitPolicy ? 0 : length + 1;
  let policyMapping = inputs.inhibitPolicyMapping ? 0 : length + 1;
  let inhibitAnyPolicy = inputs.inhibitAnyPolicy ? 0 : length + 1;

  /** §6.1.3 (d). */
  function grow(policies: ReadonlySet<string>, anyAllowed: boolean): void {
    const above = levels?.at(-1);
    if (levels === undefined || above === undefined) return;
    const parentsByExpected = new Map<string, Set<PolicyNode>>();
    for (const node of above.values()) {
      for (const policy of node.expected) {
        const parents = parentsByExpected.get(policy) ?? new Set();
        parentsByExpected.set(policy, parents.add(node));
      }
    }
    const level: Level = new Map();
    const add = (policy: string, parents: ReadonlySet<PolicyNode>) =>
      level.set(policy, { policy, expected: new Set([policy]), parents });
    const any = above.get(OID.anyPolicy);
    for (const policy of policies) {
      if (policy === OID.anyPolicy) continue;
      const parents = parentsByExpected.get(policy) ?? (any === undefined ? undefined : new Set([any]));
      if (parents !== undefined) add(policy, parents);
    }
    if (policies.has(OID.anyPolicy) && anyAllowed) {
      for (const [policy, parents] of parentsByExpected) if (!level.has(policy)) add(policy, parents);
    }
    levels.push(level);
    prune();
  }

  /** Removes nodes without children above the lowest level; an empty level ends the graph. */
  function prune(): void {
    if (levels === undefined) return;
    for (let depth = levels.length - 2; depth >= 0; depth--) {
      const used = new Set([...(levels[depth + 1]?.values() ?? [])].flatMap(({ parents }) => [...parents]));
      const level = levels[depth];
      for (const [policy, node] of level ?? []) if (!used.has(node)) level?.delete(policy);
    }
    if (levels.some((level) => level.size === 0)) levels = undefined;
  }

  /** §6.1.4 (a)–(b). */
  function map(certificate: Certificate): boolean {
    const node = extensionValue(certificate.extensions, OID.policyMappings);
    if (node === undefined) return true;
    const mappings = new Map<string, Set<string>>();
    for (const pair of fields(node, 'PolicyMappings').rest()) {
      const parts = fields(pair, 'PolicyMapping');
      const from = expectOid(parts.take('issuerDomainPolicy'), 'issuerDomainPolicy');
      const to = expectOid(parts.take('subjectDomainPolicy'), 'subjectDomainPolicy');
      parts.end('subjectDomainPolicy');
      if (from === OID.anyPolicy || to === OID.anyPolicy) return false;
      mappings.set(from, (mappings.get(from) ?? new Set()).add(to));
    }
    const level = levels?.at(-1);
    if (level === undefined) return true;
    const any = level.get(OID.anyPolicy);
    for (const [from, to] of mappings) {
      const mapped = level.get(from);
      if (policyMapping === 0) level.delete(from);
      else if (mapped !== undefined) mapped.expected = to;
      else if (any !== undefined) level.set(from, { policy: from, expected: to, parents: any.parents });
    }
    prune();
    return true;
  }

  /** §6.1.5 (g): something of what the authorities allow is also among the policies asked for. */
  function isAcceptable(): boolean {
    if (levels === undefined) return false;
    const { initialPolicies } = inputs;
    if (initialPolicies === undefined || initialPolicies.includes(OID.anyPolicy)) return true;
    if (levels.at(-1)?.has(OID.anyPolicy) === true) return initialPolicies.length > 0;
    const underAny = levels.flatMap((level) =>
      [...level.values()].filter(({ parents }) => [...parents].some(({ policy }) => policy === OID.anyPolicy)),
    );
    return underAny.some(({ policy }) => initialPolicies.includes(policy));
  }

  return {
    step(certificate, selfIssued, last) {
      const policies = readPolicies(certificate);
      if (policies === undefined) levels = undefined;
      else grow(policies, inhibitAnyPolicy > 0 || (!last && selfIssued));
      if (explicitPolicy === 0 && levels === undefined) return false;
      const constraints = readPolicyConstraints(certificate);
      if (last) {
        if (explicitPolicy > 0) explicitPolicy--;
        if (constraints.requireExplicitPolicy === 0) explicitPolicy = 0;
        return explicitPolicy > 0 || isAcceptable();
      }
      if (!map(certificate)) return false;
      if (!selfIssued) {
        explicitPolicy = Math.max(0, explicitPolicy - 1);
        policyMapping = Math.max(0, policyMapping - 1);
        inhibitAnyPolicy = Math.max(0, inhibitAnyPolicy - 1);
      }
      explicitPolicy = Math.min(explicitPolicy, constraints.requireExplicitPolicy ?? explicitPolicy);
      policyMapping = Math.min(policyMapping, constraints.inhibitPolicyMapping ?? policyMapping);
      const inhibit = extensionValue(certificate.extensions, OID.inhibitAnyPolicy);
      if (inhibit !== undefined) inhibitAnyPolicy = Math.min(inhibitAnyPolicy, readSmallInteger(inhibit));
      return true;
    },
  };
}

function readPolicies(certificate: Certificate): Set<string> | undefined {
  const node = extensionValue(certificate.extensions, OID.certificatePolicies);
  if (node === undefined) return undefined;
  return new Set(
    fields(node, 'CertificatePolicies')
      .rest()
      .map((information) =>
        expectOid(fields(information, 'PolicyInformation').take('policyIdentifier'), 'policyIdentifier'),
      ),
  );
}

function readPolicyConstraints(certificate: Certificate) {
  const node = extensionValue(certificate.extensions, OID.policyConstraints);
  const skip = (number: number) => {
    const part = node === undefined ? undefined : children(node).find(({ tag }) => tag === contextTag(number, false));
    return part === undefined ? undefined : readSmallInteger(part);
  };
  return { requireExplicitPolicy: skip(0), inhibitPolicyMapping: skip(1) };
}
