/** The client's own book of everything it was told, and so may rely on. Times are those of this process. */
export interface Signature {
  readonly field: string;
  /** Of the file as it was right after this signature. */
  readonly sha256: string;
  readonly at: number;
}

export interface Paper {
  /** The record number, which is unique here: what the hospital's system knows before anything is acknowledged. */
  readonly number: string;
  /** From the acknowledgement of the intake on. */
  id?: string;
  renditionSha256?: string;
  receivedAt?: number;
  readonly signatures: Signature[];
  /** When the last person's signature was acknowledged. */
  signedAt?: number;
  /** When a client first read that it is archived. */
  seenArchivedAt?: number;
}

export interface Ledger {
  /** A line for a paper that will be sent. */
  open(number: string): Paper;
  papers(): readonly Paper[];
  /** Deeds that had an answer which no repetition changes, or none at all within the patience. */
  readonly refusals: string[];
}

export function createLedger(): Ledger {
  const papers: Paper[] = [];
  return {
    open: (number) => {
      const paper: Paper = { number, signatures: [] };
      papers.push(paper);
      return paper;
    },
    papers: () => papers,
    refusals: [],
  };
}
