/** Whole file to verdict. */
import { survives, type ValidateOptions, validate } from '../src/engines/pades/index.ts';
import { systemClock } from '../src/shared/index.ts';
import { cpuPerRun, median, type Row, type Section } from './figures.ts';
import type { Materials } from './materials.ts';

export interface FilesToValidate {
  /** Different three-signature B-LTA files of one hospital. */
  readonly long: readonly Uint8Array[];
  /** The file signed forty times. */
  readonly many: Uint8Array;
  /** Something else that fills the memory of the engine, so that a file is met as if for the first time. */
  readonly fillers: readonly Uint8Array[];
}

export async function measureValidation(
  { authority }: Materials,
  { long, many, fillers }: FilesToValidate,
): Promise<Section> {
  const options: ValidateOptions = { file: 'bench.pdf', anchors: [authority.root], at: systemClock.now() };
  for (const file of long) {
    const { verdict, reasons } = validate(file, options);
    if (verdict !== 'TOTAL-PASSED') throw new Error(`the file is ${verdict}: ${reasons}`);
  }
  const forget = (): void => {
    for (const file of fillers) validate(file, options);
  };
  const whole = await rounds(long, (file) => validate(file, options), forget);
  const [first] = long;
  const again = await rounds(Array(20).fill(first), (file) => validate(file, options));
  const forty = await rounds([many, many, many], (file) => validate(file, options));
  const survival = await rounds(
    long,
    (file) => survives(file.subarray(0, endOfFirstSignature(file)), file, options),
    forget,
  );
  const rows: Row[] = [
    {
      name: 'antin, 3 signatures, B-LTA',
      figures: [
        { quantity: 'CPU', value: whole, unit: 'ms' },
        { quantity: 'rate', value: 1000 / whole, unit: '1/s', goal: { atLeast: 100 } },
      ],
      note: `${long.length} different files, none seen before`,
    },
    { name: 'antin, the same file again', figures: [{ quantity: 'CPU', value: again, unit: 'ms' }] },
    {
      name: 'antin, 40 signatures, B-B',
      figures: [{ quantity: 'CPU', value: forty, unit: 'ms', goal: { atMost: 200 } }],
      note: 'the same file again',
    },
    {
      name: 'antin, survival check of 3 signatures',
      figures: [{ quantity: 'CPU', value: survival, unit: 'ms' }],
      note: 'old and new version not seen before',
    },
  ];
  return { title: 'Validation (rate per second of processor time)', rows };
}

/** End of the revision that holds the first signature: the second `%%EOF` and its line end. */
function endOfFirstSignature(pdf: Uint8Array): number {
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.length);
  const first = text.indexOf('%%EOF');
  return text.indexOf('%%EOF', first + 5) + 6;
}

/** Processor time a file, the median of some rounds through all. */
async function rounds(
  files: readonly Uint8Array[],
  work: (file: Uint8Array) => unknown,
  prepare: () => void = () => undefined,
): Promise<number> {
  const costs: number[] = [];
  for (let round = -2; round < 5; round += 1) {
    prepare();
    const cost = await cpuPerRun(1, () => {
      for (const file of files) work(file);
    });
    if (round >= 0) costs.push(cost / files.length); // the first two warm up
  }
  return median(costs);
}
