import { createLineServer, java } from './line-server.ts';
import type { Tools } from './tools.ts';
import type { DssOptions, DssRevision, DssSignature, DssTimestamp, DssVerdict } from './verdicts.ts';

type Answer = Partial<{
  dictionaries: number;
  signatures: Omit<DssSignature, 'ok'>[];
  timestamps: Omit<DssTimestamp, 'ok'>[];
  log: string[];
}> & { error: string | null };

/**
 * DSS says TOTAL_PASSED, even without a warning, of a file that got a new annotation after signing: its verdict counts only
 * together with an empty list of changes that are neither form filling nor validation data.
 */
function isUntouched(revision: DssRevision | null): boolean {
  return (
    revision?.byteRangeValid === true &&
    revision.dictionaryConsistent &&
    !revision.modified &&
    revision.undefinedChanges.length === 0 &&
    revision.annotationChanges.length === 0 &&
    revision.pageCountPages.length === 0 &&
    revision.visualPages.length === 0
  );
}

/** EU DSS in one warm JVM. */
export function createDss(tools: Tools) {
  const server = createLineServer('EU DSS', async () => {
    const { classPath, policy } = (await tools.manifest()).dss;
    return java(classPath, 'DssJudge', policy);
  });
  async function check(file: string, options: DssOptions): Promise<DssVerdict> {
    const answer = await server.ask<Answer>({
      file,
      trust: options.trust,
      extra: options.extra,
      at: options.at,
      offline: String(options.offline ?? false),
      visual: String(options.visual ?? false),
    });
    const signatures = (answer.signatures ?? []).map((signature) => ({
      ...signature,
      ok: signature.indication === 'TOTAL_PASSED' && isUntouched(signature.revision),
    }));
    const timestamps = (answer.timestamps ?? []).map((timestamp) => ({
      ...timestamp,
      ok: timestamp.indication === 'PASSED' && timestamp.imprintIntact,
    }));
    const dictionaries = answer.dictionaries ?? 0;
    const seen = signatures.length + timestamps.filter((timestamp) => timestamp.type === 'DOCUMENT_TIMESTAMP').length;
    const allOk = [...signatures, ...timestamps].every((one) => one.ok);
    const ok = answer.error === null && signatures.length > 0 && allOk && dictionaries === seen;
    return { file, ok, dictionaries, signatures, timestamps, log: answer.log ?? [], error: answer.error };
  }
  return { check, close: server.close };
}
