/** `npm run bench`: how fast we are, beside others, on this machine and in one run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rowOf, type Section } from './figures.ts';
import { prepareMaterials, threeSignatureFile, variants, writeAnchor, writeKeys } from './materials.ts';
import { measureRendering } from './render.ts';
import { toJson, toText } from './report.ts';
import { type RivalRates, runRivals } from './rivals/index.ts';
import { measureRoad } from './road.ts';
import { measureFortySignatures, measureOwnSigning, OWN_WORK_GATE_MS } from './signing.ts';
import { measureValidation } from './validation.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    documents: { type: 'string', default: '100' },
    only: { type: 'string' },
  },
});

/** `--only render,road`: for whoever works on that part. */
const PARTS = ['signing', 'render', 'validation', 'road', 'rivals'] as const;
type Part = (typeof PARTS)[number];
const chosen = new Set<string>(values.short ? ['signing'] : (values.only?.split(',') ?? PARTS));
const wants = (part: Part): boolean => chosen.has(part);
for (const name of chosen) {
  if (!(PARTS as readonly string[]).includes(name)) throw new Error(`--only takes some of ${PARTS.join(', ')}`);
}

const DIFFERENT_FILES = 60;
/** Other guests of the machine can double a figure for some seconds; work that we added is there each time. */
const GATE_TRIES = 3;

const sections: Section[] = [];
const show = (section: Section): void => {
  sections.push(section);
  console.log(`${toText(section)}\n`);
};

console.log(`node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}\n`);
const materials = await prepareMaterials();
const folder = await mkdtemp(join(tmpdir(), 'antin-bench-'));
try {
  console.log(`The file to be signed has ${materials.paper.length} bytes.\n`);
  if (wants('signing')) await measureSigning();
  if (wants('render')) show(await measureRendering(materials));
  if (wants('validation')) await measureChecking();
  if (wants('road')) show(await measureRoad({ documents: Number(values.documents) }));
  if (wants('rivals')) for (const section of rivalSections(await askRivals())) show(section);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(toJson(sections), null, 2)}\n`);
} finally {
  await materials.close();
  await rm(folder, { recursive: true, force: true });
}

async function measureSigning(): Promise<void> {
  for (let n = 1; n <= GATE_TRIES; n += 1) {
    const { section, gatedOwnWork } = await measureOwnSigning(materials, values.short);
    show(section);
    if (gatedOwnWork <= OWN_WORK_GATE_MS) return;
    console.log(`Own work of ${gatedOwnWork.toFixed(2)} ms is above the gate of ${OWN_WORK_GATE_MS} ms.\n`);
  }
  process.exitCode = 1;
}

async function measureChecking(): Promise<void> {
  const { section, file } = await measureFortySignatures(materials);
  show(section);
  const long: Uint8Array[] = [];
  while (long.length < DIFFERENT_FILES) long.push(await threeSignatureFile(materials));
  // Unsigned papers, more than the engine remembers.
  show(await measureValidation(materials, { long, many: file, fillers: variants(materials.paper, 600) }));
}

async function askRivals(): Promise<RivalRates> {
  const file = join(folder, 'unsigned.pdf');
  await writeFile(file, materials.paper);
  const signed = join(folder, 'signed.pdf');
  await writeFile(signed, await threeSignatureFile(materials));
  const trust = join(folder, 'trust');
  await mkdir(trust);
  await writeAnchor(materials, trust);
  const keys = await writeKeys(materials, folder);
  return runRivals({ file, keys, seconds: Number(values.seconds), validation: { file: signed, trust } });
}

function rivalSections({ raw, signing, validation }: RivalRates): Section[] {
  return [
    { title: 'Signatures without a PDF', rows: raw.map(rowOf) },
    { title: 'Signing B-B, other people’s programs, the same file', rows: signing.map(rowOf) },
    { title: 'Validation, other people’s programs, the same three-signature B-LTA file', rows: validation.map(rowOf) },
  ];
}
