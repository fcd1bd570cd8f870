/**
 * Makes `samples/presigned-referral.pdf` and its root certificate anew: a letter of a fictional clinic, set by Typst and signed by
 * pyHanko, for showing that a document which arrives signed keeps its own signature. Needs the outside judges (install.mjs).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const judges = resolve(root, process.env.ANTIN_JUDGES_DIR ?? '.judges');
const { python, scripts } = JSON.parse(readFileSync(join(judges, 'judges.json'), 'utf8')).pyhanko;
const samples = join(root, 'samples');

function typeset() {
  const fontFolder = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/tinos/package.json'));
  const fontBlobs = readdirSync(fontFolder, { recursive: true })
    .filter((name) => name.endsWith('.ttf'))
    .map((name) => readFileSync(join(fontFolder, name)));
  const compiler = NodeCompiler.create({ workspace: here, fontArgs: [{ fontBlobs }] });
  const today = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Ho_Chi_Minh', dateStyle: 'short' }).format(
    new Date(),
  );
  const [day, month, year] = today.split('/');
  const compiled = compiler.compile({
    mainFilePath: join(here, 'presigned-referral.typ'),
    inputs: { day, month, year },
  });
  for (const problem of [compiled.takeWarnings(), compiled.takeError()]) {
    if (problem) throw new Error(JSON.stringify(compiler.fetchDiagnostics(problem)));
  }
  // An update that begins right after `%%EOF`, without a line end, is not PDF/A any more.
  return Buffer.concat([compiler.pdf(compiled.result, { pdfStandard: 'a-2a' }), Buffer.from('\n')]);
}

const folder = mkdtempSync(join(tmpdir(), 'antin-sample-'));
try {
  const unsigned = join(folder, 'unsigned.pdf');
  writeFileSync(unsigned, typeset());
  const signed = join(samples, 'presigned-referral.pdf');
  execFileSync(python, [
    join(scripts, 'sign_presigned_sample.py'),
    unsigned,
    signed,
    signed.replace(/\.pdf$/, '.root.pem'),
  ]);
  console.log(`${signed}: ${readFileSync(signed).length} bytes`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
