/** What all documents of a record say together. */
import type { RecordFacts } from '../forms/index.ts';

/** The record's facts: what its documents that count say together, in the order of intake; undefined if none counts. */
export function recordFacts(documents: readonly RecordFacts[]): RecordFacts | undefined {
  return documents.reduce<RecordFacts | undefined>(mergeFacts, undefined);
}

/**
 * The record's facts after another document: what is newly said is added, what was said stays unless `latest` says it anew,
 * causes and diagnoses are united. Contradictions are looked for before (`crossCheckFacts`).
 */
function mergeFacts(known: RecordFacts | undefined, latest: RecordFacts): RecordFacts {
  if (known === undefined) return latest;
  return {
    ...known,
    ...latest,
    patient: { ...known.patient, ...latest.patient },
    diagnoses: [...new Set([...latest.diagnoses, ...known.diagnoses])],
    causes: [...new Set([...known.causes, ...latest.causes])].sort(),
  };
}
