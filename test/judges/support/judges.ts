import { createDss } from './dss.ts';
import { createOpenssl } from './openssl.ts';
import { createPdfsig } from './pdfsig.ts';
import { createPyhanko } from './pyhanko.ts';
import { createQpdf } from './qpdf.ts';
import { createTools } from './tools.ts';
import { createVerapdf } from './verapdf.ts';
import type { Judges } from './verdicts.ts';

/**
 * The outside judges, each started at its first question and kept until `close()`: a warm judge answers in a tenth of the time.
 *
 * The judges live in `ANTIN_JUDGES_DIR` (default `.judges/` of the checkout) and on the machine's path; `node
 * scripts/judges/install.mjs` brings what is missing. Asking a judge that is not there rejects with that advice: nothing is skipped.
 */
export function createJudges(): Judges {
  const tools = createTools();
  const verapdf = createVerapdf(tools);
  const dss = createDss(tools);
  const pyhanko = createPyhanko(tools);
  const pdfsig = createPdfsig(tools);
  const openssl = createOpenssl(tools);
  const qpdf = createQpdf(tools);
  return {
    verapdf: verapdf.check,
    dss: dss.check,
    pyhanko: pyhanko.check,
    pdfsig: pdfsig.check,
    opensslCms: openssl.checkSignatures,
    opensslTs: openssl.checkTimestamps,
    qpdfCheck: qpdf.check,
    close: async () => {
      await Promise.all([verapdf.close(), dss.close(), pyhanko.close(), pdfsig.close()]);
    },
  };
}
