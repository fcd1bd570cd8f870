/** A retention rule as one YAML file holds it. Immutable once used: its hash is stored with what it decided. */
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { type BilingualText, sha256Hex } from '../../shared/index.ts';
import { CONDITION } from './condition.ts';
import { MOMENT_FACTS } from './facts.ts';

const slug = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
const text = z.strictObject({ vi: z.string().min(1), en: z.string().min(1) });

export const RULE = z.strictObject({
  id: slug,
  /** Counts up with every change of a rule that has been used. */
  version: z.int().min(1),
  /** What records under it are called: `ordinary`, `death` … */
  class: slug,
  title: text,
  legalBasis: z.strictObject({
    document: text,
    /** `59` or `59(3)`: article and clause. */
    article: z
      .string()
      .regex(/^\d+(\(\d+\))?$/)
      .optional(),
    /** Row of the table of periods. */
    row: z.int().min(1).optional(),
  }),
  /** `source-read`: we read the instrument itself; `secondary`: what others say it says. */
  confidence: z.enum(['source-read', 'secondary']),
  /** Vietnamese calendar days, both inclusive, compared with the day on which the work of the record ended. */
  inForce: z.strictObject({ from: z.iso.date().optional(), to: z.iso.date().optional() }),
  appliesWhen: CONDITION,
  /** What the law does not list and this rule takes in as the equivalent group (Circular 33/2025/TT-BYT Art 1(2)). */
  equivalentFor: z
    .strictObject({
      causes: z.array(slug).default([]),
      /** Kinds of record that no rule names. */
      unlistedKinds: z.boolean().default(false),
      note: text,
    })
    .optional(),
  /** The work ends with the latest of these facts; none known: it has not ended. */
  endsOn: z.array(z.enum(MOMENT_FACTS)).min(1),
  period: z.union([z.literal('permanent'), z.strictObject({ years: z.int().min(1).max(100) })]),
  /** Counted from the year in which the work ended (Law 33/2024/QH15 Art 15(3)). */
  rounding: z.literal('year-end'),
  /** `review`: goes before the review council; nothing is destroyed by itself. */
  atExpiry: z.literal('review'),
  /** Days of the short lock that protects an object until its exact date is known. */
  floorDays: z.int().min(1).max(366).default(14),
});

export type RetentionPolicy = Readonly<z.output<typeof RULE>> & {
  /** SHA-256 over the canonical JSON (RFC 8785) of the rule: comments and layout of the file do not count. */
  readonly hash: string;
};

/** JSON Schema of a rule file, as `storage-policies/policy.schema.json` holds it for editors. */
export function policyJsonSchema(): unknown {
  return {
    title: 'Quy tắc lưu trữ / retention policy',
    ...z.toJSONSchema(RULE, { io: 'input' }),
  };
}

export function withHash(rule: z.output<typeof RULE>): RetentionPolicy {
  return { ...rule, hash: sha256Hex(canonicalJson(rule)) };
}

/** RFC 8785. */
export function canonicalJson(value: object): string {
  const json = canonicalize(value);
  if (json === undefined) throw new TypeError('not JSON');
  return json;
}

/** `Thông tư 33/2025/TT-BYT, khoản 2 Điều 1` · `Circular 33/2025/TT-BYT, row 44`. */
export function legalBasisText({ legalBasis }: RetentionPolicy): BilingualText {
  const { document, article, row } = legalBasis;
  const [, number, clause] = /^(\d+)(?:\((\d+)\))?$/.exec(article ?? '') ?? [];
  const vi = [document.vi];
  const en = [document.en];
  if (number !== undefined) {
    vi.push(clause === undefined ? `Điều ${number}` : `khoản ${clause} Điều ${number}`);
    en.push(`Art ${article}`);
  }
  if (row !== undefined) {
    vi.push(`mục ${row}`);
    en.push(`row ${row}`);
  }
  return { vi: vi.join(', '), en: en.join(', ') };
}
