/** What retention depends on, said about one record. No identity: the facts are stored beside every explanation. */
import { z } from 'zod';
import type { RecordFacts } from '../../forms/index.ts';
import { AppError, type InputMistake } from '../../shared/index.ts';
import { parseOrMistakes } from './mistakes.ts';

/**
 * The kind of a file whose documents say nothing else. Other kinds that the shipped rules list: chronic-outpatient,
 * health-check-certificate, health-care-register, electronic-health-book, ivf-birth, surrogacy, gamete-donation, sex-redetermination.
 * A hospital's own rules may add kinds; an unlisted kind takes its equivalent group.
 */
const USUAL_KIND = 'treatment';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const moment = z.iso.datetime({ offset: true });

const FACTS = z.strictObject({
  kind: z.string().regex(NAME).default(USUAL_KIND),
  admittedAt: moment.optional(),
  dischargedAt: moment.optional(),
  diedAt: moment.optional(),
  /** The file was closed: registers, chronic outpatient files. */
  closedAt: moment.optional(),
  /** The paper was issued: certificates. */
  issuedAt: moment.optional(),
  outcome: z.string().regex(NAME).optional(),
  causes: z.array(z.string().regex(NAME)).default([]),
});

/**
 * Facts about one record (episode). Moments are ISO 8601 with an offset; absent means: not (yet) known.
 * `outcome` and `causes` use the words of `RecordFacts`.
 */
export type RetentionFacts = Readonly<z.output<typeof FACTS>>;

/** Facts that hold a moment. */
export const MOMENT_FACTS = ['admittedAt', 'dischargedAt', 'diedAt', 'closedAt', 'issuedAt'] as const;
export type MomentFact = (typeof MOMENT_FACTS)[number];

/** Checks facts that came from outside (`antin policy explain facts.json`). @throws FACTS_INVALID with all mistakes. */
export function parseRetentionFacts(input: unknown): RetentionFacts {
  const parsed = parseOrMistakes(FACTS, input, 'FACTS_INVALID');
  if ('mistakes' in parsed) throw new AppError('FACTS_INVALID', { mistakes: parsed.mistakes });
  const mistakes = orderMistakes(parsed.value);
  if (mistakes.length > 0) throw new AppError('FACTS_INVALID', { mistakes });
  return parsed.value;
}

/**
 * The part of a record's facts that retention depends on. `more` adds what no form says: the kind of the file, when it was
 * closed, a death after discharge. @throws FACTS_INVALID.
 */
export function retentionFacts(record: RecordFacts, more: Partial<RetentionFacts> = {}): RetentionFacts {
  const { admittedAt, dischargedAt, outcome, causes } = record;
  return parseRetentionFacts({
    ...(admittedAt === undefined ? {} : { admittedAt }),
    ...(dischargedAt === undefined ? {} : { dischargedAt }),
    ...(outcome === undefined ? {} : { outcome }),
    ...more,
    causes: [...new Set([...causes, ...(more.causes ?? [])])],
  });
}

/**
 * What a record is known to be after it learned more: later words win, causes only add up.
 * A fact once known is not forgotten because the next document does not mention it.
 */
export function mergeFacts(known: RetentionFacts | undefined, learned: RetentionFacts): RetentionFacts {
  if (known === undefined) return learned;
  const kind = learned.kind === USUAL_KIND ? known.kind : learned.kind;
  return { ...known, ...learned, kind, causes: [...new Set([...known.causes, ...learned.causes])] };
}

function orderMistakes(facts: RetentionFacts): InputMistake[] {
  const { admittedAt, dischargedAt } = facts;
  if (admittedAt === undefined || dischargedAt === undefined) return [];
  if (Date.parse(dischargedAt) >= Date.parse(admittedAt)) return [];
  return [
    {
      path: '/dischargedAt',
      code: 'FACTS_INVALID',
      vi: 'Thời gian ra viện trước thời gian vào viện',
      en: 'The discharge lies before the admission',
    },
  ];
}
