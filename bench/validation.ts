/** Whole file to verdict. */
import { survives, type ValidateOptions, validate } from '../src/engines/pades/index.ts';
import { systemClock } from '../src/shared/index.ts';
import { cpuPerRun, median, type Row, type Section } from './figures.ts';
import type { Materials } from './materials.ts';

/** `long`: the three-signature B-LTA file; `many`: the file signed forty times. */
export async function measureValidation(
  { authority }: Materials,
  files: { long: Uint8Array; many: Uint8Array },
): Promise<Section> {
  const options: ValidateOptions = { file: 'bench.pdf', anchors: [authority.root], at: systemClock.now() };
  const verdict = validate(files.long, options);
  if (verdict.verdict !== 'TOTAL-PASSED') throw new Error(`the file is ${verdict.verdict}: ${verdict.reasons}`);
  const long = await rounds(20, () => validate(files.long, options));
  const many = await rounds(3, () => validate(files.many, options));
  const rows: Row[] = [
    {
      name: 'antin, 3 signatures, B-LTA',
      figures: [
        { quantity: 'rate', value: 1000 / long, unit: '1/s', goal: { atLeast: 100 } },
        { quantity: 'CPU', value: long, unit: 'ms' },
      ],
    },
    {
      name: 'antin, 40 signatures, B-B',
      figures: [{ quantity: 'CPU', value: many, unit: 'ms', goal: { atMost: 200 } }],
    },
  ];
  const earlier = files.long.subarray(0, endOfFirstSignature(files.long));
  const again = await rounds(20, () => survives(earlier, files.long, options));
  rows.push({
    name: 'antin, survival check of 3 signatures',
    figures: [{ quantity: 'CPU', value: again, unit: 'ms' }],
  });
  return { title: 'Validation (rate per second of processor time)', rows };
}

/** End of the revision that holds the first signature: the second `%%EOF` and its line end. */
function endOfFirstSignature(pdf: Uint8Array): number {
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.length);
  const first = text.indexOf('%%EOF');
  return text.indexOf('%%EOF', first + 5) + 6;
}

async function rounds(runs: number, work: () => unknown): Promise<number> {
  const costs: number[] = [];
  for (let round = -2; round < 7; round += 1) {
    const cost = await cpuPerRun(runs, work);
    if (round >= 0) costs.push(cost);
  }
  return median(costs);
}
