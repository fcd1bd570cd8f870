/** Name constraints (RFC 5280 §4.2.1.10, §6.1.3 b–c): which names the certificates below an authority may bear. */
import { extensionValue } from './certificate.ts';
import { contextTag, fields, malformed, readSmallInteger } from './der.ts';
import { type GeneralName, readGeneralName, readGeneralNames } from './general-names.ts';
import { isWithin } from './names.ts';
import { OID } from './oids.ts';
import type { Certificate, DerNode } from './types.ts';

/** More comparisons than any honest chain needs; beyond it the chain is refused. */
const MAX_COMPARISONS = 100_000;

interface Subtrees {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface NameConstraints {
  /** Adds the constraints of an authority to those above it. Throws `DER_MALFORMED`. */
  add(authority: Certificate): void;
  /** True if every name of the certificate is allowed by every authority so far. Throws `DER_MALFORMED`. */
  allow(certificate: Certificate): boolean;
}

/** Starts without constraints, as a trust anchor does. */
export function createNameConstraints(): NameConstraints {
  const all: Subtrees[] = [];
  let comparisons = 0;
  return {
    add(authority) {
      const node = extensionValue(authority.extensions, OID.nameConstraints);
      if (node === undefined) return;
      const parts = fields(node, 'NameConstraints');
      const permitted = readSubtrees(parts.optional(contextTag(0)));
      const excluded = readSubtrees(parts.optional(contextTag(1)));
      parts.end('excludedSubtrees');
      all.push({ permitted, excluded });
    },
    allow(certificate) {
      if (all.length === 0) return true;
      const names = namesOf(certificate);
      comparisons +=
        names.length * all.reduce((sum, { permitted, excluded }) => sum + permitted.length + excluded.length, 0);
      if (comparisons > MAX_COMPARISONS) return false;
      return names.every((name) => all.every((subtrees) => isAllowed(name, subtrees)));
    },
  };
}

function readSubtrees(node: DerNode | undefined): GeneralName[] {
  if (node === undefined) return [];
  return fields(node, 'GeneralSubtrees', node.tag)
    .rest()
    .map((subtree) => {
      const parts = fields(subtree, 'GeneralSubtree');
      const base = readGeneralName(parts.take('base'));
      const minimum = parts.optional(contextTag(0, false));
      // RFC 5280 §4.2.1.10: minimum is 0, maximum is absent; anything else must be refused.
      if (minimum !== undefined && readSmallInteger(minimum) !== 0) malformed('GeneralSubtree.minimum');
      parts.end('minimum');
      return base;
    });
}

/** Subject, subjectAltName, and the e-mail attributes of the subject when subjectAltName has no mailbox. */
function namesOf(certificate: Certificate): GeneralName[] {
  const { subject } = certificate;
  const alternative = extensionValue(certificate.extensions, OID.subjectAltName);
  const names = alternative === undefined ? [] : readGeneralNames(alternative);
  if (!names.some(({ kind }) => kind === 'rfc822'))
    for (const value of subject.attributes.get('emailAddress') ?? []) names.push({ kind: 'rfc822', value });
  if (subject.rdnKeys.length > 0) names.push({ kind: 'directory', name: subject });
  return names;
}

function isAllowed(name: GeneralName, { permitted, excluded }: Subtrees): boolean {
  const sameForm = (base: GeneralName) =>
    base.kind === name.kind && (base.kind !== 'other' || name.kind !== 'other' || base.tag === name.tag);
  // A form we cannot compare is neither shown to be permitted nor shown not to be excluded.
  const compared = (base: GeneralName, otherwise: boolean) => matches(name, base) ?? otherwise;
  const allowing = permitted.filter(sameForm);
  if (excluded.filter(sameForm).some((base) => compared(base, true))) return false;
  return allowing.length === 0 || allowing.some((base) => compared(base, false));
}

/** True if `name` lies within `base`; undefined if this cannot be said. */
function matches(name: GeneralName, base: GeneralName): boolean | undefined {
  if (name.kind === 'directory' && base.kind === 'directory') return isWithin(name.name, base.name);
  if (name.kind === 'rfc822' && base.kind === 'rfc822') return isMailboxWithin(name.value, base.value);
  if (name.kind === 'dns' && base.kind === 'dns') return isHostWithin(name.value, base.value);
  if (name.kind === 'uri' && base.kind === 'uri') return isAddressWithin(name.value, base.value);
  if (name.kind === 'ip' && base.kind === 'ip') return isIpWithin(name.bytes, base.bytes);
  return undefined;
}

/** RFC 5280 §4.2.1.10: a mailbox, a host, or `.domain` for every host below it. The local part keeps its letter case. */
function isMailboxWithin(mailbox: string, base: string): boolean | undefined {
  const at = mailbox.lastIndexOf('@');
  if (at < 1) return undefined;
  const host = mailbox.slice(at + 1).toLowerCase();
  if (base.includes('@')) {
    const split = base.lastIndexOf('@');
    return mailbox.slice(0, at) === base.slice(0, split) && host === base.slice(split + 1).toLowerCase();
  }
  return base.startsWith('.') ? host.endsWith(base.toLowerCase()) : host === base.toLowerCase();
}

/** A host equals the base or has labels before it. */
function isHostWithin(host: string, base: string): boolean {
  const [name, tree] = [host.toLowerCase(), base.toLowerCase().replace(/^\./, '')];
  return tree === '' || name === tree || name.endsWith(`.${tree}`);
}

/** Only the host counts: equal to the base, or below `.domain`. An address without a host name cannot be compared. */
function isAddressWithin(address: string, base: string): boolean | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]]+)(?::\d*)?(?:[/?#]|$)/i
    .exec(address)?.[1]
    ?.toLowerCase();
  if (host === undefined || /^[\d.]+$/.test(host)) return undefined;
  return base.startsWith('.') ? host.endsWith(base.toLowerCase()) : host === base.toLowerCase();
}

/** Address and mask, 4 + 4 or 16 + 16 bytes. */
function isIpWithin(address: Uint8Array, base: Uint8Array): boolean | undefined {
  if (base.length !== 8 && base.length !== 32) return undefined;
  if (address.length * 2 !== base.length) return false;
  return address.every((byte, i) => {
    const mask = base[address.length + i] ?? 0;
    return (byte & mask) === ((base[i] ?? 0) & mask);
  });
}
