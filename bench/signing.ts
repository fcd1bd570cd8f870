/** PAdES B-B on one file, beside the bare signature under it. The difference is our own work. */
import { rawSigner, type SigningScheme } from '../src/engines/crypto/index.ts';
import { prepare, sign } from '../src/engines/pades/index.ts';
import { cpuPerRun, type Figure, median, type Row, type Section } from './figures.ts';
import { invisibleField, localSigner, type Materials, plainOptions, signedTimes, variants } from './materials.ts';

/** CI fails above this: own work per RSA-2048 or P-256 signature, milliseconds of processor time. */
export const OWN_WORK_GATE_MS = 0.6;
const OWN_WORK_GOAL_MS = 0.2;

interface Algorithm {
  readonly name: string;
  readonly signer: string;
  readonly scheme: SigningScheme;
  /** The goal, where there is one. */
  readonly goals: { readonly ownWork?: number; readonly rate?: number };
  readonly gated: boolean;
}

const ALGORITHMS: readonly Algorithm[] = [
  {
    name: 'RSA-2048 PKCS#1',
    signer: 'practitioner',
    scheme: { scheme: 'rsa-pkcs1', digest: 'SHA-256' },
    goals: { ownWork: OWN_WORK_GOAL_MS },
    gated: true,
  },
  {
    name: 'P-256',
    signer: 'head',
    scheme: { scheme: 'ecdsa', digest: 'SHA-256' },
    goals: { rate: 4000 },
    gated: true,
  },
  {
    name: 'RSA-2048 PSS',
    signer: 'practitioner',
    scheme: { scheme: 'rsa-pss', digest: 'SHA-256' },
    goals: {},
    gated: false,
  },
];

export interface OwnSigning {
  readonly section: Section;
  /** Worst own work among the gated algorithms, milliseconds. */
  readonly gatedOwnWork: number;
}

/** `short`: only the gated algorithms, and fewer rounds. */
export async function measureOwnSigning(materials: Materials, short: boolean): Promise<OwnSigning> {
  const rows: Row[] = [];
  let gatedOwnWork = 0;
  for (const algorithm of ALGORITHMS) {
    if (short && !algorithm.gated) continue;
    const { raw, whole, own } = await measureOne(materials, algorithm, short ? 9 : 15);
    if (algorithm.gated) gatedOwnWork = Math.max(gatedOwnWork, own);
    const { ownWork, rate } = algorithm.goals;
    rows.push({
      name: `antin ${algorithm.name}`,
      figures: [
        { quantity: 'rate', value: 1000 / whole, unit: '1/s', ...(rate !== undefined && { goal: { atLeast: rate } }) },
        { quantity: 'CPU', value: whole, unit: 'ms' },
        { quantity: 'raw CPU', value: raw, unit: 'ms' },
        {
          quantity: 'own work',
          value: own,
          unit: 'ms',
          ...(ownWork !== undefined && { goal: { atMost: ownWork } }),
        },
      ],
    });
  }
  return { section: { title: 'Signing B-B, our engine (rate per second of processor time)', rows }, gatedOwnWork };
}

/**
 * Rounds of bare and whole signatures in turn, so that both meet the same machine; medians of the rounds.
 * Whole: open the PDF, lay the revision out, digest, sign, verify, build the CMS, embed.
 */
async function measureOne({ authority, paper }: Materials, { signer, scheme }: Algorithm, rounds: number) {
  const identity = authority.identity(signer);
  // Another file and a moment later each time: nothing can be remembered.
  let moment = Date.now();
  const options = () => {
    moment += 1000;
    return { ...plainOptions('ChuKy'), claimedTime: new Date(moment) };
  };
  const { certificate, chain } = identity;
  const attributes = Buffer.from(
    prepare(paper, { ...options(), certificate, chain, scheme }).signedAttributes,
    'base64',
  );
  const bare = rawSigner(identity.privateKey, scheme);
  const local = localSigner(identity, scheme);
  const runs = 100;
  const sides: { raw: number; whole: number }[] = [];
  const signAll = async (papers: readonly Uint8Array[]): Promise<void> => {
    for (const one of papers) await sign(one, local, options());
  };
  // The compiler works in threads of this process: it must be done before anything is counted.
  for (let round = 0; round < 15; round += 1) await signAll(variants(paper, runs));
  for (let round = 0; round < rounds; round += 1) {
    const raw = await cpuPerRun(runs, () => bare(attributes));
    const papers = variants(paper, runs);
    const whole = (await cpuPerRun(1, () => signAll(papers))) / runs;
    sides.push({ raw, whole });
  }
  return {
    raw: median(sides.map((side) => side.raw)),
    whole: median(sides.map((side) => side.whole)),
    own: median(sides.map((side) => side.whole - side.raw)),
  };
}

/**
 * The cost of one more signature must not grow with those before it. Counted as a file grows, each signature put to what the one before
 * it left; and for files that come from elsewhere, of which nothing is remembered.
 */
export async function measureFortySignatures(materials: Materials): Promise<{ section: Section; file: Uint8Array }> {
  const { authority, paper } = materials;
  const signer = localSigner(authority.identity('head'));
  const growing: { first: number; last: number }[] = [];
  for (let round = -4; round < 12; round += 1) {
    const [start = paper] = variants(paper, 1);
    let file = await signedTimes(materials, start, 1);
    const costs: number[] = [];
    for (let number = 2; number <= 41; number += 1) {
      const before = file;
      costs.push(
        await cpuPerRun(1, async () => {
          file = (await sign(before, signer, invisibleField(`ChuKy${number}`))).pdf;
        }),
      );
    }
    // A single signature is shorter than the clock is exact.
    if (round >= 0) growing.push({ first: mean(costs.slice(0, 4)), last: mean(costs.slice(-4)) });
  }
  const one = await signedTimes(materials, paper, 1);
  const forty = await signedTimes(materials, paper, 40);
  const next = invisibleField('ChuKyThem');
  const strange: { first: number; last: number }[] = [];
  const signEach = async (files: readonly Uint8Array[]): Promise<number> => {
    const total = await cpuPerRun(1, async () => {
      for (const each of files) await sign(each, signer, next);
    });
    return total / files.length;
  };
  for (let round = -2; round < 7; round += 1) {
    const first = await signEach(variants(one, 40));
    const last = await signEach(variants(forty, 40));
    if (round >= 0) strange.push({ first, last });
  }
  const figures = (costs: readonly { first: number; last: number }[], goal: boolean): Figure[] => [
    { quantity: 'after 1', value: median(costs.map(({ first }) => first)), unit: 'ms' },
    { quantity: 'after 40', value: median(costs.map(({ last }) => last)), unit: 'ms' },
    {
      quantity: 'ratio',
      value: median(costs.map(({ last }) => last)) / median(costs.map(({ first }) => first)),
      unit: '×',
      ...(goal && { goal: { atMost: 2 } }),
    },
  ];
  return {
    section: {
      title: 'One more signature (P-256), CPU',
      rows: [
        {
          name: 'antin, a file that grows',
          figures: figures(growing, true),
          note: `signed 40 times it has ${Math.round(forty.length / 1000)} kB`,
        },
        { name: 'antin, files not seen before', figures: figures(strange, false) },
      ],
    },
    file: forty,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
