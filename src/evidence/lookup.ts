/** The public answer to the code on a printed document: what anybody may know, and nothing of the patient. */
import type { Parties } from '../parties/index.ts';
import type { Document, DocumentState, Records } from '../records/index.ts';

/** What the paper is worth now. */
export type LookupStatus = 'in-preparation' | 'valid' | 'superseded' | 'withdrawn';

export interface LookupAnswer {
  readonly status: LookupStatus;
  readonly title: string;
  readonly number: string;
  readonly facility: string;
  readonly issuedAt: Date;
  /** Digest of the newest bytes, to compare a file with. */
  readonly sha256: string;
  readonly signaturesDone: number;
  readonly signaturesNeeded: number;
}

const STATUS: Readonly<Record<DocumentState, LookupStatus>> = {
  received: 'in-preparation',
  rendered: 'in-preparation',
  'in-signing': 'in-preparation',
  signed: 'in-preparation',
  sealed: 'valid',
  extended: 'valid',
  archived: 'valid',
  returned: 'withdrawn',
  withdrawn: 'withdrawn',
  superseded: 'superseded',
  stopped: 'in-preparation',
};

/** Answers for a typed or scanned code; undefined if no document has it. Never says diagnosis, treatment or name. */
export function createLookup(deps: { records: Records; parties: Parties }) {
  return async (typedCode: string): Promise<LookupAnswer | undefined> => {
    const document = await deps.records.findByLookupCode(typedCode);
    if (document === undefined) return undefined;
    const facility = await deps.parties.findFacility(document.facilityId);
    return answerFor(document, facility.name);
  };
}

export type Lookup = ReturnType<typeof createLookup>;

function answerFor(document: Document, facility: string): LookupAnswer {
  return {
    status: STATUS[document.state],
    title: document.title,
    number: document.number,
    facility,
    issuedAt: document.issuedAt,
    sha256: document.revisions.at(-1)?.sha256 ?? document.renditionSha256,
    signaturesDone: document.slots.filter((slot) => slot.signedAt !== undefined).length,
    signaturesNeeded: document.slots.length,
  };
}
