/** PAdES B-B on one file, beside the bare signature under it. The difference is our own work. */
import { rawSigner, type SigningScheme } from '../src/engines/crypto/index.ts';
import { prepare, sign } from '../src/engines/pades/index.ts';
import { cpuPerRun, type Figure, median, type Row, type Section } from './figures.ts';
import { invisibleField, localSigner, type Materials, plainOptions, signedTimes } from './materials.ts';

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
  // A moment later each time: no two signatures are the same, so that nothing can be remembered.
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
  // The compiler works in threads of this process: it must be done before anything is counted.
  await cpuPerRun(15 * runs, () => sign(paper, local, options()));
  for (let round = 0; round < rounds; round += 1) {
    const raw = await cpuPerRun(runs, () => bare(attributes));
    const whole = await cpuPerRun(runs, () => sign(paper, local, options()));
    sides.push({ raw, whole });
  }
  return {
    raw: median(sides.map((side) => side.raw)),
    whole: median(sides.map((side) => side.whole)),
    own: median(sides.map((side) => side.whole - side.raw)),
  };
}

/** The cost of one more signature must not grow with those before it. */
export async function measureFortySignatures(materials: Materials): Promise<{ section: Section; file: Uint8Array }> {
  const file = await signedTimes(materials, 40);
  const one = await signedTimes(materials, 1);
  const signer = localSigner(materials.authority.identity('head'));
  const next = invisibleField('ChuKyThem');
  const costs: { first: number; last: number }[] = [];
  for (let round = -1; round < 9; round += 1) {
    const first = await cpuPerRun(40, () => sign(one, signer, next));
    const last = await cpuPerRun(40, () => sign(file, signer, next));
    if (round >= 0) costs.push({ first, last });
  }
  const figures: Figure[] = [
    { quantity: 'after 1', value: median(costs.map(({ first }) => first)), unit: 'ms' },
    { quantity: 'after 40', value: median(costs.map(({ last }) => last)), unit: 'ms' },
    {
      quantity: 'ratio',
      value: median(costs.map(({ first, last }) => last / first)),
      unit: '×',
      goal: { atMost: 2 },
    },
  ];
  return {
    section: {
      title: 'One more signature (P-256), CPU',
      rows: [{ name: 'antin', figures, note: `the file signed 40 times has ${Math.round(file.length / 1000)} kB` }],
    },
    file,
  };
}
