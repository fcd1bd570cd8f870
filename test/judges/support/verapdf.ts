import { createLineServer, java } from './line-server.ts';
import type { Tools } from './tools.ts';
import type { Judges, VeraVerdict } from './verdicts.ts';

type Answer = Pick<VeraVerdict, 'file' | 'error'> & { results?: VeraVerdict['results'] };

/** veraPDF in one warm JVM. The flavour is always named: veraPDF alone judges a file that claims nothing as PDF/A-1b. */
export function createVerapdf(tools: Tools) {
  const server = createLineServer('veraPDF', async () => java((await tools.manifest()).verapdf.classPath, 'VeraJudge'));
  const check: Judges['verapdf'] = async (file, flavours) => {
    const { error, results = [] } = await server.ask<Answer>({ file, flavours: flavours.join(',') });
    const ok = error === null && results.length === flavours.length && results.every((result) => result.compliant);
    return { file, ok, results, error };
  };
  return { check, close: server.close };
}
