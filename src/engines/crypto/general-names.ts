/** GeneralName (RFC 5280 §4.2.1.6), as far as addresses, name constraints and CRL scopes need it. */
import { children, contextTag, fields, inner, malformed, readText, TAG } from './der.ts';
import { readName } from './names.ts';
import type { DerNode, DistinguishedName } from './types.ts';

export type GeneralName =
  | { readonly kind: 'rfc822' | 'dns' | 'uri'; readonly value: string }
  | { readonly kind: 'directory'; readonly name: DistinguishedName }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'other'; readonly tag: number; readonly raw: Uint8Array };

/** Reads one GeneralName. Throws `DER_MALFORMED`. */
export function readGeneralName(node: DerNode): GeneralName {
  switch (node.tag) {
    case contextTag(1, false):
      return { kind: 'rfc822', value: readText(node, TAG.ia5String) };
    case contextTag(2, false):
      return { kind: 'dns', value: readText(node, TAG.ia5String) };
    case contextTag(6, false):
      return { kind: 'uri', value: readText(node, TAG.ia5String) };
    case contextTag(4):
      return { kind: 'directory', name: readName(inner(node, 'directoryName')) };
    case contextTag(7, false):
      return { kind: 'ip', bytes: node.content };
    default:
      return { kind: 'other', tag: node.tag, raw: node.raw };
  }
}

/** Reads GeneralNames (SEQUENCE, or an implicit tag of it). */
export function readGeneralNames(node: DerNode): GeneralName[] {
  return children(node).map(readGeneralName);
}

/** A DistributionPoint (RFC 5280 §4.2.1.13), its names made absolute; `relative` is the RDN if it was named so. */
export interface DistributionPoint {
  readonly fullName: readonly GeneralName[] | undefined;
  readonly relative: DerNode | undefined;
  /** Bits of ReasonFlags; undefined: all reasons. */
  readonly reasons: DerNode | undefined;
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

/** Reads the DistributionPointName inside its explicit tag. */
export function readDistributionPointName(explicit: DerNode | undefined): {
  fullName: GeneralName[] | undefined;
  relative: DerNode | undefined;
} {
  if (explicit === undefined) return { fullName: undefined, relative: undefined };
  const choice = inner(explicit, 'DistributionPointName');
  if (choice.tag === contextTag(0)) return { fullName: readGeneralNames(choice), relative: undefined };
  if (choice.tag === contextTag(1)) return { fullName: undefined, relative: choice };
  return malformed('DistributionPointName');
}

/** Reads CRLDistributionPoints or FreshestCRL. */
export function readDistributionPoints(node: DerNode): DistributionPoint[] {
  return fields(node, 'CRLDistributionPoints')
    .rest()
    .map((point) => {
      const parts = fields(point, 'DistributionPoint');
      const name = readDistributionPointName(parts.optional(contextTag(0)));
      const reasons = parts.optional(contextTag(1, false));
      const issuer = parts.optional(contextTag(2));
      parts.end('cRLIssuer');
      return { ...name, reasons, crlIssuer: issuer === undefined ? undefined : readGeneralNames(issuer) };
    });
}

/** The http and https addresses among the names; LDAP is passed over. */
export function webAddresses(names: readonly GeneralName[]): string[] {
  return names.flatMap((name) => (name.kind === 'uri' && /^https?:\/\//i.test(name.value) ? [name.value] : []));
}
